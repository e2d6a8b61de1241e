"""The tasks that load QuickSight's data sets again."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task

from include.core.dag_switches import refreshes_quicksight
from media_lake.operators.data_set_refresh import RefreshDataSetOperator

log = logging.getLogger(__name__)

# Ids of the data sets that infrastructure/quicksight defines begin so.
PREFIX = "media-lake-"


def refresh_quicksight(report: Any) -> None:
    """Wire the tasks behind a report, if the refresh is switched on.

    :param report: reference to what task ``report`` returns.
    """
    if refreshes_quicksight():
        refresh = RefreshDataSetOperator.partial(
            task_id="refresh", map_index_template="{{ task.data_set_id }}"
        )
        refresh.expand(data_set_id=find_data_sets(report))


@task
def find_data_sets(report: dict[str, Any]) -> list[str]:
    """List the lake's data sets in QuickSight. If no day was reported, there is nothing to load again.

    :param report: what task ``report`` returned.
    """
    from media_lake.task_context import task_deployment

    if not report["days"]:
        return []
    deployment = task_deployment()
    region = deployment.settings.region
    account = deployment.aws.client("sts").get_caller_identity()["Account"]
    pages = deployment.aws.client("quicksight").get_paginator("list_data_sets").paginate(AwsAccountId=account)
    found = [
        data_set["DataSetId"]
        for page in pages
        for data_set in page["DataSetSummaries"]
        if data_set["DataSetId"].startswith(PREFIX) and data_set["ImportMode"] == "SPICE"
    ]
    if not found:
        log.warning("there are no data sets %s* in QuickSight in %s: run make quicksight", PREFIX, region)
    return found
