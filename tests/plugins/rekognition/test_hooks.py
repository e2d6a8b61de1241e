from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from airflow.providers.common.compat.sdk import AirflowException
from botocore import xform_name
from botocore.stub import Stubber

from rekognition.hooks import VIDEO_JOBS, RekognitionHook, RekognitionVideoJob, get_video_job


@pytest.fixture(scope="module")
def service_model() -> Any:
    return botocore.session.Session().get_service_model("rekognition")


@pytest.mark.parametrize("job", VIDEO_JOBS.values(), ids=VIDEO_JOBS)
def test_video_jobs_are_as_the_service_model_has_them(job: RekognitionVideoJob, service_model: Any) -> None:
    start = service_model.operation_model(job.start_operation)
    get = service_model.operation_model(job.get_operation)
    assert {"Video", "ClientRequestToken", "NotificationChannel", "JobTag"} <= set(start.input_shape.members)
    assert {"JobId", "MaxResults", "NextToken"} <= set(get.input_shape.members)
    assert get.output_shape.members[job.result_field].type_name == "list"


def test_unknown_video_job_names_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="'GetEverything' is not one of .*GetLabelDetection, GetTextDetection"
    ):
        get_video_job("GetEverything")


def test_start_job_returns_the_job_id(hook: RekognitionHook) -> None:
    request = {"Video": {"S3Object": {"Bucket": "media", "Name": "n.mp4"}}, "SegmentTypes": ["SHOT"]}
    with Stubber(hook.conn) as stub:
        stub.add_response("start_segment_detection", {"JobId": "j-1"}, request)
        assert hook.start_job("StartSegmentDetection", **request) == "j-1"


@pytest.mark.parametrize("operation", VIDEO_JOBS)
def test_job_status_asks_for_one_result_only(hook: RekognitionHook, operation: str) -> None:
    name = xform_name(operation)
    with Stubber(hook.conn) as stub:
        stub.add_response(name, {"JobStatus": "IN_PROGRESS"}, {"JobId": "j-1", "MaxResults": 1})
        stub.add_response(name, {"JobStatus": "FAILED", "StatusMessage": "bad codec"})
        assert hook.get_job_status(operation, "j-1") == ("IN_PROGRESS", "")
        assert hook.get_job_status(operation, "j-1") == ("FAILED", "bad codec")


def test_job_pages_follow_the_token_to_the_end(hook: RekognitionHook) -> None:
    def page(timestamp: int, token: str | None) -> dict[str, Any]:
        end = {"NextToken": token} if token else {}
        return {"JobStatus": "SUCCEEDED", "Labels": [{"Timestamp": timestamp}], **end}

    request = {"JobId": "j-1", "MaxResults": 1000, "SortBy": "TIMESTAMP"}
    with Stubber(hook.conn) as stub:
        stub.add_response("get_label_detection", page(0, "t1"), request)
        stub.add_response("get_label_detection", page(500, "t2"), {**request, "NextToken": "t1"})
        stub.add_response("get_label_detection", page(900, None), {**request, "NextToken": "t2"})
        pages = list(hook.get_job_pages("GetLabelDetection", "j-1", SortBy="TIMESTAMP"))
        stub.assert_no_pending_responses()
    assert [p["Labels"][0]["Timestamp"] for p in pages] == [0, 500, 900]


def test_job_pages_are_fetched_one_at_a_time_and_can_go_on_from_a_token(hook: RekognitionHook) -> None:
    with Stubber(hook.conn) as stub:
        stub.add_response(
            "get_face_detection",
            {"JobStatus": "SUCCEEDED", "Faces": [], "NextToken": "t8"},
            {"JobId": "j-1", "MaxResults": 10, "NextToken": "t7"},
        )
        pages = hook.get_job_pages("GetFaceDetection", "j-1", max_results=10, NextToken="t7")
        assert next(pages)["NextToken"] == "t8"
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("state", ["IN_PROGRESS", "FAILED"])
def test_job_without_results_is_not_an_empty_one(hook: RekognitionHook, state: str) -> None:
    with Stubber(hook.conn) as stub:
        stub.add_response("get_text_detection", {"JobStatus": state, "StatusMessage": "because"})
        with pytest.raises(AirflowException, match=f"job j-1 has no results, it is {state}: because"):
            list(hook.get_job_pages("GetTextDetection", "j-1"))
