"""
# Report costs

**What it does.** Whenever the images or the videos of a day are published, prices what was used and what was reused that
day, publishes `usage` and `costs_daily`, and draws the cost page of the whole lake. A run prices all days
that wait, up to 100, and draws the page once. The runs of the other days then have nothing left to do.

**Reads and writes.** Reads `usage_log/` and the price book of the region; writes the days' partitions of `usage`
and `costs_daily`, `reports/costs.html` and asset `cost_report`; removes the marks of these days under
`reports/waiting/`. The page opens without a network; the task links to it (tab Details, Cost page).

**When it fails.** A price that is not in the price book is an error that names it: add it to `include/core/price_books/`.
It fails the run of its day only; other days are reported.

**Re-running.** Safe at any time, also by clearing the task: the usage log is only ever added to, and the day is
priced anew.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import PartitionedAssetTimetable, dag

from media_lake.assets import cost_report, image_findings, video_findings
from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.tasks.defaults import DEFAULT_ARGS
from media_lake.tasks.report import ReportCostsOperator


@dag(
    schedule=PartitionedAssetTimetable(assets=image_findings | video_findings),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    # One run at a time: tiers are applied in order, and the page shows every day published so far.
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    deadline=deadline("report_costs"),
    on_failure_callback=report_failed_run,
    doc_md=__doc__,
    tags=["media-lake", "report"],
)
def report_costs() -> None:
    ReportCostsOperator(task_id="report", outlets=[cost_report])


report_costs()
