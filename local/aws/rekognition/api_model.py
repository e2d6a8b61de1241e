"""Checks requests and replies against botocore's model of the API, from which AWS also generates the SDKs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import orjson
from botocore.model import ListShape, OperationModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from local.aws.rekognition.rekognition_errors import ServiceError, documented_error

SERVICE = botocore.session.get_session().get_service_model("rekognition")
OPERATION_NAMES = frozenset(SERVICE.operation_names)
_VALIDATOR = ParamValidator()
_NUMBERS = ("integer", "long", "float", "double")


@cache
def operation_model(operation: str) -> OperationModel:
    """Return botocore's model of an operation."""
    return SERVICE.operation_model(operation)


def parse_request(operation: str, body: bytes) -> dict[str, Any]:
    """Decode a request, and check its types, required members, enumerations, patterns and ranges of values.

    The size of image bytes is not checked here: an image that is too large has an error of its own.

    :param body: the request's JSON.
    :raises ServiceError: SerializationException or InvalidParameterException.
    """
    try:
        document = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise ServiceError("SerializationException", f"The request is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request must be a JSON object")
    shape = operation_model(operation).input_shape
    assert shape is not None
    params: dict[str, Any] = _decode(document, shape)
    problems = _problems(params, shape)
    if problems:
        found = f"{len(problems)} validation error(s) detected: {'; '.join(problems)}"
        raise documented_error("InvalidParameterException", detail=found)
    return params


def check_reply(operation: str, reply: dict[str, Any]) -> None:
    """Make sure that this service only sends replies that Amazon Rekognition could send.

    :raises RuntimeError: if the reply does not fit the model, which is a bug of this service.
    """
    shape = operation_model(operation).output_shape
    if shape is None:
        return
    problems = _problems(reply, shape)
    if problems:
        raise RuntimeError(f"reply of {operation} does not fit the service model: {'; '.join(problems)}")


def _decode(value: Any, shape: Shape) -> Any:
    """Convert JSON to what botocore's validator takes: without nulls and unknown members, blobs as bytes."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = shape.members
        return {
            name: _decode(member, members[name])
            for name, member in value.items()
            if member is not None and name in members
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_decode(member, shape.member) for member in value]
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise ServiceError("SerializationException", f"Not base64: {error}") from error
    return value


def _problems(value: Any, shape: Shape) -> list[str]:
    report = _VALIDATOR.validate(value, shape)
    if report.has_errors():
        return str(report.generate_report()).splitlines()
    return list(_broken_constraints(value, shape, ""))


def _broken_constraints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Yield the violations that botocore's own validator leaves to the server to find."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield from _broken_constraints(member, shape.members[name], f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        yield from _above(len(value), shape, path, "length")
        for index, member in enumerate(value):
            yield from _broken_constraints(member, shape.member, f"{path}[{index}]")
    elif isinstance(shape, StringShape):
        yield from _above(len(value), shape, path, "length")
        if shape.enum and value not in shape.enum:
            yield f"Value '{value}' at '{path}': Member must satisfy enum value set: {shape.enum}"
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield f"Value '{value}' at '{path}': Member must satisfy regular expression pattern: {pattern}"
    elif shape.type_name in _NUMBERS:
        yield from _above(value, shape, path, "value")


def _above(size: float, shape: Shape, path: str, measure: str) -> Iterator[str]:
    greatest = shape.metadata.get("max")
    if greatest is not None and size > greatest:
        yield f"Value at '{path}': Member must have {measure} less than or equal to {greatest}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compile(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """Compile a Java pattern; return None, which allows everything, if Python does not know its syntax."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
