"""Results of validation are published at once, whatever they say, and those of every run stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from include.core.features import MediaType
from include.publish.added_rows import publish_added
from include.store.objects import Row
from include.store.workspace import Workspace

RESULTS, FAILURES = "validation_results", "validation_failures"

# In place of the media type: cost tables are about images and videos.
COSTS = "costs"


def publish_results(
    workspace: Workspace,
    media_type: MediaType | None,
    results: Sequence[Row],
    failures: Sequence[Row],
    checked_at: datetime,
) -> None:
    """Add what a run's audit found to that of the day; what an earlier audit of the run found goes.

    :param media_type: None for costs, whose results have partitions of their own.
    :param results: rows of ``validation_results`` but for ``checked_at``; ``failures`` likewise.
    :raises include.publish.glue_catalog.NoTableError: if one of the tables was never created.
    """
    run = workspace.run
    values = [run.partition, media_type or COSTS]
    for table, rows in ((RESULTS, results), (FAILURES, failures)):
        stamped = [{**row, "checked_at": checked_at} for row in rows]
        publish_added(workspace, table, values, stamped, run.token)
