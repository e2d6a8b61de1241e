"""What a request asks for besides its image or video: members of the registry, and those of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape
from botocore.validate import ParamValidator

from include.core.features import ImageCall, VideoJob
from include.core.service_model import rekognition_model

# Members that the pipeline itself fills.
_RESERVED = frozenset({"Image", "Video", "ClientRequestToken", "NotificationChannel", "JobTag"})


def request_parameters(call: ImageCall | VideoJob, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a request, apart from the image or video.

    :param members: those that the source sets; they win over the registry's.
    """
    return {**call.parameters, **members}


def problems(call: ImageCall | VideoJob | None, members: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each mistake in the members that a source sets.

    botocore's model of the operation says which names, types, numbers, lengths and enumerations are right.
    """
    if call is None:
        return []
    return list(_problems(call, members))


def _problems(call: ImageCall | VideoJob, members: Mapping[str, Any]) -> Iterator[str]:
    known = _members(call.operations[0])
    for name in call.required_parameters:
        if name not in members:
            yield f"the member {name} is missing; write it after the feature's name, as in {{{name}: ...}}"
    for name, value in members.items():
        if name in _RESERVED:
            yield f"leave {name} out: the pipeline sets it"
        elif name not in known:
            allowed = ", ".join(sorted(set(known) - _RESERVED)) or "none but the media"
            yield f"{call.operations[0]} has no member {name!r}; choose from {allowed}"
        else:
            report = ParamValidator().validate(value, known[name])
            yield from (f"{name}: {line}" for line in report.generate_report().splitlines())


def _members(operation: str) -> Mapping[str, Shape]:
    shape = rekognition_model().operation_model(operation).input_shape
    assert shape is not None
    members: Mapping[str, Shape] = shape.members
    return members
