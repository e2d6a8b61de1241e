"""The task that finds what QuickSight has to load again."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task

log = logging.getLogger(__name__)

# Ids of the data sets that infrastructure/quicksight defines begin so.
PREFIX = "media-lake-"


@task
def find_data_sets(report: dict[str, Any]) -> list[str]:
    """List the lake's data sets in QuickSight, if costs were reported and the refresh is switched on.

    What follows is skipped if there is nothing to load again.

    :param report: what task ``report`` returned.
    """
    from media_lake.task_context import task_deployment

    deployment = task_deployment()
    if not deployment.settings.quicksight_refresh or not report["days"]:
        return []
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
