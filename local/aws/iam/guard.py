"""Notes what every caller needs, and refuses what the policies of its role do not allow.

What is not looked at: policies of resources, boundaries and sessions; DeleteObjects is refused as a whole,
where S3 refuses key by key.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from local.aws.endpoint_errors import AwsError, protocol_of
from local.aws.iam.callers import OWNER, Scope, caller_arn, credential_scope, policies_of
from local.aws.iam.need import Need
from local.aws.iam.policy_evaluation import allows
from local.aws.iam.s3_actions import s3_needs
from local.aws.iam.service_actions import Members, WorkgroupOf, service_needs

FindQuickSight = Callable[[str, str], tuple[str, Members] | None]
_READS = ("s3:GetObject", "s3:GetObjectVersion")
# Code and HTTP status of a refusal, by protocol; SNS has its own.
_REFUSALS = {"rest-xml": ("AccessDenied", 403), "query": ("AccessDenied", 403)}
_UNKNOWN_KEYS = {"rest-xml": ("InvalidAccessKeyId", 403), "query": ("InvalidClientTokenId", 403)}


class Guard:
    """Stands between callers and services.

    :param calls_file: to which every need of every role is appended once, as a line of JSON; None for none.
    :param enforce: whether to refuse.
    :param workgroup_of: returns the Athena workgroup of an execution.
    :param find_quicksight: returns the operation that a method and path are, and the members in the path.
    """

    def __init__(
        self,
        calls_file: Path | None,
        enforce: bool,
        workgroup_of: WorkgroupOf,
        find_quicksight: FindQuickSight,
    ) -> None:
        self._calls_file = calls_file
        self._enforce = enforce
        self._workgroup_of = workgroup_of
        self._find_quicksight = find_quicksight
        self._noted: set[tuple[str, Need]] = set()
        self._lock = Lock()

    def check(self, environ: dict[str, Any]) -> None:
        """Note a request, and refuse it unless its caller may do what it asks for.

        :raises AwsError: as the service would refuse.
        """
        scope = credential_scope(environ)
        if scope.access_key == OWNER and self._calls_file is None:
            return
        protocol = protocol_of(environ, scope.service)
        if self._enforce and not _is_known(scope.access_key):
            code, status = _UNKNOWN_KEYS.get(protocol, ("UnrecognizedClientException", 400))
            raise AwsError(code, "The security token included in the request is invalid.", status)
        for need in self._needs(environ, scope, protocol):
            self.require(scope.access_key, need, scope.service, protocol)

    def require(
        self, access_key: str, need: Need, service: str | None = "s3", protocol: str = "rest-xml"
    ) -> None:
        """Note one need of a caller, and refuse it unless it is allowed.

        :param protocol: of the answer; see :func:`local.aws.endpoint_errors.protocol_of`.
        :raises AwsError: as the service would refuse.
        """
        self._note(access_key, need)
        if not self._enforce or access_key == OWNER:
            return
        if not allows(policies_of(access_key) or (), need):
            code, status = _REFUSALS.get(protocol, ("AccessDeniedException", 400))
            on = "" if need.resource == "*" else f" on resource: {need.resource}"
            raise AwsError(
                "AuthorizationError" if service == "sns" else code,
                f"User: {caller_arn(access_key)} is not authorized to perform: {need.action}{on} "
                f"because no identity-based policy allows the {need.action} action",
                status,
            )
        # Who may not list a bucket is not told that it lacks an object (GetObject, S3 API reference).
        if need.action in _READS and not _exists(need.resource):
            bucket = need.resource.partition("/")[0]
            self.require(access_key, Need("s3:ListBucket", bucket), service, protocol)

    def _needs(self, environ: dict[str, Any], scope: Scope, protocol: str) -> list[Need]:
        if scope.service in (None, "s3"):
            in_body = environ["REQUEST_METHOD"] == "POST" and "delete" in environ.get("QUERY_STRING", "")
            return s3_needs(environ, _body(environ) if in_body else b"")
        assert scope.service is not None
        operation, members = self._operation(environ, scope, protocol)
        return service_needs((scope.service, operation, members, scope.region), self._workgroup_of)

    def _operation(self, environ: dict[str, Any], scope: Scope, protocol: str) -> tuple[str, Members]:
        """Return the name of an operation and the members of its request."""
        if scope.service == "quicksight":
            found = self._find_quicksight(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
            return found or ("Unknown", {})
        if protocol == "query":
            members = {name: values[0] for name, values in parse_qs(_body(environ).decode()).items()}
            return members.get("Action", "Unknown"), members
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if not operation:
            return environ.get("PATH_INFO", "").rpartition("/")[2] or "Unknown", {}
        try:
            return operation, json.loads(_body(environ) or b"{}")
        except ValueError as error:
            raise AwsError("SerializationException", f"The body is not JSON: {error}") from error

    def _note(self, access_key: str, need: Need) -> None:
        if self._calls_file is None or (access_key, need) in self._noted:
            return
        line = {"role": access_key, "action": need.action, "resource": need.resource}
        with self._lock, self._calls_file.open("a", encoding="utf-8") as file:
            self._noted.add((access_key, need))
            file.write(json.dumps(line | {"context": dict(need.context)}) + "\n")


def _is_known(access_key: str) -> bool:
    return access_key == OWNER or policies_of(access_key) is not None


def _exists(resource: str) -> bool:
    bucket, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
    found = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets.get(bucket)
    return found is None or key in found.keys


def _body(environ: dict[str, Any]) -> bytes:
    """Return the body of a request, which can be read again afterwards."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = BytesIO(body)
    return body
