"""
# Re-drive failed

**What it does.** Asks for failed analyses again. Shows how many the form selects, why they failed and what they are
likely to cost; with *Dry run* off it then starts a run of `enrich_images` and one of `enrich_videos` for each of their
days. These pay for the selected analyses and for nothing else, whatever else the days are missing.

**Reads and writes.** Reads view `failed_analyses` and the price book; announces assets `image_redrives` and
`video_redrives` for the days, with the selection. Pays for nothing itself.

**When it fails.** A day or a feature that does not exist is named. Days that nothing failed in get no run. What never took
place at all (`NotAnalyzed`) is no failure of Rekognition's: any run of the day asks for it.

**Re-running.** Safe at any time. What succeeded meanwhile is reused. A video job that failed is started under a new token, up
to three times a run.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag

from media_lake.assets import image_redrives, video_redrives
from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.forms.redrive_form import REDRIVE_PARAMS
from media_lake.tasks.defaults import DEFAULT_ARGS
from media_lake.tasks.redrive import select_failures, start_redrive


@dag(
    schedule=None,
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_tasks=16,
    default_args=DEFAULT_ARGS,
    deadline=deadline("redrive_failed"),
    on_failure_callback=report_failed_run,
    params=REDRIVE_PARAMS,
    doc_md=__doc__,
    tags=["media-lake", "plan"],
)
def redrive_failed() -> None:
    days = select_failures()["days"]
    start_redrive.override(task_id="redrive_images", outlets=[image_redrives])("image", days)
    start_redrive.override(task_id="redrive_videos", outlets=[video_redrives])("video", days)


redrive_failed()
