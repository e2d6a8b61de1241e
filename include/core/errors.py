"""Errors: what they mean for the work at hand, in one place.

The project's own errors say by their type whether a retry helps::

    TransientError    the same thing may work later: a retry goes on from what is recorded
    TerminalError     nothing changes until a person acts: the task fails at once, with what to do

AWS says it by a code. Only this page sorts AWS's codes: code that handles one of them imports its set from
here. Engines ask :func:`judge`, waits ask :func:`is_transient`, and the retry policy of tasks also asks
:func:`advice_for`.

Sources of the codes: "Error handling in Amazon Rekognition"
(https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html), "Error responses" of S3
(https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), "Error handling with DynamoDB"
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html) and the errors
common to AWS APIs.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from botocore import exceptions as botocore_exceptions
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential


class TerminalError(Exception):
    """Nothing changes until a person acts; the text says what is wrong and what to do."""


class TransientError(Exception):
    """The same thing may work later; what was done is recorded, and a retry goes on from there."""


# --- AWS's codes

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# All of the account's slots for video jobs are taken.
NO_SLOT = frozenset({"LimitExceededException"})
# Trouble on the side of AWS. A status of 500 and above counts too, whatever its code.
UNAVAILABLE = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
# Somebody else is writing the same thing, or a model is between two states.
IN_USE = frozenset(
    {
        "ConcurrentModificationException",
        "OperationAborted",
        "ResourceInUseException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# An object of S3 is not there. HEAD requests have no body, so only the status is left of the code.
NO_OBJECT = frozenset({"404", "NoSuchKey", "NotFound"})
# Somebody replaced the object of S3 that the request named.
CHANGED_OBJECT = frozenset({"412", "ConditionalRequestConflict", "PreconditionFailed"})
ARCHIVED_OBJECT = frozenset({"InvalidObjectState"})
# A table, job, model or other resource is not there, or no longer.
NO_RESOURCE = frozenset({"EntityNotFoundException", "ResourceNotFoundException"})
# What a check looks for is not there, whatever it is.
NOT_THERE = (
    NO_OBJECT
    | NO_RESOURCE
    | {"AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket", "NoSuchEntity", "QueueDoesNotExist"}
)
RESOURCE_EXISTS = frozenset(
    {
        "AlreadyExistsException",
        "BucketAlreadyOwnedByYou",
        "EntityAlreadyExists",
        "ResourceAlreadyExistsException",
    }
)
# Conditions of DynamoDB's writes that did not hold.
CONDITION_FAILED = frozenset({"ConditionalCheckFailedException"})
TRANSACTION_CANCELED = frozenset({"TransactionCanceledException"})
EXPIRED_PAGE_TOKEN = frozenset({"InvalidPaginationTokenException"})

_ALLOW = "Allow the action in the IAM policy of the role that the task runs with, and in the bucket's policy."
_CREDENTIALS = "Check the credentials of the AWS connection or of the worker."
_RENEW = "Renew the credentials of the AWS connection or of the worker."
_CLOCK = "Check the credentials and the clock of the worker."
_PARAMETERS = "Correct the parameters of the request."
_BUCKET = "Check the name and the region of the bucket, or create it."
_OBJECT = "Check that the object still exists under this key."
_S3_OBJECT = "Check the object's bucket, key and permissions, and that the bucket is in Rekognition's region."
_MEDIA = "Leave this file out or convert it to a size and format that Rekognition accepts."
_TOKEN = "Use another ClientRequestToken: this one was used for another request within 7 days."
_QUOTA = "Free some of the resource or ask AWS for a higher quota."
_MISSING = "Check the id or ARN, the account and the region: AWS has no such resource, or has it no longer."
_EXISTS = "Choose another id, or let the operator skip what exists."
_NOT_READY = "Start the Custom Labels model and wait until it runs."

# Permissions and credentials: no call of this role or connection will work before a person acts.
_DENIED_ADVICE = {
    "403": _ALLOW,
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "AllAccessDisabled": _ALLOW,
    "UnauthorizedOperation": _ALLOW,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "MissingAuthenticationToken": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "RequestExpired": _RENEW,
    "InvalidSignatureException": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "SignatureDoesNotMatch": _CLOCK,
}
DENIED = frozenset(_DENIED_ADVICE)
# The role may not do this, perhaps only to this object: who wrote it chose its owner or its key.
NOT_ALLOWED = frozenset(code for code, advice in _DENIED_ADVICE.items() if advice == _ALLOW)

ADVICE_BY_CODE = {
    **_DENIED_ADVICE,
    "InvalidArgument": _PARAMETERS,
    "InvalidInputException": _PARAMETERS,
    "InvalidParameterException": _PARAMETERS,
    "InvalidParameterValue": _PARAMETERS,
    "InvalidRequestException": _PARAMETERS,
    "ValidationError": _PARAMETERS,
    "ValidationException": _PARAMETERS,
    "InvalidBucketName": _BUCKET,
    "NoSuchBucket": _BUCKET,
    "PermanentRedirect": _BUCKET,
    "404": _OBJECT,
    "NoSuchKey": _OBJECT,
    "NoSuchVersion": _OBJECT,
    "InvalidS3ObjectException": _S3_OBJECT,
    "ImageTooLargeException": _MEDIA,
    "InvalidImageFormatException": _MEDIA,
    "VideoTooLargeException": _MEDIA,
    "IdempotentParameterMismatchException": _TOKEN,
    "ServiceQuotaExceededException": _QUOTA,
    "ResourceAlreadyExistsException": _EXISTS,
    "ResourceNotFoundException": _MISSING,
    "ResourceNotReadyException": _NOT_READY,
}

# --- errors without a code, from botocore itself

# The first class that matches counts: an SSL error is a connection error that no retry cures.
_ADVICE_BY_CLASS: dict[type[BaseException], str] = {
    botocore_exceptions.SSLError: "Check the certificates: the connection's verify setting or AWS_CA_BUNDLE.",
    botocore_exceptions.NoCredentialsError: _CREDENTIALS,
    botocore_exceptions.PartialCredentialsError: _CREDENTIALS,
    botocore_exceptions.ProfileNotFound: _CREDENTIALS,
    botocore_exceptions.NoRegionError: "Set the region in the AWS connection or in AWS_DEFAULT_REGION.",
    botocore_exceptions.ParamValidationError: _PARAMETERS,
}
_LOST_CONNECTION: tuple[type[BaseException], ...] = (
    botocore_exceptions.ConnectionError,
    botocore_exceptions.HTTPClientError,
    botocore_exceptions.IncompleteReadError,
    botocore_exceptions.CredentialRetrievalError,
)
# The request was sent.
_LOST_ANSWER = (botocore_exceptions.HTTPClientError, botocore_exceptions.IncompleteReadError)


class Verdict(Enum):
    """What to do about an error."""

    SLOW_DOWN = "slow down and try again"
    TRY_AGAIN = "try again"
    NO_SLOT = "wait until a video job ends"
    STOP = "stop: nothing will work until a person acts"
    REJECTED = "this analysis cannot work; go on with the others"


def judge(error: BaseException) -> Verdict:
    """Classify an exception that a call raised."""
    if isinstance(error, ClientError | WaiterError):
        return _judge_answer(error_code(error), _status(error))
    if isinstance(error, TransientError):
        return Verdict.TRY_AGAIN
    if isinstance(error, (TerminalError, *_ADVICE_BY_CLASS)):
        return Verdict.STOP
    if isinstance(error, _LOST_CONNECTION):
        return Verdict.TRY_AGAIN
    return Verdict.STOP if isinstance(error, BotoCoreError) else Verdict.REJECTED


def _judge_answer(code: str, status: int) -> Verdict:
    if code in THROTTLED or status == 429:
        return Verdict.SLOW_DOWN
    if code in NO_SLOT:
        return Verdict.NO_SLOT
    if code in DENIED or status in (401, 403):
        return Verdict.STOP
    if code in UNAVAILABLE or code in IN_USE or status >= 500:
        return Verdict.TRY_AGAIN
    return Verdict.REJECTED


def is_transient(error: BaseException) -> bool:
    """Return whether the same call may work later."""
    return isinstance(error, Exception) and judge(error) in (Verdict.SLOW_DOWN, Verdict.TRY_AGAIN)


def answer_was_lost(error: BaseException) -> bool:
    """Return whether a request may have been carried out although its answer did not come."""
    return isinstance(error, _LOST_ANSWER)


def advice_for(error: BaseException) -> str | None:
    """Return what a person has to do about an error, or None if this page does not know."""
    if advice := ADVICE_BY_CODE.get(error_code(error)):
        return advice
    return next((text for kind, text in _ADVICE_BY_CLASS.items() if isinstance(error, kind)), None)


def retrying(seconds: float) -> Retrying:
    """Return what repeats a call while AWS is busy or down, and raises the error after so many seconds."""
    return Retrying(
        retry=retry_if_exception(is_transient),
        wait=wait_random_exponential(multiplier=0.25, max=20),
        stop=stop_after_delay(seconds),
        reraise=True,
    )


def error_code(error: BaseException) -> str:
    """Return AWS's code of an error, or an empty text if it is not an answer of AWS."""
    code: str = _answer(error).get("Error", {}).get("Code", "")
    return code


def code_and_message(error: BaseException) -> tuple[str, str]:
    """Return an error's code and text, as tables show them; an error without a code is named by its class."""
    if isinstance(error, ClientError):
        return error_code(error), _answer(error)["Error"].get("Message", "")
    return type(error).__name__, str(error)


def finds_nothing(error: BaseException, text: str | None) -> bool:
    """Return whether an error only says that the media has nothing to look for.

    :param text: how the operation says so, or None if it never does.
    """
    code, message = code_and_message(error)
    return text is not None and code == "InvalidParameterException" and text in message


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those behind it, as a traceback shows them."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _answer(error: BaseException) -> dict[str, Any]:
    """Return AWS's answer: that of a client error, or the last one that a waiter got."""
    if isinstance(error, ClientError):
        return dict(error.response)
    return dict(error.last_response) if isinstance(error, WaiterError) else {}


def _status(error: BaseException) -> int:
    status: int = _answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status
