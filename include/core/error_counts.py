"""The errors of a batch, counted by code with an example of each: what a summary says of what failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

MOST_CODES = 3
EXAMPLE_CHARACTERS = 300


@dataclass
class ErrorCounts:
    """Counts failed analyses."""

    by_code: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, code: str | None, message: str | None) -> None:
        """Count one, and keep the first message of each code."""
        code = code or "unknown"
        self.by_code[code] += 1
        self.examples.setdefault(code, message or "")

    def to_xcom(self) -> dict[str, Any]:
        """Return the most frequent codes: ``{errors: {code: count}, examples: {code: message}}``."""
        errors = dict(self.by_code.most_common(MOST_CODES))
        examples = {code: self.examples[code][:EXAMPLE_CHARACTERS] for code in errors}
        return {"errors": errors, "examples": examples}
