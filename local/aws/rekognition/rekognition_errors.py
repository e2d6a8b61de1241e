"""The API's errors, with the codes, statuses and messages that AWS documents.

Sources: "Error handling", https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html, and for
errors that this page leaves out, the descriptions of the exceptions in the API's model.
"""

from __future__ import annotations

from dataclasses import dataclass


class ServiceError(Exception):
    """An error reply of the API.

    :param code: AWS's error code, for instance ``InvalidS3ObjectException``.
    :param message: text for people.
    :param status: HTTP status: 400 for the caller's errors, 500 for the server's.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def __reduce__(self) -> tuple[type[ServiceError], tuple[str, str, int]]:
        return type(self), (self.code, self.message, self.status)


@dataclass(frozen=True)
class DocumentedError:
    """An error as AWS documents it, and its cause in this service.

    :param message: AWS's text; a reply may add a sentence of this service.
    :param cause: for the documentation.
    """

    message: str
    cause: str
    status: int = 400


DOCUMENTED_ERRORS: dict[str, DocumentedError] = {
    "AccessDeniedException": DocumentedError(
        "User: {} is not authorized to perform: {} on resource: {}.",
        "the operation is in the setting `denied`, or AWS has retired it",
    ),
    "IdempotentParameterMismatchException": DocumentedError(
        "The ClientRequestToken: {} you have supplied is already in use.",
        "a Start operation that repeats a token with other parameters",
    ),
    "ImageTooLargeException": DocumentedError(
        "Image size is too large.",
        "more than 5 MB in the request, 15 MB in S3, or more pixels than the operation takes",
    ),
    "InternalServerError": DocumentedError(
        "Amazon Rekognition experienced a service issue. Try your call again.",
        "S3 does not answer, or a worker process died twice over the request",
        status=500,
    ),
    "InvalidImageFormatException": DocumentedError(
        "Request has invalid image format.", "not a JPEG or PNG, or a damaged one"
    ),
    "InvalidPaginationTokenException": DocumentedError(
        "Pagination token in the request is not valid.",
        "a `NextToken` that is made up, belongs to other results or another order of them, or has expired",
    ),
    "InvalidParameterException": DocumentedError(
        "Request has invalid parameters.",
        "the request breaks the API's model (types, enumerations, patterns, least and greatest values) "
        "or a rule of the operation",
    ),
    "InvalidS3ObjectException": DocumentedError(
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
        "no such object or bucket, or a bucket in another region than the call",
    ),
    "LimitExceededException": DocumentedError(
        "An Amazon Rekognition service limit was exceeded.",
        "a video job or a model above the setting `job_limit` or `model_limit`",
    ),
    "ProvisionedThroughputExceededException": DocumentedError(
        "The number of requests exceeded your throughput limit.",
        "more calls per second than the setting `tps` allows the operation",
    ),
    "ResourceAlreadyExistsException": DocumentedError(
        "The collection id: {} already exists.", "CreateCollection with the id of a collection"
    ),
    "ResourceInUseException": DocumentedError(
        "The specified resource is already being used.",
        "a project or version whose name is taken, or whose state does not allow the request",
    ),
    "ResourceNotFoundException": DocumentedError(
        "The resource specified in the request cannot be found.",
        "no such job, collection, project or version, or a job whose results have expired",
    ),
    "ResourceNotReadyException": DocumentedError(
        "The requested resource isn't ready.", "DetectCustomLabels with a model that is not running"
    ),
    "ThrottlingException": DocumentedError(
        "Slow down; sudden increase in rate of requests.",
        "a fault that is set, or too many calls at once through the address of all services",
    ),
    "VideoTooLargeException": DocumentedError(
        "Video size in bytes: {} is more than the maximum limit of: {} bytes.", "a video of more than 10 GB"
    ),
}


CALLER = "arn:aws:iam::123456789012:user/local"


def access_denied(operation: str, detail: str) -> ServiceError:
    """Return AWS's error for a caller without permission, followed by the reason."""
    return documented_error("AccessDeniedException", CALLER, f"rekognition:{operation}", "*", detail=detail)


def documented_error(code: str, *arguments: object, detail: str = "") -> ServiceError:
    """Return an error in AWS's words.

    :param arguments: fill the placeholders in AWS's message.
    :param detail: a sentence to add.
    """
    known = DOCUMENTED_ERRORS[code]
    message = known.message.format(*arguments)
    return ServiceError(code, f"{message} {detail}".rstrip(), known.status)
