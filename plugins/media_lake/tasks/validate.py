"""The task that validates a day."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from airflow.sdk import task

from include.core.features import MediaType
from include.core.metrics import Metric, count_each
from media_lake.airflow_metrics import task_metrics
from media_lake.lineage.facts import tell

log = logging.getLogger(__name__)


@task(multiple_outputs=False, trigger_rule="none_failed")
def validate(media_type: MediaType, planned: dict[str, Any]) -> dict[str, Any]:
    """Merge the files of batches, audit them, and leave what was audited for ``publish``.

    Results are published at once.
    A day without assets has no batch to normalize, and is validated and published nevertheless.
    """
    from include.normalize import normalize
    from include.publish.check_results import publish_results
    from include.store.audited_tables import write_audit
    from include.store.compaction import compact
    from include.store.staged_frames import read_parts
    from include.validate.audit import validate
    from include.validate.review_text import ASSET_COLUMNS, found_in_words, review_text, rules_of
    from media_lake.task_context import task_workspace

    lake = task_workspace()
    compact(lake.s3, lake.run, media_type)
    planned_at = datetime.fromisoformat(planned["planned_at"])
    audit = validate(lake, media_type, planned["assets"], planned["analyses"], planned_at, normalize)
    publish_results(lake, media_type, audit.results, audit.failures, audit.tables.audited_at)
    write_audit(lake.s3, lake.run, media_type, audit.tables)
    tell({name: table.rows for name, table in audit.tables.tables.items()}, audit.results)
    broken = audit.broken("fail")
    files = [item.uri for item in audit.tables.tables["media_assets"].objects]
    assets = read_parts(lake.s3, "media_assets", files, ASSET_COLUMNS)
    failed, warned = len(broken), len(audit.broken("warn"))
    if warned:
        log.warning(
            "what does not hold the day back:\n%s", found_in_words(audit.broken("warn"), audit.failures)
        )
    counts = {"passed": len(audit.results) - failed - warned, "failed": failed, "warned": warned}
    count_each(task_metrics(media_type), Metric.CHECKS, "result", counts)
    return {
        "checks": len(audit.results),
        "failed": failed > 0,
        "failed_rules": rules_of(broken),
        "failed_text": review_text(broken, audit.failures, assets, media_type),
        "warned": warned,
    }
