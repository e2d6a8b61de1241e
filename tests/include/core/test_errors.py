from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from include.core.errors import (
    ADVICE_BY_CODE,
    DENIED,
    THROTTLED,
    UNAVAILABLE,
    Verdict,
    answer_was_lost,
    code_and_message,
    judge,
)


def client_error(code: str, status: int = 400, message: str = "text") -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "DetectLabels")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", sorted(THROTTLED))
def test_throttling_slows_down(code: str) -> None:
    assert judge(client_error(code)) is Verdict.SLOW_DOWN


@pytest.mark.parametrize("code", sorted(UNAVAILABLE))
def test_outages_are_tried_again(code: str) -> None:
    assert judge(client_error(code)) is Verdict.TRY_AGAIN


@pytest.mark.parametrize("code", sorted(DENIED))
def test_what_a_person_has_to_change_stops(code: str) -> None:
    assert judge(client_error(code)) is Verdict.STOP


CREDENTIAL_CODES = (
    "InvalidAccessKeyId",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
)


@pytest.mark.parametrize("code", CREDENTIAL_CODES)
def test_an_error_of_credentials_never_becomes_a_failed_asset(code: str) -> None:
    """The retry policy knows these codes as somebody's to correct; no other asset fares better."""
    assert code in ADVICE_BY_CODE
    assert judge(client_error(code, 403)) is Verdict.STOP


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_any_error_of_the_server_is_tried_again(status: int) -> None:
    assert judge(client_error("SomethingNew", status)) is Verdict.TRY_AGAIN


def test_an_unknown_code_with_status_429_slows_down() -> None:
    assert judge(client_error("SomethingNew", 429)) is Verdict.SLOW_DOWN


def test_no_slot_for_a_job() -> None:
    assert judge(client_error("LimitExceededException")) is Verdict.NO_SLOT


@pytest.mark.parametrize(
    "code",
    [
        "ImageTooLargeException",
        "InvalidImageFormatException",
        "InvalidParameterException",
        "InvalidS3ObjectException",
        "VideoTooLargeException",
    ],
)
def test_bad_input_is_rejected_alone(code: str) -> None:
    assert judge(client_error(code)) is Verdict.REJECTED


@pytest.mark.parametrize(
    "error",
    [
        exceptions.EndpointConnectionError(endpoint_url="http://x"),
        exceptions.ConnectTimeoutError(endpoint_url="http://x"),
        exceptions.ReadTimeoutError(endpoint_url="http://x"),
        exceptions.ConnectionClosedError(endpoint_url="http://x"),
    ],
)
def test_a_lost_connection_is_tried_again(error: Exception) -> None:
    assert judge(error) is Verdict.TRY_AGAIN


@pytest.mark.parametrize("error", [exceptions.NoCredentialsError(), exceptions.NoRegionError()])
def test_a_client_that_cannot_call_stops(error: Exception) -> None:
    assert judge(error) is Verdict.STOP


def test_code_and_message() -> None:
    assert code_and_message(client_error("X", message="why")) == ("X", "why")
    assert code_and_message(ClientError({"Error": {"Code": "X"}}, "DetectLabels")) == ("X", "")
    assert code_and_message(exceptions.NoRegionError())[0] == "NoRegionError"
    assert code_and_message(ValueError("why")) == ("ValueError", "why")


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="x"), True),
        (exceptions.ConnectionClosedError(endpoint_url="x"), True),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), True),
        (exceptions.EndpointConnectionError(endpoint_url="x"), False),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), False),
        (client_error("ThrottlingException"), False),
        (client_error("InternalServerError", 500), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_answer_is_lost_if_the_request_was_sent(error: Exception, lost: bool) -> None:
    assert answer_was_lost(error) == lost
