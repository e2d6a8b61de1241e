from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from include.analyze import job_pages
from include.analyze.job_pages import READINGS, JobArchive, Pages
from include.core.features import FEATURES
from include.store.objects import get_ndjson, list_uris

PREFIX = "s3://lake/responses/jobs/j/"
JOB = FEATURES["segments"].video


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "GetSegmentDetection")


class Rekognition:
    """Has a job of so many pages; answers with what is in ``errors`` first."""

    def __init__(self, pages: int, status: str = "SUCCEEDED") -> None:
        self.pages, self.status = pages, status
        self.asked: list[str | None] = []
        self.errors: list[Exception] = []

    def get_segment_detection(self, **request: Any) -> dict[str, Any]:
        if self.errors:
            raise self.errors.pop(0)
        self.asked.append(request.get("NextToken"))
        number = int(request.get("NextToken", 0)) + 1
        more = {"NextToken": str(number)} if number < self.pages else {}
        return {"JobStatus": self.status, "Segments": [{"number": number}], **more}


@pytest.fixture
def s3() -> Any:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="lake")
        yield client


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_pages, "PAGES_PER_OBJECT", 2)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


def complete(rekognition: Rekognition, s3: Any) -> Pages:
    assert JOB is not None
    return JobArchive(rekognition, s3, JOB, "j", PREFIX, lambda reply, token: {"response": reply}).complete()


def archived(s3: Any) -> list[list[int]]:
    return [
        [line["response"]["Segments"][0]["number"] for line in get_ndjson(s3, uri)]
        for uri in list_uris(s3, PREFIX)
    ]


def test_pages_are_asked_for_and_archived_once(s3: Any) -> None:
    rekognition = Rekognition(5)
    pages = complete(rekognition, s3)
    assert pages.status == "SUCCEEDED"
    assert (pages.first["response"]["Segments"], pages.last["response"]["Segments"]) == (
        [{"number": 1}],
        [{"number": 5}],
    )
    assert archived(s3) == [[1, 2], [3, 4], [5]]
    again = complete(rekognition, s3)
    assert (again.first, again.last) == (pages.first, pages.last)
    assert rekognition.asked == [None, "1", "2", "3", "4"]


def test_an_interrupted_reading_goes_on_from_the_last_object(s3: Any) -> None:
    rekognition = Rekognition(5)
    s3_put, puts = s3.put_object, []

    def killed(**request: Any) -> Any:
        puts.append(request["Key"])
        if len(puts) == 2:
            raise KeyboardInterrupt
        return s3_put(**request)

    s3.put_object = killed
    with pytest.raises(KeyboardInterrupt):
        complete(rekognition, s3)
    assert archived(s3) == [[1, 2]]
    complete(rekognition, s3)
    assert archived(s3) == [[1, 2], [3, 4], [5]]
    assert rekognition.asked == [None, "1", "2", "3", "2", "3", "4"]


def test_a_token_that_has_expired_means_reading_from_the_start_without_deleting(s3: Any) -> None:
    complete(Rekognition(5), s3)
    s3.delete_object(Bucket="lake", Key="responses/jobs/j/pages-000002.ndjson.gz")
    rekognition = Rekognition(5)
    rekognition.errors = [error("InvalidPaginationTokenException")]
    s3.delete_objects = lambda **request: pytest.fail("deleted")
    assert complete(rekognition, s3).last["response"]["Segments"] == [{"number": 5}]
    assert archived(s3) == [[1, 2], [3, 4], [5]]
    assert rekognition.asked == [None, "1", "2", "3", "4"]


def test_objects_of_a_longer_reading_do_not_stay(s3: Any) -> None:
    complete(Rekognition(7), s3)
    s3.delete_object(Bucket="lake", Key="responses/jobs/j/pages-000003.ndjson.gz")
    rekognition = Rekognition(3)
    rekognition.errors = [error("InvalidPaginationTokenException")]
    complete(rekognition, s3)
    assert archived(s3) == [[1, 2], [3]]


def test_tokens_that_always_expire_end_in_an_error(s3: Any) -> None:
    rekognition = Rekognition(5)
    rekognition.errors = [error("InvalidPaginationTokenException")] * READINGS
    with pytest.raises(TimeoutError, match="expired 3 times"):
        complete(rekognition, s3)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_a_page_is_asked_for_again_while_the_service_is_busy(s3: Any, code: str) -> None:
    rekognition = Rekognition(1)
    rekognition.errors = [error(code)] * 5
    assert complete(rekognition, s3).status == "SUCCEEDED"


def test_results_that_are_gone_are_an_error_at_once(s3: Any) -> None:
    rekognition = Rekognition(1)
    rekognition.errors = [error("ResourceNotFoundException")]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        complete(rekognition, s3)


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED"])
def test_nothing_is_archived_of_a_job_that_has_not_succeeded(s3: Any, status: str) -> None:
    assert complete(Rekognition(1, status), s3).status == status
    assert archived(s3) == []
