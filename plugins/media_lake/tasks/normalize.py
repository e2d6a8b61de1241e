"""The task that normalizes a batch."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

from include.core.features import MediaType
from include.core.metrics import Metric, count_each
from media_lake.airflow_metrics import task_metrics
from media_lake.batches import BATCH_LABEL, batch_name
from media_lake.lineage.facts import tell


@task(map_index_template=BATCH_LABEL, multiple_outputs=False)
def normalize_batch(batch: dict[str, Any], media_type: MediaType) -> dict[str, int]:
    """Turn a batch's archived responses into typed rows."""
    from include.normalize.batch import normalize_batch
    from include.store.plan_batches import read_plan
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    plan = read_plan(workspace.s3, batch["uri"])
    rows = normalize_batch(workspace, media_type, batch_name(batch), plan)
    count_each(task_metrics(media_type), Metric.ROWS, "table", rows)
    tell(rows)
    return rows
