"""What the usage log says of jobs that succeeded, whatever became of their results."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from include.analyze.batch_state import BatchState
from include.analyze.job_failures import JobFailures
from include.analyze.job_harvest import JobHarvest
from include.analyze.job_spending import JobSpending
from include.analyze.video_work import JobWork
from include.core.features import FEATURES
from include.core.metrics import NoMetrics
from include.core.run import Run, usage_log_uri
from include.store.ledger import Entry, Ledger
from include.store.objects import Row, get_ndjson, list_uris
from include.store.usage_log import payer_of
from tests.include.plan.planning import a_video
from tests.workspaces import make_workspace

# A second before November 2023 began.
ENDED_AT = 1_698_796_799_500

Harvest = Callable[[Callable[..., Row]], tuple[Row, Row]]


def succeeded(**_: Any) -> Row:
    return {
        "JobStatus": "SUCCEEDED", "VideoMetadata": {"DurationMillis": 30_000}, "Segments": [],
        "ResponseMetadata": {"RequestId": "r"},
    }  # fmt: skip


def expired(**_: Any) -> Row:
    raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "Get")


@pytest.fixture
def harvest(s3: Any, ledger: Ledger, run: Run) -> Harvest:
    """Archive a job whose end was reported, and return its usage line and its entry."""
    workspace = make_workspace(run, boto3.Session(), s3=s3)
    workspace.ledger = ledger
    asset = a_video("clip", duration_ms=90_000)
    job = FEATURES["labels"].video
    assert job is not None
    work = JobWork("key", "labels", job, {}, asset, payer_of(run, asset, "video"))

    def archive(answer: Callable[..., Row]) -> tuple[Row, Row]:
        ledger.record_end("job-1", "SUCCEEDED", ENDED_AT)
        state = BatchState([work], {"key": Entry("key", "running", job_id="job-1", number=1)}, 0, 60.0)
        state.succeeded("job-1")
        client: Any = SimpleNamespace(conn=SimpleNamespace(get_label_detection=answer))
        spending = JobSpending(workspace)
        failures = JobFailures(ledger, spending, NoMetrics())
        JobHarvest(workspace, client, failures, spending, NoMetrics()).archive_ended(state)
        (uri,) = list_uris(s3, usage_log_uri(run.bucket, run.partition))
        (line,) = get_ndjson(s3, uri)
        return line, {"state": ledger.lookup(["key"])["key"].state}

    return archive


def test_10_a_job_whose_results_expired_is_billed(harvest: Harvest) -> None:
    line, entry = harvest(expired)
    assert (line["units"], line["price_item"], line["reused"]) == (1.5, "video-minutes", False)
    assert entry == {"state": "failed"}


@pytest.mark.parametrize("answer", [succeeded, expired])
def test_11_a_job_is_of_the_month_in_which_it_ended(harvest: Harvest, answer: Any) -> None:
    line, _ = harvest(answer)
    assert line["at"] == line["ended_at"] == "2023-10-31T23:59:59.500"
