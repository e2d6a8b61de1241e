"""What a request asks for besides its image or video: members of the registry, and those of a source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator

from include.core.features import FEATURES, ImageCall, MediaType, VideoJob
from include.core.near_misses import near_miss
from include.core.service_model import rekognition_model
from include.core.setting_mistakes import Mistake

# Members that the pipeline itself fills.
_RESERVED = frozenset({"Image", "Video", "ClientRequestToken", "NotificationChannel", "JobTag"})

_CLASS = re.compile(r"<class '(\w+)'>")


def request_parameters(call: ImageCall | VideoJob, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a request, apart from the image or video.

    :param members: those that the source sets; they win over the registry's.
    """
    return {**call.parameters, **members}


def problems(call: ImageCall | VideoJob | None, members: Mapping[str, Any]) -> list[Mistake]:
    """Return each mistake in the members that a source sets.

    botocore's model of the operation says which names, types, numbers, lengths, forms and enumerations are
    right, at any depth.
    """
    if call is None:
        return []
    return list(_problems(call, members))


def paid_twice(media_type: MediaType, features: Mapping[str, Mapping[str, Any]]) -> Iterator[Mistake]:
    """Yield a mistake for each kind of analysis that two features of a source would pay for.

    :param features: those that the source asks for, with the members that it sets; they have no problems.
    """
    payers: dict[tuple[str, str], str] = {}
    for name, members in features.items():
        call = FEATURES[name].analysis(media_type)
        if call is None or call.choice is None:
            continue
        for value in call.choice.values(request_parameters(call, members)):
            other = payers.setdefault((call.operation, value), name)
            if other != name:
                yield Mistake(
                    (name,),
                    f"{media_type} features {other} and {name} both ask for {value}, which would be paid for "
                    f"twice; take one of the two out, or {value} out of the {call.choice.member} of one",
                )


def _problems(call: ImageCall | VideoJob, members: Mapping[str, Any]) -> Iterator[Mistake]:
    known = _members(call.operations[0])
    for name in call.required_parameters:
        if name not in members:
            yield Mistake(
                (),
                f"the member {name} is missing; write it after the feature's name, as in {{{name}: ...}}",
            )
    for name, value in members.items():
        if name in _RESERVED:
            yield Mistake((name,), f"leave {name} out: the pipeline sets it")
        elif name not in known:
            allowed = set(known) - _RESERVED
            yield Mistake(
                (name,),
                f"{call.operations[0]} has no member {name!r}{near_miss(name, allowed)}; "
                f"choose from {', '.join(sorted(allowed)) or 'none but the media'}",
            )
        else:
            yield from (Mistake((name,), line) for line in _wrong(known[name], value, name))


def _wrong(shape: Shape, value: Any, name: str) -> Iterable[str]:
    """Return what botocore's validator says of a member's value, or else what it leaves to AWS."""
    report = ParamValidator().validate(value, shape).generate_report()
    lines = [_CLASS.sub(r"\1", line.replace("parameter input", "it")) for line in report.splitlines()]
    return [f"{name}: {line}" for line in lines] or _broken_constraints(shape, value, name)


def _broken_constraints(shape: Shape, value: Any, place: str) -> Iterator[str]:
    """Yield what botocore's validator leaves to AWS: enumerations, patterns, and greatest values and lengths.

    :param value: of the shape's type, at any depth.
    :param place: path to the value, such as ``Settings.GeneralLabels``.
    """
    yield from (f"{place}: {problem}" for problem in _broken_limits(shape.metadata, value))
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield from _broken_constraints(shape.members[name], member, f"{place}.{name}")
    elif isinstance(shape, ListShape):
        for number, member in enumerate(value):
            yield from _broken_constraints(shape.member, member, f"{place}[{number}]")


def _broken_limits(limits: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Yield what is wrong with a value itself, by the limits of its shape."""
    if isinstance(value, float) and not isfinite(value):
        yield f"{value} is no number"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{value!r} is none of {', '.join(limits['enum'])}{near_miss(value, limits['enum'])}"
    elif isinstance(value, str) and not _matches(limits.get("pattern"), value):
        yield f"{value!r} does not have the form {limits['pattern']}"
    size, unit = _size(value)
    if size > limits.get("max", size):
        yield f"{size} is more than {limits['max']}{unit}"


def _size(value: Any) -> tuple[float, str]:
    """Return what the greatest value of a shape is about: a number itself, or a length and its unit."""
    if isinstance(value, str):
        return len(value), " characters"
    return (value, "") if isinstance(value, int | float) else (len(value), " entries")


def _matches(pattern: str | None, value: str) -> bool:
    """Whether a text has the form of a pattern; AWS writes some that Python does not read."""
    try:
        return pattern is None or re.fullmatch(pattern, value, re.ASCII) is not None
    except re.error:
        return True


def _members(operation: str) -> Mapping[str, Shape]:
    shape = rekognition_model().operation_model(operation).input_shape
    assert shape is not None
    members: Mapping[str, Shape] = shape.members
    return members
