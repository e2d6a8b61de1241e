"""The WSGI application: sends each request to Athena, QuickSight, Rekognition, its bill or moto."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from functools import cache, lru_cache, partial
from importlib.metadata import version
from typing import Any

from botocore.exceptions import ClientError
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from include.core.errors import code_and_message
from local.aws import dynamodb_items, dynamodb_writes, s3_etags, s3_keys, s3_listing
from local.aws.access import reason_to_refuse
from local.aws.athena.service import AthenaService
from local.aws.cost_explorer import cost_and_usage
from local.aws.endpoint_errors import AwsError, Reply, error_reply, protocol_of
from local.aws.endpoint_settings import LocalAwsSettings
from local.aws.iam.callers import OWNER, credential_scope
from local.aws.iam.guard import Guard
from local.aws.moto_clients import MotoClients
from local.aws.quicksight.quicksight_service import QuickSightService
from local.aws.rekognition_proxy import RekognitionProxy

logger = logging.getLogger(__name__)

HEALTH_PATH = "/_local/health"
_CONTROL_OF_MOTO = "/moto-api"
StartResponse = Callable[..., Any]


class Moto(DomainDispatcherApplication):
    """moto, which remembers the service of a host instead of trying two hundred patterns at each request."""

    def __init__(self) -> None:
        werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]
        super().__init__(create_backend_app)
        self._backend = lru_cache(maxsize=1000)(super().get_backend_for_host)

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the name of the service, None if it knows none."""
        return self._backend(host)


class Endpoint:
    """Sends each request to the service that it names, and writes failures so that botocore understands them.

    :param settings: the address of Rekognition, and the limits of queries.
    """

    def __init__(self, settings: LocalAwsSettings) -> None:
        s3_keys.install()
        s3_etags.install()
        s3_listing.install()
        dynamodb_items.install()
        dynamodb_writes.install()
        self._moto = Moto()
        self._clients = MotoClients(self._moto)
        self._athena = AthenaService(self._clients, settings.query_workers, settings.query_memory)
        self._quicksight = QuickSightService(self._athena)
        self._guard = self._make_guard(settings)
        self._clients_of: Callable[[str], MotoClients] = cache(self._make_clients)
        self._rekognition = RekognitionProxy(
            settings.rekognition_url, settings.threads // 2, settings.control_token
        )

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        target, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        access_key, region, service = credential_scope(environ)
        try:
            _refuse_others(environ)
            if self._guard and environ.get("PATH_INFO") != HEALTH_PATH:
                self._guard.check(environ)
            if environ.get("PATH_INFO") == HEALTH_PATH:
                reply = self._health()
            elif target == "RekognitionService":
                reply = self._rekognition.forward(environ, _body(environ))
            elif (target, operation) == ("AWSInsightsIndexService", "GetCostAndUsage"):
                reply = _json(cost_and_usage(self._rekognition.calls(), _request(environ)))
            elif target == "AmazonAthena" and self._athena.serves(operation):
                clients = self._clients_of(access_key)
                reply = _json(self._athena.call(operation, _request(environ), region, clients))
            elif service == "quicksight" and (found := self._quicksight.find(*_method_and_path(environ))):
                query = environ.get("QUERY_STRING", "")
                reply = self._quicksight.call(found, query, _body(environ), region)
            else:
                return self._ask_moto(environ, start_response, service)
        except AwsError as error:
            reply = error_reply(error, protocol_of(environ, service))
        except ClientError as error:
            reply = error_reply(AwsError(*code_and_message(error)), protocol_of(environ, service))
        except NotImplementedError as error:
            reply = error_reply(
                _not_implemented(environ, service, operation, error), protocol_of(environ, service)
            )
        except Exception as error:
            logger.exception("%s %r failed", environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
            failure = AwsError("InternalError", f"{type(error).__name__}: {error}", status=500)
            reply = error_reply(failure, protocol_of(environ, service))
        start_response(reply.status_line, reply.wsgi_headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]

    def _make_guard(self, settings: LocalAwsSettings) -> Guard | None:
        if not settings.enforce_iam and settings.calls_file is None:
            return None
        return Guard(
            settings.calls_file, settings.enforce_iam, self._athena.workgroup_of, self._quicksight.find
        )

    def _make_clients(self, access_key: str) -> MotoClients:
        """Return clients with a caller's rights."""
        guard = self._guard
        if guard is None or access_key == OWNER:
            return self._clients
        return MotoClients(
            partial(_ask_with_rights, guard, self._moto), access_key, partial(guard.require, access_key)
        )

    def close(self) -> None:
        """Stop running queries."""
        self._athena.close()

    def _ask_moto(
        self, environ: dict[str, Any], start_response: StartResponse, service: str | None
    ) -> Iterable[bytes]:
        """Ask moto.

        :raises NotImplementedError: if moto lacks the service or the operation. For an operation that it
            lacks, moto answers 404 with an empty body or an HTML page. Only for S3 is a 404 a real answer.
        """
        if service == "cloudformation":
            self._install_types()
        if service in (None, "s3"):
            reply: Iterable[bytes] = self._moto(environ, start_response)
            return reply
        host = self._moto.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
        if self._moto.get_backend_for_host(host) is None:
            raise NotImplementedError("moto does not know the service.")
        chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        body = b"".join(chunks)
        if status.startswith("404") and (not body or body.lower().startswith(b"<!doctype html>")):
            raise NotImplementedError("moto does not know the operation.")
        start_response(status, list(headers.items()))
        return [body]

    @cache  # noqa: B019 (there is one endpoint, for as long as the process lives)
    def _install_types(self) -> None:
        """Let stacks be made. The import takes seconds, so only those who deploy a template wait for it."""
        from local.aws import cloudformation

        cloudformation.install(self._clients.client)

    def _health(self) -> Reply:
        state = {
            "status": "ok",
            "moto": version("moto"),
            "duckdb": version("duckdb"),
            "rekognition": {"url": self._rekognition.url, "up": self._rekognition.is_up()},
        }
        return Reply(200, "application/json", json.dumps(state).encode())


def _refuse_others(environ: dict[str, Any]) -> None:
    """Refuse what is not for clients of AWS.

    :raises AwsError: AccessDenied, if a web page may have sent the request, or if it is for the addresses by
        which moto itself is controlled.
    """
    reason = reason_to_refuse(
        environ.get("HTTP_HOST", ""),
        environ.get("HTTP_ORIGIN"),
        environ.get("HTTP_SEC_FETCH_SITE"),
        environ.get("HTTP_SEC_FETCH_MODE"),
    )
    if environ.get("PATH_INFO", "").startswith(_CONTROL_OF_MOTO):
        reason = f"Addresses below {_CONTROL_OF_MOTO} are closed."
    if reason:
        raise AwsError("AccessDenied", reason, status=403)


def _ask_with_rights(
    guard: Guard, moto: Moto, environ: dict[str, Any], start_response: StartResponse
) -> Iterable[bytes]:
    """Ask moto what a service asks for its caller, unless the caller may not."""
    try:
        guard.check(environ)
    except AwsError as error:
        reply = error_reply(error, protocol_of(environ, credential_scope(environ).service))
        start_response(reply.status_line, reply.wsgi_headers)
        return [reply.body]
    answer: Iterable[bytes] = moto(environ, start_response)
    return answer


def _not_implemented(
    environ: dict[str, Any], service: str | None, operation: str, error: Exception
) -> AwsError:
    request = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"
    called = f"{service or 'this service'} {operation or request}"
    logger.warning("not implemented: %s (%s)", called, error)
    return AwsError("NotImplemented", f"The local AWS endpoint does not implement {called}. {error}".strip())


def _method_and_path(environ: dict[str, Any]) -> tuple[str, str]:
    return environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")


def _request(environ: dict[str, Any]) -> Any:
    try:
        return json.loads(_body(environ) or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"The body is not JSON: {error}") from error


def _json(answer: Any) -> Reply:
    return Reply(200, "application/x-amz-json-1.1", json.dumps(answer, separators=(",", ":")).encode())


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    return body
