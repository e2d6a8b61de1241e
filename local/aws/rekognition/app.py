"""The ASGI application: Rekognition's protocol (JSON 1.1 by POST) and the control address ``/_control/``."""

from __future__ import annotations

import logging
import re
import secrets
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from local.aws.access import control_login, reason_to_refuse
from local.aws.rekognition.api_model import check_reply, parse_request
from local.aws.rekognition.celebrity_replies import CelebrityDirectory
from local.aws.rekognition.control import Control
from local.aws.rekognition.face_collections import Collections
from local.aws.rekognition.face_search import FaceSearch
from local.aws.rekognition.images import IMAGE_OPERATIONS, ImageAnalyst
from local.aws.rekognition.jobs import Jobs
from local.aws.rekognition.media_files import Media
from local.aws.rekognition.notifications import Notifier
from local.aws.rekognition.offered_operations import refusal
from local.aws.rekognition.pages import Pages
from local.aws.rekognition.pool import WorkerPool
from local.aws.rekognition.projects import Projects
from local.aws.rekognition.rekognition_errors import ServiceError, documented_error
from local.aws.rekognition.rekognition_settings import LocalRekognitionSettings
from local.aws.rekognition.replay import Replay
from local.aws.rekognition.videos import VIDEO_ANALYSES

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Operation = Callable[
    [str, dict[str, Any], str], Awaitable[dict[str, Any]]
]  # name, parameters, region -> reply

_TARGET_PREFIX = b"RekognitionService."
_CREDENTIAL_REGION = re.compile(rb"Credential=[^/,]+/\d{8}/([a-z0-9-]+)/")
_DEFAULT_REGION = "us-east-1"
_HEALTH_PATH = "/_control/health"
_MAX_BODY = 16 * 1024 * 1024  # two images of 5 MB in base64, and room for the rest


class LocalRekognition:
    """The service. It must be made inside the event loop that runs it."""

    def __init__(self, settings: LocalRekognitionSettings) -> None:
        self.control = Control(settings.behavior)
        self.replay = Replay(settings.replay_folder)
        self._pools = [WorkerPool(settings.workers, settings.models) for _ in ("images", "videos")]
        media = Media(settings.aws_endpoint_url)
        notifier = Notifier(settings.aws_endpoint_url, self.control)
        pages = Pages(self.control)
        self.images = ImageAnalyst(media, self._pools[0], self.replay, self.control)
        self.collections = Collections(self.control, pages)
        self.jobs = Jobs(
            media,
            self._pools[1],
            self.replay,
            self.control,
            notifier,
            pages,
            self.collections,
            settings.workers,
        )
        self.projects = Projects(self.control, pages)
        self.projects.reset(self.replay.models)
        face_search = FaceSearch(self.images, self.collections, self.control)
        self.operations: dict[str, Operation] = {
            **dict.fromkeys(IMAGE_OPERATIONS, self.images.call),
            **dict.fromkeys(self.projects.operations, self.projects.call),
            **dict.fromkeys(self.collections.operations, self.collections.call),
            **dict.fromkeys(face_search.operations, face_search.call),
            "GetCelebrityInfo": CelebrityDirectory(self.replay).call,
            "DetectCustomLabels": self._detect_custom_labels,
            **{analysis.start: self.jobs.start for analysis in VIDEO_ANALYSES},
            **{analysis.get: self.jobs.get for analysis in VIDEO_ANALYSES},
        }

    async def call(self, operation: str, body: bytes, region: str) -> dict[str, Any]:
        """Answer one call of the API.

        :param operation: the name in the request's target.
        :raises ServiceError: any error that the caller shall see.
        """
        handle = self.operations.get(operation)
        if handle is None:
            raise refusal(operation)
        await self.control.admit(operation)
        if len(body) > _MAX_BODY:
            raise documented_error("ImageTooLargeException")
        reply = await handle(operation, parse_request(operation, body), region)
        check_reply(operation, reply)
        return reply

    async def _detect_custom_labels(
        self, operation: str, params: dict[str, Any], region: str
    ) -> dict[str, Any]:
        self.projects.require_running(params["ProjectVersionArn"], region)
        return await self.images.call(operation, params, region)

    async def command(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        """Answer a request to the control address.

        :raises ServiceError: if the path is unknown or the settings are invalid.
        """
        match method, path:
            case "GET", "/_control/health":
                return {"status": "ok", "open_jobs": self.jobs.open, "recorded": len(self.replay)}
            case "GET", "/_control/calls":
                return {**self.control.calls(), "models": self.projects.usage()}
            case "POST", "/_control/reset":
                self.control.reset()
                self.jobs.forget()
                self.collections.forget()
                self.replay.reload()
                self.projects.reset(self.replay.models)
                return {"status": "ok"}
            case "POST", "/_control/settings":
                try:
                    return self.control.change(orjson.loads(body)).model_dump()
                except ValueError as error:
                    raise ServiceError("InvalidSettings", str(error)) from error
        raise ServiceError("NotFound", f"this service has no address {method} {path}", status=404)

    def close(self) -> None:
        """End jobs and worker processes."""
        self.jobs.forget()
        for pool in self._pools:
            pool.close()


class App:
    """ASGI entry point: reads requests, and writes replies and errors in Rekognition's form."""

    def __init__(self, settings: LocalRekognitionSettings) -> None:
        self._settings = settings
        self._service: LocalRekognition | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            body = await _read(receive)
            status, reply = await self._answer(scope, body)
            await _write(send, status, reply)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._service = LocalRekognition(self._settings)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._service.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, body: bytes) -> tuple[int, dict[str, Any]]:
        assert self._service is not None
        headers = dict(scope["headers"])
        target = headers.get(b"x-amz-target", b"")
        try:
            _refuse_web_pages(headers)
            if target.startswith(_TARGET_PREFIX):
                operation = target.removeprefix(_TARGET_PREFIX).decode()
                return 200, await self._service.call(operation, body, _region(headers))
            if scope["path"] != _HEALTH_PATH:
                self.require_token(headers)
            return 200, await self._service.command(scope["method"], scope["path"], body)
        except ServiceError as error:
            return error.status, {"__type": error.code, "message": error.message}
        except Exception as error:
            logger.exception("unexpected error in %s", target.decode() or scope["path"])
            return 500, {"__type": "InternalServerError", "message": repr(error)}

    def require_token(self, headers: dict[bytes, bytes]) -> None:
        """Let only those use the control addresses who have the token, as the password of basic HTTP login.

        :raises ServiceError: if the token is not in the headers, or if there is none.
        """
        token = self._settings.control_token
        if not token:
            raise ServiceError("Unauthorized", "LOCAL_REKOGNITION_CONTROL_TOKEN is not set", status=401)
        if not secrets.compare_digest(headers.get(b"authorization", b""), control_login(token).encode()):
            raise ServiceError("Unauthorized", "the token is wrong or missing", status=401)


def _refuse_web_pages(headers: dict[bytes, bytes]) -> None:
    text = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
    reason = reason_to_refuse(
        text.get("host", ""), text.get("origin"), text.get("sec-fetch-site"), text.get("sec-fetch-mode")
    )
    if reason:
        raise ServiceError("AccessDeniedException", reason, status=403)


def _region(headers: dict[bytes, bytes]) -> str:
    match = _CREDENTIAL_REGION.search(headers.get(b"authorization", b""))
    return match.group(1).decode() if match else _DEFAULT_REGION


async def _read(receive: Receive) -> bytes:
    """Return a request's body, cut off beyond the limit: long enough to see that it is too long."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part, more = message.get("body", b""), message.get("more_body", False)
        if size <= _MAX_BODY:
            parts.append(part)
        size += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _write(send: Send, status: int, reply: dict[str, Any]) -> None:
    body = orjson.dumps(reply)
    headers = [
        (b"content-type", b"application/x-amz-json-1.1"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
