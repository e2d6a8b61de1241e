"""What an error of an AWS call means for the work at hand.

Source of the codes: "Error handling in Amazon Rekognition"
(https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html) and the common errors of AWS APIs.
"""

from __future__ import annotations

from enum import Enum

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
UNAVAILABLE = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
    }
)
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)


class Verdict(Enum):
    """What to do about an error."""

    SLOW_DOWN = "slow down and try again"
    TRY_AGAIN = "try again"
    NO_SLOT = "wait until a video job ends"
    STOP = "stop: nothing will work until a person acts"
    REJECTED = "this analysis cannot work; go on with the others"


def judge(error: Exception) -> Verdict:
    """Classify an exception raised by a boto3 call."""
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        if code in THROTTLED or status == 429:
            return Verdict.SLOW_DOWN
        if code == "LimitExceededException":
            return Verdict.NO_SLOT
        if code in DENIED or status in (401, 403):
            return Verdict.STOP
        return Verdict.TRY_AGAIN if code in UNAVAILABLE or status >= 500 else Verdict.REJECTED
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return Verdict.TRY_AGAIN
    return Verdict.STOP if isinstance(error, BotoCoreError) else Verdict.REJECTED


def passes(error: BaseException) -> bool:
    """Return whether an error is no reason to give up: the same call may work later."""
    return isinstance(error, Exception) and judge(error) in (Verdict.SLOW_DOWN, Verdict.TRY_AGAIN)


def patience(seconds: float) -> Retrying:
    """Return what repeats a call while AWS is busy or down, for so many seconds at most; then the error is raised."""
    return Retrying(
        retry=retry_if_exception(passes),
        wait=wait_random_exponential(multiplier=0.25, max=20),
        stop=stop_after_delay(seconds),
        reraise=True,
    )


def finds_nothing(error: Exception, text: str | None) -> bool:
    """Return whether an error only says that the media has nothing to look for.

    :param text: how the operation says so, or None if it never does.
    """
    code, message = code_and_message(error)
    return text is not None and code == "InvalidParameterException" and text in message


def code_and_message(error: Exception) -> tuple[str, str]:
    """Return an error's code and text, as tables show them."""
    if isinstance(error, ClientError):
        detail = error.response["Error"]
        return detail["Code"], detail.get("Message", "")
    return type(error).__name__, str(error)
