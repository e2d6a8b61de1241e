"""QuickSight on the wire: which operation a request is, what it asks for, and how its answer is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import botocore.session
from botocore.model import OperationModel, Shape, StructureShape

from local.aws.endpoint_errors import AwsError, Reply
from local.aws.shape_checks import problems

_MODEL = botocore.session.get_session().get_service_model("quicksight")

Request = dict[str, Any]


class Routes:
    """Finds the operation of a method and path, and the members that the path gives.

    :param operations: names of the operations that there are.
    """

    def __init__(self, operations: Iterable[str]) -> None:
        self._routes = [
            (name, model.http["method"], _pattern(model.http["requestUri"]))
            for name in operations
            for model in (operation_model(name),)
        ]

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the operation and the members in the path; None if there is none."""
        for name, wanted, pattern in self._routes:
            found = pattern.fullmatch(path) if method == wanted else None
            if found:
                return name, found.groupdict()
        return None


@cache
def operation_model(operation: str) -> OperationModel:
    """Return botocore's model of an operation."""
    return _MODEL.operation_model(operation)


def _pattern(uri: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", uri)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    )


def parse_request(operation: str, in_path: dict[str, str], query: str, body: bytes) -> Request:
    """Return the members of a request, checked against the model.

    :raises AwsError: SerializationException or InvalidParameterValueException.
    """
    shape = operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise AwsError("SerializationException", "The body is not a JSON object.")
    request = {**document, **_typed(shape, in_path), **_in_query(shape, query)}
    if broken := problems(request, shape):
        raise AwsError("InvalidParameterValueException", "; ".join(broken))
    return request


def _in_query(shape: StructureShape, query: str) -> Request:
    given = dict(parse_qsl(query))
    members = {
        name: member.serialization["name"]
        for name, member in shape.members.items()
        if member.serialization.get("location") == "querystring"
    }
    return _typed(shape, {name: given[key] for name, key in members.items() if key in given})


def _typed(shape: StructureShape, texts: dict[str, str]) -> Request:
    """Return members that came as texts with their types.

    :raises AwsError: InvalidParameterValueException if one is no number but has to be.
    """
    try:
        return {
            name: int(text) if shape.members[name].type_name in ("integer", "long") else text
            for name, text in texts.items()
        }
    except ValueError as error:
        raise AwsError("InvalidParameterValueException", str(error)) from error


def write_reply(operation: str, answer: dict[str, Any]) -> Reply:
    """Write an answer, with the id of the request that all have.

    :raises RuntimeError: if QuickSight could not send it, which is a bug of this service.
    """
    shape = operation_model(operation).output_shape
    assert shape is not None
    answer = {**answer, "RequestId": str(uuid4())}
    if broken := problems(answer, shape):
        raise RuntimeError(f"reply of {operation} does not fit the service model: {'; '.join(broken)}")
    text = json.dumps(answer, separators=(",", ":"), default=_seconds)
    return Reply(200, "application/json", text.encode())


def _seconds(value: Any) -> float:
    """Return an instant as the protocol has it, in seconds since 1970."""
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is not JSON")
    return value.timestamp()


def members_of(shape_name: str, source: dict[str, Any]) -> dict[str, Any]:
    """Return those members of a mapping that a structure of the model has."""
    shape: Shape = _MODEL.shape_for(shape_name)
    assert isinstance(shape, StructureShape)
    return {name: value for name, value in source.items() if name in shape.members}
