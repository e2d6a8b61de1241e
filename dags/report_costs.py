"""
# Report costs

**What it does.** Runs whenever the images or the videos of a day are published. Prices what was used and what
was reused that day, checks it, publishes `usage` and `costs_daily`, and draws the cost page of the whole
lake. AWS counts tiers by calendar month, so all days of the lake that have usage of a month are priced
together: a day whose prices change by another is published again in the same run. One run reports all days
that wait, up to 100, and draws the page once. The runs of the other days then have nothing left to do.

**Reads and writes.** Reads `usage_log/`, the price books of the region, the published `analyses`, and
`reports/volumes/` with what each month has had; writes that, the days' partitions of `usage`, `costs_daily`,
`validation_results` and `validation_failures`, `reports/costs.html` and asset `cost_report`; removes the
marks of these days under `reports/waiting/`. Task `report` has a button *Cost page*, and the menu *Browse*
has *Costs*: Airflow serves the page to people who may read this Dag. The page also opens without a network.
With `MEDIA_LAKE_QUICKSIGHT_REFRESH`, which Dag files read when they are parsed, there is a
task `refresh` too, which loads QuickSight's data sets again (docs/QUICKSIGHT.md).

**When it fails.** The message names a price, a date or a region that the price books lack, and the command
that writes a book (`make prices REGION=...`). Or it names rules that the costs break: they are held back, and
readers keep what they have. Only the run of that day fails; other days are reported. A `refresh` that fails
shows QuickSight's reason; the lake's tables are published then.

**Re-running.** Safe at any time, also by clearing the task. Runs only ever add to the usage log, and each
report prices the whole day anew.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable

from media_lake.assets import cost_report, image_findings, video_findings
from media_lake.lake_dag import lake_dag
from media_lake.tasks.refresh import refresh_quicksight
from media_lake.tasks.report import ReportCostsOperator


@lake_dag(
    "report",
    schedule=PartitionedAssetTimetable(assets=image_findings | video_findings),
    # One run at a time: reports that meet price days twice, and the page shows every day published so far.
    max_active_runs=1,
)
def report_costs() -> None:
    report = ReportCostsOperator(task_id="report", outlets=[cost_report])
    refresh_quicksight(report.output)
