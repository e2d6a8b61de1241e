"""Read members of a response, whatever they hold, and count those that the API does not document."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from include.core.service_model import rekognition_model
from include.store.response_archive import FRAME_TIME

JsonObject = Mapping[str, Any]

# The member of a line of a results manifest that holds the response to one image ("Bulk analysis output
# manifests", https://docs.aws.amazon.com/rekognition/latest/dg/bulk-analysis-output-manifests.html).
MANIFEST_RESPONSE = "detect-moderation-labels"
MANIFEST_SOURCE = "source-ref"

# What boto3 and the archive add to a response.
_NOT_OF_THE_API = ("ResponseMetadata", FRAME_TIME)


def mapping(value: Any) -> JsonObject:
    """Return an object's members; an empty object for anything else."""
    return value if isinstance(value, Mapping) else {}


def objects(value: Any) -> list[JsonObject]:
    """Return the objects in a list; an empty list for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Return text as it is, even "NULL"; null for anything else. Lone surrogates become question marks."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def word(value: Any) -> str | None:
    """Return a name of the API's vocabulary; null also for ``""`` and "NULL", by which the API means null."""
    return None if value in ("", "NULL") else text(value)


def words(value: Any) -> list[str]:
    """Return the words of a list."""
    return [found for item in value if (found := word(item)) is not None] if isinstance(value, list) else []


def names(value: Any) -> list[str]:
    """Return the names in a list of objects with a ``Name``."""
    return [name for item in objects(value) if (name := word(item.get("Name"))) is not None]


def number(value: Any) -> float | None:
    """Return a finite number, also from a string that holds one; null for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def whole(value: Any) -> int | None:
    """Return a whole number, rounding a fraction; null for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    result = number(value)
    return None if result is None else round(result)


def truth(value: Any) -> bool | None:
    """Return true or false, also from the strings; null for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def box(value: Any, prefix: str = "box") -> dict[str, float | None]:
    """Return the box columns of a ``BoundingBox``; edges outside the frame are kept as they are."""
    members = mapping(value)
    return {
        f"{prefix}_left": number(members.get("Left")),
        f"{prefix}_top": number(members.get("Top")),
        f"{prefix}_width": number(members.get("Width")),
        f"{prefix}_height": number(members.get("Height")),
    }


def polygon(value: Any) -> list[dict[str, float | None]]:
    """Return the corners of a ``Polygon``."""
    return [{"x": number(point.get("X")), "y": number(point.get("Y"))} for point in objects(value)]


def findings(
    pages: Iterable[JsonObject], member: str, version_member: str | None = None
) -> Iterator[tuple[str | None, JsonObject]]:
    """Yield ``(model version, finding)`` over all pages.

    A page without a version has that of the page before.

    :param version_member: member that names the model, where the operation has one.
    """
    version = None
    for page in pages:
        if version_member:
            version = word(page.get(version_member)) or version
        for item in objects(page.get(member)):
            yield version, item


def count_unknown_members(
    operation: str, pages: Iterable[JsonObject], counts: Counter[str]
) -> Iterator[JsonObject]:
    """Pass pages on, counting the paths of members that botocore's model of the operation does not have.

    A page that is not an object is passed on as an empty one.
    """
    documented = _documented(operation)
    for page in pages:
        members = {name: value for name, value in mapping(page).items() if name not in _NOT_OF_THE_API}
        _count(members, documented, "", counts)
        yield members


# A structure is a mapping of its members, a list a list of its member, anything else None.
_Documented = dict[str, Any] | list[Any] | None


def _count(value: Any, documented: _Documented, path: str, counts: Counter[str]) -> None:
    if isinstance(documented, dict) and isinstance(value, Mapping):
        _count_members(value, documented, path, counts)
    elif isinstance(documented, list) and isinstance(value, list):
        for item in value:
            _count(item, documented[0], f"{path}[]", counts)


def _count_members(
    members: JsonObject, documented: Mapping[str, Any], path: str, counts: Counter[str]
) -> None:
    for name, value in members.items():
        inner_path = f"{path}.{name}" if path else str(name)
        if name not in documented:
            counts[inner_path] += 1
        elif documented[name] is not None and value:
            _count(value, documented[name], inner_path, counts)


@cache
def _documented(operation: str) -> dict[str, Any]:
    output = rekognition_model().operation_model(operation).output_shape
    assert isinstance(output, StructureShape)
    members = _members_of(output)
    if operation == "GetMediaAnalysisJob":
        members |= {MANIFEST_SOURCE: None, MANIFEST_RESPONSE: _documented("DetectModerationLabels")}
    return members


def _members_of(shape: StructureShape) -> dict[str, Any]:
    return {name: _describe(member) for name, member in shape.members.items()}


def _describe(shape: Shape) -> _Documented:
    if isinstance(shape, StructureShape):
        return _members_of(shape)
    if isinstance(shape, ListShape):
        inner = _describe(shape.member)
        return None if inner is None else [inner]
    return None
