"""Error replies in the protocol of the request, so that botocore finds code and message in each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape


class AwsError(Exception):
    """An error that an AWS client shall see.

    :param code: AWS error code, such as ``InvalidRequestException``.
    :param status: HTTP status; botocore retries 500, 502, 503 and 504.
    :param fields: further members of the error's shape, for JSON protocols.
    """

    def __init__(
        self, code: str, message: str, status: int = 400, fields: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields or {}


@dataclass(frozen=True)
class Reply:
    """A complete HTTP reply."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        """Status and phrase, such as ``400 Bad Request``."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def wsgi_headers(self) -> list[tuple[str, str]]:
        """All headers, as WSGI expects them."""
        return [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            ("x-amzn-RequestId", str(uuid4())),
            *self.headers.items(),
        ]


def protocol_of(environ: dict[str, Any], service: str | None) -> str:
    """Return the protocol that a request's headers show: ``cbor``, ``json``, ``query`` or ``rest-xml``.

    :param service: signing name of the request, None if it is not signed.
    """
    content_type = environ.get("CONTENT_TYPE", "")
    if "HTTP_SMITHY_PROTOCOL" in environ:
        return "cbor"
    if environ.get("HTTP_X_AMZ_TARGET") or "json" in content_type:
        return "json"
    if content_type.startswith("application/x-www-form-urlencoded"):
        return "query"
    # Without a body the headers do not tell REST-JSON from REST-XML; these services speak XML.
    return "rest-xml" if service in (None, "s3", "route53", "cloudfront") else "json"


def error_reply(error: AwsError, protocol: str) -> Reply:
    """Write an error in one of the protocols of :func:`protocol_of`."""
    code, message = escape(error.code), escape(error.message)
    if protocol == "cbor":
        body = _cbor_map({"__type": error.code, "message": error.message})
        return Reply(error.status, "application/cbor", body, {"smithy-protocol": "rpc-v2-cbor"})
    if protocol == "query":
        kind = "Sender" if error.status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{uuid4()}</RequestId></ErrorResponse>"
        )
        return Reply(error.status, "text/xml", text.encode())
    if protocol == "rest-xml":
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        )
        return Reply(error.status, "application/xml", text.encode())
    document = {"__type": error.code, "message": error.message, "Message": error.message, **error.fields}
    return Reply(
        error.status,
        "application/x-amz-json-1.1",
        json.dumps(document).encode(),
        {"x-amzn-ErrorType": error.code},
    )


def _cbor_map(members: dict[str, str]) -> bytes:
    """Encode a map of fewer than 24 texts (RFC 8949, major types 5 and 3)."""
    return bytes([0xA0 | len(members)]) + b"".join(
        _cbor_text(text) for pair in members.items() for text in pair
    )


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x7a" + len(data).to_bytes(4, "big") + data
