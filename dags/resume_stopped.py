"""
# Resume stopped

**What it does.** Lets analyses go on that a hard budget stopped, once there is money: in the next month, or
after the budget was raised in `lake.yaml`. Looks every night for days with such analyses whose cost center
has at least 1% of its budget left, and starts a run of `enrich_images` or `enrich_videos` for each of them.
Trigger it by hand after raising a budget to go on at once.

**Reads and writes.** Reads the published `analyses` and `media_assets`, `lake.yaml` and the ledger's record
of the budgets; announces the Airflow assets `image_redrives` and `video_redrives` for the days. This Dag
itself cannot incur charges. The runs that it starts may pay for whatever their day lacks, and ask a person
above the source's limit.

**When it fails.** `lake.yaml` is wrong, or the role lacks a permission; the message says which.

**Re-running.** Safe at any time. Nothing that was paid for is paid for again.
"""

from __future__ import annotations

from media_lake.assets import image_redrives, video_redrives
from media_lake.lake_dag import lake_dag
from media_lake.tasks.resume import find_stopped, resume


@lake_dag(
    "plan",
    schedule="30 0 * * *",
    max_active_runs=1,
)
def resume_stopped() -> None:
    days = find_stopped()
    resume.override(task_id="resume_images", outlets=[image_redrives])("image", days)
    resume.override(task_id="resume_videos", outlets=[video_redrives])("video", days)
