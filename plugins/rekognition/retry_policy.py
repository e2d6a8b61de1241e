"""Retry policy that decides by the AWS error code, which exception classes do not tell apart."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy
from botocore import exceptions as botocore_exceptions

if TYPE_CHECKING:
    from airflow.sdk import Context

RETRY_CODES = frozenset(
    {
        # too many requests, or all of the account's slots for video jobs are taken
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        # somebody else is writing the same thing, or a model is between two states
        "ConcurrentModificationException",
        "OperationAborted",
        "ResourceInUseException",
        "TransactionConflictException",
        "TransactionInProgressException",
        # trouble on the side of AWS; a status of 500 and above counts too, whatever its code
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

ADVICE_BY_CODE = {
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "AllAccessDisabled": _ALLOW,
    "UnauthorizedOperation": _ALLOW,
    "403": _ALLOW,
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

# The first class that matches counts: an SSL error is a connection error that no retry cures.
ADVICE_BY_CLASS: dict[type[BaseException], str] = {
    botocore_exceptions.SSLError: "Check the certificates: the connection's verify setting or AWS_CA_BUNDLE.",
    botocore_exceptions.NoCredentialsError: _CREDENTIALS,
    botocore_exceptions.PartialCredentialsError: _CREDENTIALS,
    botocore_exceptions.ProfileNotFound: _CREDENTIALS,
    botocore_exceptions.NoRegionError: "Set the region in the AWS connection or in AWS_DEFAULT_REGION.",
    botocore_exceptions.ParamValidationError: _PARAMETERS,
}
RETRY_CLASSES: tuple[type[BaseException], ...] = (
    botocore_exceptions.ConnectionError,
    botocore_exceptions.HTTPClientError,
    botocore_exceptions.IncompleteReadError,
    botocore_exceptions.CredentialRetrievalError,
)


@dataclass(frozen=True)
class AwsErrorCodeRetryPolicy(RetryPolicy):
    """
    Retry what passes by itself on AWS, fail at once what somebody has to correct.

    Throttling, exhausted limits, errors inside AWS and lost connections are retried after a delay that
    doubles from try to try and varies at random, so that mapped tasks do not come back together. Missing
    permissions, invalid parameters, missing buckets and missing credentials fail at once, with a reason that
    says what to do. Anything else, also an AWS error not known here, is left to the task's own settings. The
    number of retries is always the task's.

    :param base_delay: Upper end of the delay after the first try; a delay is at least half its upper end.
    :param max_delay: Upper end that no delay exceeds.
    """

    base_delay: timedelta = timedelta(seconds=10)
    max_delay: timedelta = timedelta(minutes=10)

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        for error in _exception_chain(exception):
            decision = self._decide(error, try_number)
            if decision is not None:
                return decision
        return RetryDecision.default()

    def _decide(self, error: BaseException, try_number: int) -> RetryDecision | None:
        """Return the decision for one exception of the chain, or None if it says nothing."""
        response = _error_response(error)
        code = response.get("Error", {}).get("Code", "")
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        advice = ADVICE_BY_CODE.get(code) or next(
            (text for kind, text in ADVICE_BY_CLASS.items() if isinstance(error, kind)), None
        )
        if advice:
            return RetryDecision.fail(reason=f"{str(error).rstrip('.')}. {advice}")
        if code in RETRY_CODES or status == 429 or status >= 500 or isinstance(error, RETRY_CLASSES):
            return RetryDecision.retry(delay=self._delay(try_number), reason=str(error))
        return None

    def _delay(self, try_number: int) -> timedelta:
        doublings = min(max(try_number, 1) - 1, 32)
        upper_end = min(self.base_delay * 2**doublings, self.max_delay)
        seconds = upper_end.total_seconds() * random.uniform(0.5, 1.0)
        return timedelta(seconds=seconds)


def _exception_chain(exception: BaseException) -> Iterator[BaseException]:
    """Yield the exception and those behind it, as a traceback shows them."""
    seen: set[int] = set()
    error: BaseException | None = exception
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _error_response(error: BaseException) -> Mapping[str, Any]:
    """Return AWS's answer from a client error, or the last one that a waiter got."""
    response: Mapping[str, Any] = {}
    if isinstance(error, botocore_exceptions.ClientError):
        response = error.response
    elif isinstance(error, botocore_exceptions.WaiterError):
        response = error.last_response
    return response
