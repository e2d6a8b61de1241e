"""boto3 clients that reach moto within the process, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.core.botocore_stubber import MockRawResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

from local.aws.iam.callers import OWNER
from local.aws.iam.need import Need

if TYPE_CHECKING:
    from mypy_boto3_athena.client import AthenaClient
    from mypy_boto3_glue.client import GlueClient
    from mypy_boto3_s3.client import S3Client

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_ADDRESS = "http://127.0.0.1"
_CONFIG = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})


class MotoClients:
    """Makes clients whose requests a WSGI application in this process answers, one per service and region.

    :param app: the application that serves AWS's APIs.
    :param access_key: that signs the requests.
    :param require: refuses what the caller may not do, where no request shows it.
    :ivar client: returns the client of a service in a region.
    :ivar athena: returns the Athena client of a region.
    :ivar glue: returns the Glue client of a region.
    :ivar s3: returns the S3 client of a region.
    """

    def __init__(
        self, app: WsgiApp, access_key: str = OWNER, require: Callable[[Need], None] = lambda need: None
    ) -> None:
        self._app = app
        self.require = require
        self._session = boto3.session.Session(aws_access_key_id=access_key, aws_secret_access_key="local")
        self.client: Callable[[str, str], Any] = cache(self._create)
        self.athena: Callable[[str], AthenaClient] = cache(partial(self._create, "athena"))
        self.glue: Callable[[str], GlueClient] = cache(partial(self._create, "glue"))
        self.s3: Callable[[str], S3Client] = cache(partial(self._create, "s3"))

    def _create(self, service: str, region: str) -> Any:
        client = self._session.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=_ADDRESS,
            verify=False,
            config=_CONFIG,
        )
        answer: Any = self._answer
        client.meta.events.register("before-send", answer)
        return client

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = _content(request.body)
        builder = EnvironBuilder(
            method=request.method,
            base_url=_ADDRESS,
            path=request.url.removeprefix(_ADDRESS),
            headers=[(name, _text(value)) for name, value in request.headers.items()],
            input_stream=BytesIO(body),
            content_length=len(body),
        )
        chunks, status, found = run_wsgi_app(self._app, builder.get_environ(), buffered=True)
        headers: Any = found
        reply: Any = MockRawResponse(b"".join(chunks))
        return AWSResponse(request.url, int(status.split(" ", 1)[0]), headers, reply)


def _content(body: Any) -> bytes:
    """Return a request's body, which botocore gives as text, as bytes, as a file or not at all."""
    content = body.read() if hasattr(body, "read") else body or b""
    return content.encode() if isinstance(content, str) else bytes(content)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
