"""Real tasks of the lake: in one Dag they succeed, in the other one fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, BaseOperator, Context, task, task_group

from include.core.metrics import Metric
from media_lake.airflow_metrics import task_metrics
from media_lake.batches import BATCH_LABEL
from media_lake.tasks.analyze import collect_responses
from media_lake.tasks.defaults import DEFAULT_ARGS
from media_lake.tasks.discover import discover
from media_lake.tasks.normalize import normalize_batch
from media_lake.tasks.publish import publish

BATCHES = [{"uri": f"s3://l/plans/batch-000{n}.ndjson.gz", "rows": n + 1, "bytes": 9} for n in range(2)]
START = datetime(2026, 1, 1, tzinfo=UTC)


class Wait(BaseOperator):
    """As sensors of the lake, has its batch as an attribute."""

    template_fields = ("batch",)

    def __init__(self, *, batch: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch

    def execute(self, context: Context) -> None:
        pass


@task
def measure() -> None:
    metrics = task_metrics("video")
    metrics.timing(Metric.CALL_DURATION, 0.25, feature="labels")
    metrics.gauge(Metric.QUEUE_AGE, 12.5)
    metrics.count(Metric.THROTTLES)


@task_group
def analyze(batch: dict[str, Any]) -> None:
    collect_responses(batch) >> Wait(task_id="wait", batch=batch, map_index_template=BATCH_LABEL)


with DAG("good", schedule=None, start_date=START):
    discover()
    measure()
    analyze.expand(batch=BATCHES)
    normalize_batch.partial(media_type="image").expand(batch=BATCHES)

with DAG("bad", schedule=None, start_date=START, default_args=DEFAULT_ARGS):
    publish("image")
