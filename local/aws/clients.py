"""boto3 clients that reach moto within the process, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from io import BytesIO
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.core.botocore_stubber import MockRawResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_CONFIG = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})


class Clients:
    """Makes and keeps clients whose requests are answered by a WSGI application in this process.

    :param app: the application that serves AWS's APIs.
    """

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._session = boto3.session.Session(aws_access_key_id="local", aws_secret_access_key="local")
        self.get = lru_cache(maxsize=None)(self._create)

    def _create(self, service: str, region: str) -> Any:
        client = self._session.client(
            service, region_name=region, endpoint_url="http://127.0.0.1", verify=False, config=_CONFIG
        )
        client.meta.events.register("before-send", self._answer)
        return client

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        builder = EnvironBuilder(
            method=request.method,
            base_url="http://127.0.0.1",
            path=request.url.removeprefix("http://127.0.0.1"),
            headers={
                name: value.decode() if isinstance(value, bytes) else value
                for name, value in request.headers.items()
            },
            input_stream=BytesIO(body if isinstance(body, bytes) else body.encode()),
            content_length=len(body),
        )
        chunks, status, headers = run_wsgi_app(self._app, builder.get_environ(), buffered=True)
        content = b"".join(chunks)
        return AWSResponse(request.url, int(status.split(" ", 1)[0]), headers, MockRawResponse(content))  # type: ignore[arg-type]
