"""What a table allows: rows of the normalizers are made to fit, whatever AWS sent; misfits are counted."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from include.core.schemas import FINDING_TABLES, TABLES, Column

# Rekognition computes with 32-bit floats: 100 percent arrives as 100.00000762939453 at times.
_FLOAT_ERROR = 1e-5
_WHOLE_NUMBERS = {"int": 2**31, "bigint": 2**63}
_ADDED_BY_CALLER = ("media_id", "analysis_key")


@dataclass(frozen=True)
class _Limit:
    """What a column allows.

    :param low: least number; ``high`` likewise; both are None if any value is allowed or the column holds no
        numbers.
    :param tolerance: a number that is outside by no more than this is rounded to the bound.
    """

    name: str
    required: bool
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    tolerance: float = 0

    def nearest(self, value: Any) -> Any:
        """Return the value if it is allowed, the bound if it misses that by a rounding, or None."""
        if self.values:
            return value if value in self.values else None
        if self.low is None or self.high is None or self.low <= value <= self.high:
            return value
        bound = self.low if value < self.low else self.high
        return bound if abs(value - bound) <= self.tolerance else None


def _limit(column: Column) -> _Limit:
    low, high = column.minimum, column.maximum
    if column.type in _WHOLE_NUMBERS:
        size = _WHOLE_NUMBERS[column.type]
        low, high = -size if low is None else low, size - 1 if high is None else high
        return _Limit(column.name, column.required, low=low, high=high)
    if low is None and high is None:
        return _Limit(column.name, column.required, column.values)
    low, high = float(-math.inf if low is None else low), float(math.inf if high is None else high)
    largest = max((abs(bound) for bound in (low, high) if math.isfinite(bound)), default=0.0)
    return _Limit(column.name, column.required, (), low, high, _FLOAT_ERROR * max(1.0, largest))


_LIMITS = {
    name: [
        limit
        for limit in map(_limit, TABLES[name].columns)
        if limit.name not in _ADDED_BY_CALLER and (limit.required or limit.values or limit.low is not None)
    ]
    for name in FINDING_TABLES
}


def fit(table: str, row: dict[str, Any], anomalies: Counter[str]) -> bool:
    """Make a row fit its table: what is outside a column's limits becomes null and is counted.

    A value that misses a bound by no more than a 32-bit float's rounding becomes the bound.

    :return: False if the row has to be left out, because a required column would be null; that is counted as
        well.
    """
    absent = []
    for limit in _LIMITS[table]:
        value = row[limit.name]
        if value is not None:
            allowed = limit.nearest(value)
            if allowed is not value:
                row[limit.name] = allowed
                if allowed is None:
                    anomalies[f"{table} with {limit.name} out of range"] += 1
                value = allowed
        if value is None and limit.required:
            absent.append(limit.name)
    if absent:
        anomalies[f"{table} without {', '.join(absent)}"] += 1
    return not absent
