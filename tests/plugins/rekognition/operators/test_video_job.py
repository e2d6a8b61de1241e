from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import DAG
from airflow.sdk.exceptions import TaskDeferred
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import Stubber

from rekognition.hooks import VIDEO_JOBS
from rekognition.operators import (
    RekognitionStartFaceSearchOperator,
    RekognitionStartLabelDetectionOperator,
    RekognitionStartSegmentDetectionOperator,
    RekognitionStartVideoJobOperator,
)
from rekognition.triggers import RekognitionVideoJobCompletedTrigger

CONCRETE_OPERATORS = RekognitionStartVideoJobOperator.__subclasses__()
TOKEN_PATTERN = re.compile(r"[a-zA-Z0-9-_]{1,64}")
STATUS_REQUEST = {"JobId": "j-1", "MaxResults": 1}
START_KWARGS: dict[type, dict[str, Any]] = {
    RekognitionStartLabelDetectionOperator: {"MinConfidence": 30.0, "Features": ["GENERAL_LABELS"]},
    RekognitionStartSegmentDetectionOperator: {"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]},
}
# Arguments that some operators have besides those of all.
OWN_ARGUMENTS: dict[type, dict[str, str]] = {RekognitionStartFaceSearchOperator: {"collection_id": "staff"}}
OWN_REQUEST: dict[type, dict[str, str]] = {RekognitionStartFaceSearchOperator: {"CollectionId": "staff"}}

OperatorFactory = Callable[..., RekognitionStartLabelDetectionOperator]


@pytest.fixture
def make_operator(video: dict[str, Any]) -> OperatorFactory:
    """Build the operator as each try does, in a new process: nothing is shared with the one before."""

    def make(**kwargs: Any) -> RekognitionStartLabelDetectionOperator:
        arguments: dict[str, Any] = {
            "wait_for_completion": False,
            "waiter_delay": 0,
            "video": video,
            **kwargs,
        }
        return RekognitionStartLabelDetectionOperator(task_id="start", **arguments)

    return make


@pytest.fixture
def stub_of() -> Callable[[RekognitionStartVideoJobOperator], Stubber]:
    """Return a stub of the operator's client that answers nothing but what is queued."""

    def make(operator: RekognitionStartVideoJobOperator) -> Stubber:
        stub = Stubber(operator.hook.conn)
        stub.activate()
        return stub

    return make


def submitted_token(operator: RekognitionStartVideoJobOperator, context: Any, job_id: str = "j-1") -> str:
    """Run a try in which a job is started; return the token that it was started with."""
    with mock.patch.object(operator.hook, "start_job", return_value=job_id) as start_job:
        operator.execute(context)
    return start_job.call_args.kwargs["ClientRequestToken"]


@pytest.mark.parametrize("operator_class", CONCRETE_OPERATORS)
def test_every_operator_starts_its_own_kind_of_job(
    operator_class: type[RekognitionStartVideoJobOperator], task_context: Any, video: Any, stub_of: Any
) -> None:
    start_kwargs = START_KWARGS.get(operator_class, {})
    channel = {
        "SNSTopicArn": "arn:aws:sns:us-east-1:123456789012:AmazonRekognitionJobs",
        "RoleArn": "arn:aws:iam::123456789012:role/rekognition",
    }
    operator = operator_class(
        task_id="start",
        video=video,
        start_kwargs=start_kwargs,
        client_request_token="chosen-token",
        notification_channel=channel,
        job_tag="2026-11-20",
        wait_for_completion=False,
        **OWN_ARGUMENTS.get(operator_class, {}),
    )
    request = {
        "Video": video,
        "ClientRequestToken": "chosen-token",
        "NotificationChannel": channel,
        "JobTag": "2026-11-20",
        **start_kwargs,
        **OWN_REQUEST.get(operator_class, {}),
    }
    stub = stub_of(operator)
    stub.add_response(xform_name(operator.video_job.start_operation), {"JobId": "j-1"}, request)
    assert operator.execute(task_context.for_try(1)) == "j-1"
    stub.assert_no_pending_responses()
    assert operator_class.__name__ == f"Rekognition{operator.video_job.start_operation}Operator"


def test_every_video_job_has_an_operator() -> None:
    jobs = {operator_class.video_job.get_operation for operator_class in CONCRETE_OPERATORS}
    assert jobs == set(VIDEO_JOBS)


@pytest.mark.parametrize(
    ("wait_for_completion", "deferrable", "waits", "defers"),
    [(False, False, 0, 0), (True, False, 1, 0), (False, True, 0, 1), (True, True, 0, 1)],
)
def test_wait_and_defer(
    wait_for_completion: bool,
    deferrable: bool,
    waits: int,
    defers: int,
    make_operator: OperatorFactory,
    task_context: Any,
) -> None:
    operator = make_operator(wait_for_completion=wait_for_completion, deferrable=deferrable)
    with (
        mock.patch.object(operator.hook, "start_job", return_value="j-1") as start_job,
        mock.patch.object(operator.hook, "get_waiter") as get_waiter,
        mock.patch.object(operator, "defer") as defer,
    ):
        assert operator.execute(task_context.for_try(1)) == "j-1"
    assert start_job.call_count == 1
    assert get_waiter.call_count == waits
    assert defer.call_count == defers


def test_deferral_hands_everything_to_the_trigger(make_operator: OperatorFactory, task_context: Any) -> None:
    operator = make_operator(
        deferrable=True,
        waiter_delay=15,
        waiter_max_attempts=40,
        region_name="eu-west-1",
        verify=False,
        botocore_config={"read_timeout": 5},
    )
    with (
        mock.patch.object(operator.hook, "start_job", return_value="j-1"),
        pytest.raises(TaskDeferred) as deferred,
    ):
        operator.execute(task_context.for_try(1))
    assert list(task_context.stored.values()) == ["j-1"]
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout == timedelta(seconds=15 * 40 + 60)
    trigger = deferred.value.trigger
    assert isinstance(trigger, RekognitionVideoJobCompletedTrigger)
    assert trigger.serialize()[1] == {
        "job_id": "j-1",
        "operation": "GetLabelDetection",
        "waiter_delay": 15,
        "waiter_max_attempts": 40,
        "aws_conn_id": "aws_default",
        "region_name": "eu-west-1",
        "verify": False,
        "botocore_config": {"read_timeout": 5},
    }


def test_waiting_here_until_success(make_operator: OperatorFactory, task_context: Any, stub_of: Any) -> None:
    operator = make_operator(wait_for_completion=True)
    stub = stub_of(operator)
    stub.add_response("start_label_detection", {"JobId": "j-1"})
    for state in ("IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"):
        stub.add_response("get_label_detection", {"JobStatus": state}, STATUS_REQUEST)
    assert operator.execute(task_context.for_try(1)) == "j-1"
    stub.assert_no_pending_responses()


def test_failed_job_raises_what_aws_says(
    make_operator: OperatorFactory, task_context: Any, stub_of: Any
) -> None:
    operator = make_operator(wait_for_completion=True)
    stub = stub_of(operator)
    stub.add_response("start_label_detection", {"JobId": "j-1"})
    stub.add_response("get_label_detection", {"JobStatus": "FAILED", "StatusMessage": "codec not supported"})
    with pytest.raises(AirflowException, match="job j-1 failed: codec not supported"):
        operator.execute(task_context.for_try(1))


def test_waiting_here_is_bounded_under_throttling(
    make_operator: OperatorFactory, task_context: Any, stub_of: Any
) -> None:
    operator = make_operator(wait_for_completion=True, waiter_max_attempts=2)
    stub = stub_of(operator)
    stub.add_response("start_label_detection", {"JobId": "j-1"})
    for _ in range(2):
        stub.add_client_error("get_label_detection", "ThrottlingException")
    with pytest.raises(AirflowException, match="max attempts reached"):
        operator.execute(task_context.for_try(1))
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("deferrable", [False, True])
def test_retry_returns_to_the_running_job(
    deferrable: bool, make_operator: OperatorFactory, task_context: Any, stub_of: Any
) -> None:
    submitted_token(make_operator(), task_context.for_try(1))
    retry = make_operator(wait_for_completion=True, deferrable=deferrable)
    stub = stub_of(retry)
    stub.add_response("get_label_detection", {"JobStatus": "IN_PROGRESS"}, STATUS_REQUEST)
    if deferrable:
        with pytest.raises(TaskDeferred) as deferred:
            retry.execute(task_context.for_try(2))
        assert deferred.value.trigger.serialize()[1]["job_id"] == "j-1"
    else:
        stub.add_response("get_label_detection", {"JobStatus": "SUCCEEDED"}, STATUS_REQUEST)
        assert retry.execute(task_context.for_try(2)) == "j-1"
    stub.assert_no_pending_responses()


def test_retry_returns_the_finished_job_without_waiting(
    make_operator: OperatorFactory, task_context: Any, stub_of: Any
) -> None:
    submitted_token(make_operator(), task_context.for_try(1))
    retry = make_operator(deferrable=True)
    stub_of(retry).add_response("get_label_detection", {"JobStatus": "SUCCEEDED"})
    assert retry.execute(task_context.for_try(2)) == "j-1"


def test_failed_job_is_replaced_under_a_token_of_its_own(
    make_operator: OperatorFactory, task_context: Any
) -> None:
    tokens = [submitted_token(make_operator(), task_context.for_try(1), "j-1")]
    for try_number, job_id in ((2, "j-2"), (3, "j-3")):
        retry = make_operator()
        with mock.patch.object(retry, "get_job_status", return_value="FAILED"):
            tokens.append(submitted_token(retry, task_context.for_try(try_number), job_id))
    assert len(set(tokens)) == 3
    assert list(task_context.stored.values()) == ["j-3"]


def test_job_that_aws_has_forgotten_is_replaced(
    make_operator: OperatorFactory, task_context: Any, stub_of: Any
) -> None:
    submitted_token(make_operator(), task_context.for_try(1), "j-1")
    retry = make_operator()
    stub = stub_of(retry)
    stub.add_client_error("get_label_detection", "ResourceNotFoundException")
    stub.add_response("start_label_detection", {"JobId": "j-2"})
    assert retry.execute(task_context.for_try(2)) == "j-2"


def test_error_while_looking_for_the_job_starts_nothing(
    make_operator: OperatorFactory, task_context: Any, stub_of: Any
) -> None:
    submitted_token(make_operator(), task_context.for_try(1))
    retry = make_operator()
    stub_of(retry).add_client_error("get_label_detection", "ThrottlingException")
    with pytest.raises(ClientError, match="ThrottlingException"):
        retry.execute(task_context.for_try(2))


def test_token_depends_on_the_task_instance_and_the_request_but_not_on_the_try(
    make_operator: OperatorFactory, task_context: Any
) -> None:
    def token(try_number: int = 1, **kwargs: Any) -> str:
        task_context.stored.clear()  # the worker died before the JobId was stored
        return submitted_token(make_operator(**kwargs), task_context.for_try(try_number))

    first = token()
    assert TOKEN_PATTERN.fullmatch(first)
    assert token(try_number=2) == first
    assert token(start_kwargs={"MinConfidence": 80.0}) != first
    task_context.map_index = 3
    mapped = token()
    task_context.run_id = "scheduled__2026-11-21"
    assert len({first, mapped, token()}) == 3


def test_cleared_task_with_a_changed_request_does_not_return_the_old_job(
    make_operator: OperatorFactory, task_context: Any
) -> None:
    submitted_token(make_operator(), task_context.for_try(1), "j-1")
    submitted_token(make_operator(start_kwargs={"MinConfidence": 80.0}), task_context.for_try(2), "j-2")
    assert list(task_context.stored.values()) == ["j-1", "j-2"]


@pytest.mark.parametrize("tries", [1, 2])
def test_every_try_has_its_links(tries: int, make_operator: OperatorFactory, task_context: Any) -> None:
    submitted_token(make_operator(region_name="eu-west-1"), task_context.for_try(1))
    if tries == 2:
        task_context.pushed.clear()
        retry = make_operator(region_name="eu-west-1")
        with Stubber(retry.hook.conn) as stub:
            stub.add_response("get_label_detection", {"JobStatus": "SUCCEEDED"})
            retry.execute(task_context.for_try(2))
    where = {"region_name": "eu-west-1", "aws_domain": "aws.amazon.com"}
    assert task_context.pushed == {
        "rekognition_console": where,
        "rekognition_video_object": {
            "bucket": "media",
            "object_key": "raw/a clip & more.mp4",
            **where,
        },
    }


def test_face_search_in_another_collection_is_another_job(task_context: Any, video: dict[str, Any]) -> None:
    def token(collection_id: str) -> str:
        operator = RekognitionStartFaceSearchOperator(
            task_id="start", video=video, collection_id=collection_id, wait_for_completion=False
        )
        return submitted_token(operator, task_context.for_try(1))

    assert token("staff") != token("guests")
    assert len(task_context.stored) == 2


def test_malformed_video_is_named(make_operator: OperatorFactory, task_context: Any) -> None:
    with pytest.raises(ParamValidationError, match="Unknown parameter in Video"):
        make_operator(video={"Bucket": "media", "Name": "clip.mp4"}).execute(task_context.for_try(1))


def test_execute_complete(make_operator: OperatorFactory) -> None:
    operator = make_operator()
    assert operator.execute_complete({}, {"status": "success", "job_id": "j-1"}) == "j-1"
    with pytest.raises(AirflowException, match="codec not supported"):
        operator.execute_complete({}, {"status": "error", "message": "codec not supported", "job_id": "j-1"})
    with pytest.raises(AirflowException, match="event is None"):
        operator.execute_complete({}, None)


@pytest.mark.parametrize("operator_class", CONCRETE_OPERATORS)
def test_template_fields(operator_class: type[RekognitionStartVideoJobOperator]) -> None:
    template = "{{ params.value }}"
    with DAG("templates", schedule=None):
        operator = operator_class(
            task_id="start",
            video={"S3Object": {"Bucket": template, "Name": template}},
            start_kwargs={"MinConfidence": template},
            client_request_token=template,
            notification_channel={"SNSTopicArn": template, "RoleArn": template},
            job_tag=template,
            region_name=template,
            **dict.fromkeys(OWN_ARGUMENTS.get(operator_class, {}), template),
        )
    operator.render_template_fields({"params": {"value": "rendered"}})
    for name in operator.template_fields:
        assert "{{" not in str(getattr(operator, name))
    for name in OWN_ARGUMENTS.get(operator_class, {}):
        assert getattr(operator, name) == "rendered"
    assert operator.video == {"S3Object": {"Bucket": "rendered", "Name": "rendered"}}
    assert {"video", "start_kwargs", "client_request_token", "notification_channel", "job_tag"} <= set(
        operator.template_fields
    )


def test_operator_can_be_mapped(video: dict[str, Any]) -> None:
    with DAG("mapped", schedule=None):
        mapped = RekognitionStartLabelDetectionOperator.partial(task_id="start", deferrable=True).expand(
            video=[video, video]
        )
    assert mapped.operator_class is RekognitionStartLabelDetectionOperator
