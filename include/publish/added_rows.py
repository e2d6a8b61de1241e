"""Rows that are added to tables that only grow are published at once."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.glue_catalog import Catalog
from include.store.appended_rows import append_rows
from include.store.objects import Row
from include.store.workspace import Deployment


def publish_added(
    deployment: Deployment, table: str, values: Sequence[str], rows: Sequence[Row], name: str
) -> None:
    """Add rows to a partition, as one file, and make the partition if there is none.

    :param values: of the table's partition keys.
    :param name: of the file, without its ending: rows that are added again under it count once.
    :raises include.publish.glue_catalog.NoTableError: if the table was never created.
    :raises include.publish.glue_catalog.TableMismatchError: if the table has other columns.
    """
    settings = deployment.settings
    catalog = Catalog(deployment.aws.client("glue"), settings.database)
    descriptor = catalog.descriptor(table)
    location = append_rows(deployment.s3, settings.bucket, table, values, rows, name)
    if catalog.location(table, values) != location:
        catalog.point(table, values, location, descriptor, {})
