"""Rows for tables that only grow, which readers have at once."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.glue_catalog import Catalog
from include.store.appended_rows import append_rows
from include.store.objects import Row
from include.store.workspace import Workspace


def add_rows(workspace: Workspace, table: str, values: Sequence[str], rows: Sequence[Row], name: str) -> None:
    """Add rows to a partition, as one file, and show the partition to readers if it is new.

    :param values: of the table's partition keys.
    :param name: of the file: rows that are added again under it count once.
    :raises include.publish.glue_catalog.NoTableError: if the table was never created.
    """
    settings = workspace.settings
    catalog = Catalog(workspace.aws.client("glue"), settings.database)
    descriptor = catalog.descriptor(table)
    location = append_rows(workspace.s3, settings.bucket, table, values, rows, name)
    if catalog.location(table, values) != location:
        catalog.point(table, values, location, descriptor, {})
