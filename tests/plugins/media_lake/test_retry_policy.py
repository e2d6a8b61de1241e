from __future__ import annotations

from datetime import timedelta
from typing import Any

import botocore.session
import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import DAG, RetryDecision
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.serialization.serialized_objects import DagSerialization
from botocore import exceptions as botocore_exceptions
from botocore.exceptions import ClientError, WaiterError
from botocore.stub import Stubber

from include.core.errors import ADVICE_BY_CODE, IN_USE, NO_SLOT, THROTTLED, UNAVAILABLE
from media_lake.retry_policy import AwsErrorCodeRetryPolicy
from rekognition.hooks import VIDEO_JOBS, RekognitionHook
from rekognition.operators import RekognitionStartLabelDetectionOperator

RETRIED = THROTTLED | NO_SLOT | UNAVAILABLE | IN_USE
BASE_DELAY = timedelta(seconds=10)
MAX_DELAY = timedelta(seconds=100)


@pytest.fixture
def policy() -> AwsErrorCodeRetryPolicy:
    return AwsErrorCodeRetryPolicy(base_delay=BASE_DELAY, max_delay=MAX_DELAY)


def client_error(code: str, status: int = 400, operation: str = "StartLabelDetection") -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "words of AWS."},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)


def decide(policy: AwsErrorCodeRetryPolicy, error: BaseException, try_number: int = 1) -> RetryDecision:
    return policy.evaluate(error, try_number, 3)


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "TooManyRequestsException",
        "SlowDown",
        "InternalServerError",
        "ConcurrentModificationException",
        "ResourceInUseException",
    ],
)
def test_what_passes_is_retried(policy: AwsErrorCodeRetryPolicy, code: str) -> None:
    decision = decide(policy, client_error(code))
    assert decision.action is RetryAction.RETRY
    assert decision.retry_delay is not None
    assert BASE_DELAY / 2 <= decision.retry_delay <= BASE_DELAY
    assert code in str(decision.reason)


@pytest.mark.parametrize(
    ("status", "action"), [(500, "retry"), (503, "retry"), (429, "retry"), (400, "default")]
)
def test_unknown_code_is_decided_by_the_status(
    policy: AwsErrorCodeRetryPolicy, status: int, action: str
) -> None:
    assert decide(policy, client_error("SomethingNew", status)).action.value == action


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "Allow the action in the IAM policy"),
        ("AccessDenied", "Allow the action in the IAM policy"),
        ("403", "Allow the action in the IAM policy"),
        ("InvalidParameterException", "Correct the parameters"),
        ("ValidationException", "Correct the parameters"),
        ("NoSuchBucket", "Check the name and the region of the bucket"),
        ("InvalidS3ObjectException", "Check the object's bucket, key and permissions"),
        ("UnrecognizedClientException", "Check the credentials"),
        ("ExpiredTokenException", "Renew the credentials"),
        ("VideoTooLargeException", "Leave this file out"),
        ("InvalidImageFormatException", "Leave this file out"),
        ("IdempotentParameterMismatchException", "Use another ClientRequestToken"),
        ("ResourceAlreadyExistsException", "Choose another id"),
        ("ResourceNotFoundException", "Check the id or ARN"),
        ("ResourceNotReadyException", "Start the Custom Labels model"),
        ("ServiceQuotaExceededException", "Free some of the resource"),
    ],
)
def test_what_needs_a_correction_fails_at_once(
    policy: AwsErrorCodeRetryPolicy, code: str, advice: str
) -> None:
    decision = decide(policy, client_error(code))
    assert decision.action is RetryAction.FAIL
    assert f"operation: words of AWS. {advice}" in str(decision.reason)


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (botocore_exceptions.EndpointConnectionError(endpoint_url="http://x"), "retry"),
        (botocore_exceptions.ConnectTimeoutError(endpoint_url="http://x"), "retry"),
        (botocore_exceptions.ReadTimeoutError(endpoint_url="http://x"), "retry"),
        (botocore_exceptions.ConnectionClosedError(endpoint_url="http://x"), "retry"),
        (botocore_exceptions.SSLError(endpoint_url="http://x", error="self-signed"), "fail"),
        (botocore_exceptions.NoCredentialsError(), "fail"),
        (
            botocore_exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "fail",
        ),
        (botocore_exceptions.NoRegionError(), "fail"),
        (botocore_exceptions.ParamValidationError(report="Missing required parameter"), "fail"),
        (ValueError("not AWS"), "default"),
        (AirflowException("not AWS"), "default"),
        (KeyboardInterrupt(), "default"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_errors_without_a_code(policy: AwsErrorCodeRetryPolicy, error: BaseException, action: str) -> None:
    assert decide(policy, error).action.value == action


def raised_from(cause: Exception) -> Exception:
    try:
        raise AirflowException("batch failed") from cause
    except AirflowException as error:
        return error


def raised_while_handling(first: Exception, *, hide: bool = False) -> Exception:
    try:
        try:
            raise first
        except Exception:
            later = RuntimeError("batch failed")
            later.__suppress_context__ = hide
            raise later  # noqa: B904
    except RuntimeError as error:
        return error


def test_the_error_behind_the_error_counts(policy: AwsErrorCodeRetryPolicy) -> None:
    throttled = client_error("ThrottlingException")
    assert decide(policy, raised_from(throttled)).action is RetryAction.RETRY
    assert decide(policy, raised_while_handling(throttled)).action is RetryAction.RETRY
    assert decide(policy, raised_while_handling(raised_from(throttled))).action is RetryAction.RETRY
    assert decide(policy, raised_while_handling(throttled, hide=True)).action is RetryAction.DEFAULT


def test_the_nearest_error_that_says_something_counts(policy: AwsErrorCodeRetryPolicy) -> None:
    denied = client_error("AccessDeniedException")
    denied.__cause__ = client_error("ThrottlingException")
    assert decide(policy, denied).action is RetryAction.FAIL


def test_circle_of_errors_ends(policy: AwsErrorCodeRetryPolicy) -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__context__, second.__context__ = second, first
    assert decide(policy, first).action is RetryAction.DEFAULT


@pytest.mark.parametrize(("code", "action"), [("AccessDeniedException", "fail"), ("SomethingNew", "default")])
def test_error_that_a_waiter_met(
    policy: AwsErrorCodeRetryPolicy, hook: RekognitionHook, code: str, action: str
) -> None:
    with Stubber(hook.conn) as stub:
        stub.add_client_error("get_label_detection", code)
        with pytest.raises(WaiterError) as caught:
            hook.get_waiter("label_detection_complete").wait(JobId="j-1")
    assert decide(policy, caught.value).action.value == action


def test_delay_doubles_up_to_its_limit_and_varies(policy: AwsErrorCodeRetryPolicy) -> None:
    for try_number, upper_end in [(1, 10), (2, 20), (3, 40), (4, 80), (5, 100), (500, 100)]:
        delays = [
            decide(policy, client_error("ThrottlingException"), try_number).retry_delay for _ in range(50)
        ]
        seconds = [delay.total_seconds() for delay in delays if delay is not None]
        assert len(seconds) == 50
        assert upper_end / 2 <= min(seconds) < max(seconds) <= upper_end


def test_every_error_of_the_operations_was_thought_of() -> None:
    model = botocore.session.Session().get_service_model("rekognition")
    operations = [
        "CompareFaces",
        "CreateCollection",
        "DeleteCollection",
        "DeleteFaces",
        "DescribeProjectVersions",
        "DescribeProjects",
        "DetectCustomLabels",
        "DetectFaces",
        "DetectLabels",
        "DetectModerationLabels",
        "DetectProtectiveEquipment",
        "DetectText",
        "IndexFaces",
        "RecognizeCelebrities",
        "SearchFacesByImage",
        "StartProjectVersion",
        "StopProjectVersion",
    ]
    video_operations = [
        name for job in VIDEO_JOBS.values() for name in (job.start_operation, job.get_operation)
    ]
    codes = {
        error.name
        for operation in operations + video_operations
        for error in model.operation_model(operation).error_shapes
    }
    left_to_the_task = {
        "HumanLoopQuotaExceededException",
        "InvalidPaginationTokenException",
    }
    assert codes - RETRIED - set(ADVICE_BY_CODE) == left_to_the_task
    assert not RETRIED & set(ADVICE_BY_CODE)


def test_dag_with_the_policy_can_be_serialized(policy: AwsErrorCodeRetryPolicy, video: Any) -> None:
    with DAG("policy", schedule=None, default_args={"retry_policy": policy, "retries": 3}) as dag:
        operator = RekognitionStartLabelDetectionOperator(task_id="start", video=video)
    assert operator.retry_policy is policy
    task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task("start")
    assert task.has_retry_policy is True
