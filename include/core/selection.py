"""What people select: days of the lake, and failed analyses by feature and error code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from include.core.errors import TerminalError
from include.core.features import FEATURES
from include.core.run import is_day


class SelectionError(TerminalError, ValueError):
    """A selection names something that does not exist; the text says what may be chosen."""


@dataclass(frozen=True)
class Selection:
    """Failed analyses, by feature and error code.

    :param features: their features; None for all.
    :param error_codes: the error codes that they failed with; None for all.
    :raises SelectionError: if the registry lacks one of the features.
    """

    features: frozenset[str] | None = None
    error_codes: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if unknown := (self.features or frozenset()) - set(FEATURES):
            raise SelectionError(
                f"no feature has the name {', '.join(sorted(unknown))}; choose from {', '.join(FEATURES)}"
            )

    def matches(self, feature: str, error_code: str | None) -> bool:
        """Whether an analysis that failed is selected."""
        return (self.features is None or feature in self.features) and (
            self.error_codes is None or error_code in self.error_codes
        )

    @classmethod
    def of(cls, features: Iterable[str] | None, error_codes: Iterable[str] | None) -> Self:
        """Make a selection from the lists of a form: an empty list selects all, and so does none."""
        return cls(frozenset(features or ()) or None, frozenset(error_codes or ()) or None)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Make the selection that :meth:`to_json` was made from."""
        features, error_codes = value["features"], value["error_codes"]
        return cls(
            None if features is None else frozenset(features),
            None if error_codes is None else frozenset(error_codes),
        )

    def to_json(self) -> dict[str, list[str] | None]:
        """Return it in the form in which it travels with an asset event."""
        return {
            "features": None if self.features is None else sorted(self.features),
            "error_codes": None if self.error_codes is None else sorted(self.error_codes),
        }


NOTHING = Selection(features=frozenset())


@dataclass(frozen=True)
class DayRange:
    """Days of the lake, both ends included.

    :param first: None for no limit; ``last`` likewise.
    """

    first: str | None = None
    last: str | None = None

    def __post_init__(self) -> None:
        for day in (self.first, self.last):
            if day is not None and not is_day(day):
                raise SelectionError(f"{day!r} is not a day such as 2026-11-20")
        if self.bounds[0] > self.bounds[1]:
            raise SelectionError(f"the first day, {self.first}, is after the last, {self.last}")

    @property
    def bounds(self) -> tuple[str, str]:
        """First and last day, for comparisons of text."""
        return self.first or "0001-01-01", self.last or "9999-12-31"

    def __contains__(self, day: str) -> bool:
        first, last = self.bounds
        return first <= day <= last
