"""
# Redrive failed

**What it does.** Asks for failed analyses again. Shows how many the form selects, why they failed and what
they are likely to cost. With *Dry run* off it then starts a run of `enrich_images` and one of
`enrich_videos` for each of their days. Those runs pay for the selected analyses only, whatever else the
days lack.

**Reads and writes.** Reads view `failed_analyses` and the price book; announces the Airflow assets
`image_redrives` and `video_redrives` for the days, with the selection. This Dag itself cannot incur
charges.

**When it fails.** The message names a day or a feature that does not exist. A day without failures gets no
run. An analysis that never took place (`NotAnalyzed`) did not fail at Rekognition: any run of its day asks
for it.

**Re-running.** Safe at any time. Analyses that succeeded meanwhile are reused. A failed video job is
started under a new token, up to three times a run.
"""

from __future__ import annotations

from media_lake.assets import image_redrives, video_redrives
from media_lake.forms.redrive_form import REDRIVE_PARAMS
from media_lake.lake_dag import lake_dag
from media_lake.tasks.redrive import select_failures, start_redrive


@lake_dag(
    "plan",
    schedule=None,
    params=REDRIVE_PARAMS,
)
def redrive_failed() -> None:
    days = select_failures()["days"]
    start_redrive.override(task_id="redrive_images", outlets=[image_redrives])("image", days)
    start_redrive.override(task_id="redrive_videos", outlets=[video_redrives])("video", days)
