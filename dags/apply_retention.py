"""
# Apply retention

**What it does.** Once a night, Airflow lets go rows that are older than `retention` in `lake.yaml` keeps
them, by table and source, in all versions of the tables. Archived responses go with them once all tables that
they fill are past their time, so that nothing brings the rows back. It also finishes erasures that were
killed.

**Reads and writes.** Reads manifests, tables and `lake.yaml`; rewrites files below `curated/`, `staging/` and
`responses/`; adds a row for each day to table `erasures`. It incurs no charges of Rekognition. The ledger
goes on saying what is paid for, so nothing is paid for again.

**When it fails.** The role lacks a permission, or `lake.yaml` is wrong; the message says which.

**Re-running.** Safe at any time. What is gone cannot be brought back.
"""

from __future__ import annotations

from media_lake.lake_dag import lake_dag
from media_lake.tasks.erasures import retain


@lake_dag(
    "publish",
    schedule="0 4 * * *",
    max_active_runs=1,
)
def apply_retention() -> None:
    retain()
