"""Reading members of a response, whatever they hold, and counting those that the API does not document."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

JsonObject = Mapping[str, Any]


def mapping(value: Any) -> JsonObject:
    """Return an object's members; none if it is anything else."""
    return value if isinstance(value, Mapping) else {}


def objects(value: Any) -> list[JsonObject]:
    """Return the objects of a list; none if it is anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Return text as it is, even the text "NULL"; null unless it is text. Lone surrogates become question marks."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def word(value: Any) -> str | None:
    """Return a name of the API's vocabulary; null also for ``""`` and the string "NULL", which the API uses for it."""
    return None if value in ("", "NULL") else text(value)


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
    return {"true": True, "false": False}.get(str(value).lower())


def box(value: Any) -> dict[str, float | None]:
    """Return the box columns of a ``BoundingBox``; edges outside the frame are kept as they are."""
    members = mapping(value)
    return {
        "box_left": number(members.get("Left")),
        "box_top": number(members.get("Top")),
        "box_width": number(members.get("Width")),
        "box_height": number(members.get("Height")),
    }


def findings(
    pages: Iterable[JsonObject], member: str, version_member: str
) -> Iterator[tuple[str | None, JsonObject]]:
    """Yield ``(model version, finding)`` over all pages; a page that names no version has that of the page before."""
    version = None
    for page in pages:
        version = word(page.get(version_member)) or version
        for item in objects(page.get(member)):
            yield version, item


def count_unknown_members(
    operation: str, pages: Iterable[JsonObject], counts: Counter[str]
) -> Iterator[JsonObject]:
    """Pass pages on, counting the paths of members that botocore's model of the operation does not have.

    A page that is not an object is passed on as an empty one.
    """
    shape = _service_model().operation_model(operation).output_shape
    for page in pages:
        members = {name: value for name, value in mapping(page).items() if name != "ResponseMetadata"}
        _count(members, shape, "", counts)
        yield members


def _count(value: Any, shape: Shape, path: str, counts: Counter[str]) -> None:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, inner in value.items():
            inner_path = f"{path}.{name}" if path else str(name)
            if name in shape.members:
                _count(inner, shape.members[name], inner_path, counts)
            else:
                counts[inner_path] += 1
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            _count(item, shape.member, f"{path}[]", counts)


@cache
def _service_model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")
