"""What is wrong with a setting: one sentence for each mistake, with what to write instead.

The field of a model says by its ``description`` what it takes, and its first example shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from include.core.near_misses import near_miss
from include.core.printable import escaped

Place = tuple[str | int, ...]

# Where in a file each model is; "*" stands for any name or index.
Models = Mapping[tuple[str, ...], type[BaseModel]]

_LONGEST_VALUE = 60
_LONGEST_SENTENCE = 500
_KEY = "[key]"  # by which pydantic says that it means the key of a mapping, not the value

_NOUNS = {
    "bool": "neither true nor false",
    "dict": "no mapping",
    "float": "no number",
    "int": "no whole number",
    "list": "no list",
    "model": "no mapping",
    "string": "no text",
    "tuple": "no list",
}

_BROKEN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "finite_number": lambda _: "is no finite number",
    "greater_than": lambda limits: f"is not above {limits['gt']:g}",
    "greater_than_equal": lambda limits: f"is below {limits['ge']:g}",
    "less_than_equal": lambda limits: f"is above {limits['le']:g}",
    "literal_error": lambda limits: f"is none of {limits['expected']}",
    "missing": lambda _: "the key is missing",
    "string_pattern_mismatch": lambda _: "does not have the right form",
    "string_too_short": lambda _: "is empty",
}


class Mistake(NamedTuple):
    """A mistake and where it is.

    :param place: keys and indexes that lead to it.
    :param sentence: what is wrong, and what to write instead.
    """

    place: Place
    sentence: str


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise pydantic's error if there are mistakes, for a validator of a model or field.

    :param mistakes: with places within what the validator checks.
    :raises pydantic.ValidationError: with all of them.
    """
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("mistake", "{sentence}", {"sentence": mistake.sentence}),
            loc=mistake.place,
            input=None,
        )
        for mistake in mistakes
    ]
    if errors:
        raise ValidationError.from_exception_data("settings", errors)


def what_to_write(field: FieldInfo) -> str:
    """Return what a field of a file takes."""
    example = f", as in {field.examples[0]}" if field.examples else ""
    return f"; write {field.description}{example}" if field.description else ""


def mistakes_of(
    error: ValidationError, models: Models, instead: Callable[[FieldInfo], str] = what_to_write
) -> Iterator[Mistake]:
    """Yield the mistakes that pydantic found, in words.

    :param instead: returns the end of a sentence about a value of a field, which says what it takes.
    """
    for problem in error.errors(include_url=False):
        place = tuple(part for part in problem["loc"] if part != _KEY)
        yield Mistake(place, printable(_sentence(problem, place, models, instead)))


def printable(text: str) -> str:
    """Return a text in one line that a terminal shows as it is, cut where it is long."""
    line = escaped(" ".join(text.split()))
    return line if len(line) <= _LONGEST_SENTENCE else line[: _LONGEST_SENTENCE - 1] + "…"


def _sentence(
    problem: ErrorDetails, place: Place, models: Models, instead: Callable[[FieldInfo], str]
) -> str:
    kind = problem["type"]
    if kind in ("mistake", "value_error"):
        return problem["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return _unknown_key(str(place[-1]), _model_at(models, place[:-1]))
    field = _field_at(models, place)
    return _wrong(problem) + (instead(field) if field else "")


def _unknown_key(key: str, model: type[BaseModel] | None) -> str:
    known = sorted(model.model_fields) if model else []
    return f"there is no such key{near_miss(key, known)}; leave it out, or choose from {', '.join(known)}"


def _wrong(problem: ErrorDetails) -> str:
    kind, value = problem["type"], problem["input"]
    if kind == "missing":
        return _BROKEN[kind]({})
    if kind == "invalid_key":
        return f"the key {problem['loc'][-1]!r} is no text; put it into quotes"
    if kind in _BROKEN:
        return f"{shown(value)} {_BROKEN[kind](problem.get('ctx', {}))}"
    noun = _NOUNS.get(kind.split("_")[0])
    if noun is None:
        return f"{shown(value)} is not right: {problem['msg']}"
    return f"{shown(value)} is {noun}"


def shown(value: Any) -> str:
    """Return a value as a sentence names it; what a mapping or list holds may be endless."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _model_at(models: Models, place: Place) -> type[BaseModel] | None:
    for pattern, model in models.items():
        if len(pattern) == len(place) and all(
            wanted in ("*", part) for wanted, part in zip(pattern, place, strict=True)
        ):
            return model
    return None


def _field_at(models: Models, place: Place) -> FieldInfo | None:
    """Return the field that a place is, or is within."""
    for end in range(len(place) - 1, -1, -1):
        model = _model_at(models, place[:end])
        if model and place[end] in model.model_fields:
            return model.model_fields[str(place[end])]
    return None
