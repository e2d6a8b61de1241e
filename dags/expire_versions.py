"""
# Expire versions

**What it does.** Once a night, Airflow deletes versions of published tables that readers no longer have, and
files that runs staged. The newest three versions of a day stay for 30 days after they were replaced; settings
`MEDIA_LAKE_KEPT_VERSIONS` and `MEDIA_LAKE_KEPT_DAYS` change that. What readers have, the archive, manifests
and reports are never touched.

**Reads and writes.** Reads table `publications` and the Glue partitions; deletes below `curated/` and
`staging/`. It incurs no charges of Rekognition.

**When it fails.** The role lacks the permission to list or delete; nothing of what readers have is lost.

**Re-running.** Safe at any time. A version that has expired cannot be gone back to: Dag `reprocess_days`
makes the tables of a day anew from the archive, and pays nothing.
"""

from __future__ import annotations

from media_lake.lake_dag import lake_dag
from media_lake.tasks.expire import expire


@lake_dag(
    "publish",
    schedule="30 3 * * *",
    max_active_runs=1,
)
def expire_versions() -> None:
    expire()
