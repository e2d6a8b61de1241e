"""Checks of requests and replies against botocore's models, from which AWS also generates the SDKs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

_VALIDATOR = ParamValidator()
_NUMBERS = ("integer", "long", "float", "double")


def problems(value: Any, shape: Shape) -> list[str]:
    """Return in words what a value breaks of its shape.

    Checked are types, required and unknown members, and, which botocore leaves to the server, enumerations,
    patterns, and the greatest lengths and values.
    """
    report = _VALIDATOR.validate(value, shape)
    if report.has_errors():
        return str(report.generate_report()).splitlines()
    return list(_broken_constraints(value, shape, ""))


def _broken_constraints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield from _broken_constraints(member, shape.members[name], f"{path}.{name}" if path else name)
    elif isinstance(shape, MapShape):
        yield from _above(len(value), shape, path, "length")
        for key, member in value.items():
            yield from _broken_constraints(member, shape.value, f"{path}.{key}")
    elif isinstance(shape, ListShape):
        yield from _above(len(value), shape, path, "length")
        for index, member in enumerate(value):
            yield from _broken_constraints(member, shape.member, f"{path}[{index}]")
    elif isinstance(shape, StringShape):
        yield from _broken_text(value, shape, path)
    elif shape.type_name in _NUMBERS:
        yield from _above(value, shape, path, "value")


def _broken_text(value: str, shape: StringShape, path: str) -> Iterator[str]:
    yield from _above(len(value), shape, path, "length")
    if shape.enum and value not in shape.enum:
        yield f"Value '{value}' at '{path}': Member must satisfy enum value set: {shape.enum}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"Value '{value}' at '{path}': Member must satisfy regular expression pattern: {pattern}"


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
