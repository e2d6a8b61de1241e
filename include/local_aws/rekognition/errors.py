"""The error that a caller of the API is meant to see."""

from __future__ import annotations


class ServiceError(Exception):
    """An error reply of the API.

    :param code: AWS's error code, for instance ``InvalidS3ObjectException``.
    :param message: for people.
    :param status: HTTP status; the documented errors of Rekognition are 400, server faults 500.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def __reduce__(self) -> tuple[type[ServiceError], tuple[str, str, int]]:
        return type(self), (self.code, self.message, self.status)
