"""Results of validation are published at once, whatever they say, and those of every run stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from include.core.features import MediaType
from include.publish.glue_catalog import Catalog
from include.store.appended_rows import append_rows
from include.store.objects import Row
from include.store.workspace import Workspace

RESULTS = "validation_results"


def publish_results(
    workspace: Workspace, media_type: MediaType, rows: Sequence[Row], checked_at: datetime
) -> None:
    """Add the results of a run's audit to those of the day; those of an earlier audit of the run go.

    :raises include.publish.glue_catalog.NoTableError: if table ``validation_results`` was never created.
    """
    run, settings = workspace.run, workspace.settings
    catalog = Catalog(workspace.aws.client("glue"), settings.database)
    values = [run.partition, media_type]
    descriptor = catalog.descriptor(RESULTS)
    stamped = [{**row, "checked_at": checked_at} for row in rows]
    location = append_rows(workspace.s3, settings.bucket, RESULTS, values, stamped, run.token)
    if catalog.location(RESULTS, values) != location:
        catalog.point(RESULTS, values, location, descriptor, {})
