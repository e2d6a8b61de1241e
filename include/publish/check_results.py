"""Results of validation are published at once, whatever they say, and those of every run stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from include.core.features import MediaType
from include.publish.glue_catalog import Catalog
from include.store.appended_rows import append_rows
from include.store.objects import Row
from include.store.workspace import Workspace

RESULTS, FAILURES = "validation_results", "validation_failures"


def publish_results(
    workspace: Workspace,
    media_type: MediaType,
    results: Sequence[Row],
    failures: Sequence[Row],
    checked_at: datetime,
) -> None:
    """Add what a run's audit found to that of the day; what an earlier audit of the run found goes.

    :param results: rows of ``validation_results`` but for ``checked_at``; ``failures`` likewise.
    :raises include.publish.glue_catalog.NoTableError: if one of the tables was never created.
    """
    run, settings = workspace.run, workspace.settings
    catalog = Catalog(workspace.aws.client("glue"), settings.database)
    values = [run.partition, media_type]
    for table, rows in ((RESULTS, results), (FAILURES, failures)):
        descriptor = catalog.descriptor(table)
        stamped = [{**row, "checked_at": checked_at} for row in rows]
        location = append_rows(workspace.s3, settings.bucket, table, values, stamped, run.token)
        if catalog.location(table, values) != location:
            catalog.point(table, values, location, descriptor, {})
