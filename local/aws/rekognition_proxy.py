"""Forwards calls to the process of the local Rekognition, so that one address serves every AWS API."""

from __future__ import annotations

import socket
import threading
from typing import Any
from urllib.parse import urlsplit

import urllib3

from local.aws.access import control_login
from local.aws.endpoint_errors import AwsError, Reply

_PASSED_ON = ("CONTENT_TYPE", "HTTP_X_AMZ_TARGET", "HTTP_AUTHORIZATION", "HTTP_X_AMZ_DATE", "HTTP_USER_AGENT")
_TIMEOUT = urllib3.Timeout(connect=2, read=120)


class RekognitionProxy:
    """Forwards over HTTP, without retries: Rekognition may have counted a call whose answer was lost.

    :param url: address of the local Rekognition process.
    :param at_once: most calls in flight; calls above that are throttled, as AWS does. Rekognition reads its
        images through this same server, so its calls must not take all of the server's threads.
    :param control_token: of its control addresses.
    """

    def __init__(self, url: str, at_once: int, control_token: str) -> None:
        self.url = url.rstrip("/")
        self._login = {"Authorization": control_login(control_token)}
        self._free = threading.BoundedSemaphore(at_once)
        self._pool = urllib3.PoolManager(maxsize=64, retries=False, timeout=_TIMEOUT)

    def forward(self, environ: dict[str, Any], body: bytes) -> Reply:
        """Forward a request and return its reply.

        :raises AwsError: ThrottlingException if too many calls are in flight; ServiceUnavailable (503, which
            clients retry) if the process does not answer.
        """
        if not self._free.acquire(blocking=False):
            raise AwsError(
                "ThrottlingException",
                f"Too many calls at once through this address. Set AWS_ENDPOINT_URL_REKOGNITION={self.url} "
                "to call Rekognition directly.",
            )
        try:
            return self._forward(environ, body)
        finally:
            self._free.release()

    def _forward(self, environ: dict[str, Any], body: bytes) -> Reply:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").title(): environ[name]
            for name in _PASSED_ON
            if name in environ
        }
        try:
            response = self._pool.request("POST", self.url + "/", body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise self._away(error) from error
        kept = {
            name: response.headers[name]
            for name in ("x-amzn-ErrorType", "x-amzn-RequestId", "Retry-After")
            if name in response.headers
        }
        return Reply(
            response.status,
            response.headers.get("Content-Type", "application/x-amz-json-1.1"),
            response.data,
            kept,
        )

    def calls(self) -> dict[str, Any]:
        """Return Rekognition's counters: ``GET /_control/calls``.

        :raises AwsError: ServiceUnavailable if the process does not answer; AccessDenied if it has another
            token.
        """
        try:
            reply = self._pool.request("GET", f"{self.url}/_control/calls", headers=self._login)
        except urllib3.exceptions.HTTPError as error:
            raise self._away(error) from error
        if reply.status != 200:
            raise AwsError("AccessDenied", reply.json()["message"], status=403)
        counters: dict[str, Any] = reply.json()
        return counters

    def _away(self, error: Exception) -> AwsError:
        return AwsError(
            "ServiceUnavailable",
            f"The local Rekognition does not answer at {self.url} ({type(error).__name__}). Start it, "
            "or point LOCAL_REKOGNITION_URL at it.",
            status=503,
        )

    def is_up(self) -> bool:
        """Return whether a process listens at the address."""
        address = urlsplit(self.url)
        try:
            with socket.create_connection(
                (address.hostname or "127.0.0.1", address.port or 80), timeout=0.25
            ):
                return True
        except OSError:
            return False
