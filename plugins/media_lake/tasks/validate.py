"""The task that validates a day."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

from include.core.features import MediaType
from include.core.metrics import Metric, count_each
from media_lake.airflow_metrics import task_metrics


@task(multiple_outputs=False, trigger_rule="none_failed")
def validate(media_type: MediaType, planned: dict[str, Any]) -> dict[str, Any]:
    """Audit what the run wrote; the results are published whatever they say.

    A day without assets has no batch to normalize, and is validated and published nevertheless.
    """
    from include.core.schemas import TABLES
    from include.publish.publisher import publish
    from include.store.tables import write_table
    from include.validate.audit import validate
    from media_lake.task_context import task_workspace

    lake = task_workspace()
    rows, failed = validate(lake, media_type, planned["assets"], planned["analyses"])
    uri = f"{lake.run.staged_uri('validation_results', media_type)}results.parquet"
    write_table(lake.s3, TABLES["validation_results"], rows, uri)
    publish(lake, ["validation_results"], media_type)
    passed = sum(row["success"] for row in rows)
    counts = {"passed": passed, "failed": len(rows) - passed}
    count_each(task_metrics(media_type), Metric.CHECKS, "result", counts)
    return {"checks": len(rows), "failed": bool(failed), "failed_text": failed}
