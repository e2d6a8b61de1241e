"""
# Reconcile costs

**What it does.** Once a day, Airflow compares the lake's usage with AWS's bill of the last 35 days and their
months, by usage type and day, in units and dollars. Every difference above a tolerance gets its cause:
repeated calls, other users, rounding, late usage, price, free tier, credits or missing usage. What has none
is reported in an alert, once. It also reports, once each, days that cost much more than usual, and a price
book that is older than 90 days.

**Reads and writes.** Reads the bill where `MEDIA_LAKE_BILL_SOURCE` says, `usage`, `analyses` and view
`cost_anomalies`; replaces the days of tables `bill_daily` and `reconciliation`; notes alerts under
`reports/alerts/`. Without a source of the bill, `reconcile` is skipped. Cost Explorer charges $0.01 a
request.

**When it fails.** The role lacks `ce:GetCostAndUsage`, or may not read the export; the message says which.

**Re-running.** Safe at any time: days are compared anew, and alerts that were sent are not sent again.
"""

from __future__ import annotations

from media_lake.lake_dag import lake_dag
from media_lake.tasks.reconcile import reconcile, watch_costs


@lake_dag(
    "report",
    schedule="30 6 * * *",
    max_active_runs=1,
)
def reconcile_costs() -> None:
    reconcile()
    watch_costs()
