"""
# Enrich images

**What it does.** Takes the day's manifest and finds out which analyses are not paid for yet. Asks a person
how much may be paid if what the source's runs plan today may pass its limit; one run asks for all that wait.
Calls Amazon Rekognition for each image and feature, turns the archived responses into typed rows, audits
them, and publishes the day's partitions. Starts the Custom Labels models that the plan needs before
`analyze`; `stop_models` stops them, whatever becomes of the tasks in between. A model that several days need
runs until the last of them ends. `stop_models` is skipped if the plan has no model, `analyze` and `normalize`
on a day without images.

**Reads and writes.** Reads asset `media_manifest`, the ledger and the archived responses; writes
`responses/`, `usage_log/`, the finding tables with `media_type=image`, `media_assets`, `analyses`,
`validation_results`, `publish_decisions` and asset `image_findings`.

**When it fails.** `analyze`: access denied fails at once; throttling and outages are retried. A single bad
image never fails the run: table `analyses` has a row with its error. Bad data never fails `validate`;
`review` then asks a person whether to publish. `approve` and `review` wait up to seven days for an answer
(Required Actions in the UI), then fail; clear them to ask again.

**Re-running.** Safe at any time, also by clearing tasks. Analyses in the ledger are reused; the tables are
rebuilt from the archived responses.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import PartitionedAssetTimetable, task_group

from media_lake.assets import image_findings, image_redrives, media_manifest
from media_lake.lake_dag import lake_dag
from media_lake.operators.approval import approve_plan, review_checks
from media_lake.sensors.model_sensors import StartModelsSensor, StopModelsSensor
from media_lake.tasks.analyze import analyze_image_batch, reserve_models
from media_lake.tasks.normalize import normalize_batch
from media_lake.tasks.plan import plan
from media_lake.tasks.publish import publish
from media_lake.tasks.validate import validate


@lake_dag(
    "plan",
    "analyze",
    "normalize",
    "validate",
    "publish",
    schedule=PartitionedAssetTimetable(assets=media_manifest | image_redrives),
)
def enrich_images() -> None:
    planned = plan("image")
    approve = approve_plan("image")
    reserve = reserve_models(planned["summary"])
    start = StartModelsSensor(task_id="start_models", models=reserve)
    stop = StopModelsSensor(task_id="stop_models", models=reserve)

    @task_group(prefix_group_id=False)
    def enrich(batch: dict[str, Any]) -> None:
        analyzed = analyze_image_batch.override(task_id="analyze")(batch)
        analyzed >> normalize_batch.override(task_id="normalize")(batch, "image")
        analyzed >> stop.as_teardown(setups=[reserve, start], on_failure_fail_dagrun=True)

    enriched = enrich.expand(batch=planned)
    validated = validate("image", planned["summary"])
    review = review_checks("image")
    planned >> approve >> reserve.as_setup() >> start.as_setup() >> enriched >> validated >> review
    approve >> validated
    review >> publish.override(outlets=[image_findings])("image")
