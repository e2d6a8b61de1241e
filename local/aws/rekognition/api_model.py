"""Checks requests and replies of Rekognition against botocore's model of the API."""

from __future__ import annotations

import base64
import binascii
from functools import cache
from typing import Any

import botocore.session
import orjson
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from local.aws.rekognition.rekognition_errors import ServiceError, documented_error
from local.aws.shape_checks import problems

SERVICE = botocore.session.get_session().get_service_model("rekognition")
OPERATION_NAMES = frozenset(SERVICE.operation_names)


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
    if broken := problems(params, shape):
        found = f"{len(broken)} validation error(s) detected: {'; '.join(broken)}"
        raise documented_error("InvalidParameterException", detail=found)
    return params


def check_reply(operation: str, reply: dict[str, Any]) -> None:
    """Make sure that this service only sends replies that Amazon Rekognition could send.

    :raises RuntimeError: if the reply does not fit the model, which is a bug of this service.
    """
    shape = operation_model(operation).output_shape
    if shape is None:
        return
    if broken := problems(reply, shape):
        raise RuntimeError(f"reply of {operation} does not fit the service model: {'; '.join(broken)}")


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
