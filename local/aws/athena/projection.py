"""Partition projection: partitions that a table's properties compute instead of the catalog listing them.

Properties as in "Supported types for partition projection", Athena user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product

from dateutil.relativedelta import relativedelta
from sqlglot import exp

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.catalog import Table
from local.aws.athena.time_patterns import joda_to_strftime

_MOST_PARTITIONS = 1_000_000
_MOST_INJECTED = 1000
_NOW = re.compile(
    r"\s*NOW\s*(?:(?P<sign>[+-])\s*(?P<count>\d+)\s*"
    r"(?P<unit>YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?",
    re.IGNORECASE,
)
_UNITS = ("YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS")

Values = tuple[str, ...]
Choose = Callable[[str, list[str]], list[str]]


class Projection:
    """How a table computes its partitions.

    :param now: the time that ``NOW`` means, in UTC.
    """

    def __init__(self, table: Table, now: datetime) -> None:
        self._table = table
        self._properties = {
            name.lower(): value for name, value in table.definition.get("Parameters", {}).items()
        }
        self._now = now

    @classmethod
    def of(cls, table: Table) -> Projection | None:
        """Return the projection of a table, None if it has none."""
        enabled = table.definition.get("Parameters", {}).get("projection.enabled", "")
        if not table.partition_keys or enabled.strip().lower() != "true":
            return None
        return cls(table, datetime.now(UTC).replace(tzinfo=None))

    def partitions(self, conditions: list[exp.Expr], choose: Choose) -> list[Values]:
        """Return the values of the partitions that conditions on single keys leave.

        :param choose: returns those values of a key that its own conditions allow.
        :raises QueryFailed: if a property is missing or invalid, or a value has to come from the query.
        """
        columns = [
            self._injected(name, conditions)
            if self._kind(name) == "injected"
            else choose(name, list(dict.fromkeys(self._values(name))))
            for name in self._table.key_names
        ]
        count = 1
        for values in columns:
            count *= len(values)
        if count > _MOST_PARTITIONS:
            raise self._invalid(
                f"the query leaves {count} partitions; conditions on the keys must exclude some"
            )
        return list(product(*columns))

    def location(self, values: Values) -> str:
        """Return where a partition lies."""
        template = self._properties.get("storage.location.template")
        if template is None:
            return self._table.partition_location(values)
        for name, value in zip(self._table.key_names, values, strict=True):
            template = template.replace("${" + name + "}", value)
        return template.rstrip("/") + "/"

    def _kind(self, name: str) -> str:
        return self._required(name, "type").lower()

    def _values(self, name: str) -> Iterator[str]:
        kind = self._kind(name)
        if kind == "enum":
            return iter(self._properties.get(f"projection.{name}.values", "").split(","))
        if kind == "integer":
            return self._integers(name)
        if kind == "date":
            return self._dates(name)
        raise self._invalid(f"projection.{name}.type '{kind}' is none of enum, integer, date and injected")

    def _integers(self, name: str) -> Iterator[str]:
        first, last = (self._integer(name, "range", text) for text in self._range(name))
        step = self._integer(name, "interval", self._optional(name, "interval") or "1")
        digits = self._integer(name, "digits", self._optional(name, "digits") or "0")
        numbers = range(first, last + 1, max(step, 1))
        if len(numbers) > _MOST_PARTITIONS:
            raise self._invalid(f"projection.{name}.range has {len(numbers)} values")
        return (f"{number:0{digits}d}" for number in numbers)

    def _dates(self, name: str) -> Iterator[str]:
        pattern = self._required(name, "format")
        written = joda_to_strftime(pattern)
        first, last = (self._moment(name, text, written) for text in self._range(name))
        unit = self._unit(name, pattern)
        step = self._integer(name, "interval", self._optional(name, "interval") or "1")
        for number in range(_MOST_PARTITIONS):
            moment = first + relativedelta(**{unit.lower(): number * max(step, 1)})
            if moment > last:
                return
            yield moment.strftime(written)
        raise self._invalid(f"projection.{name}.range has more than {_MOST_PARTITIONS} values")

    def _unit(self, name: str, pattern: str) -> str:
        """Return the step's unit, which follows from the format only for days and months."""
        unit = (self._optional(name, "interval.unit") or "").upper()
        if not unit and not re.search("[HhKkmsSA]", pattern):
            unit = "DAYS" if re.search("[dD]", pattern) else "MONTHS" if re.search("[ML]", pattern) else ""
        if unit not in _UNITS:
            raise self._invalid(f"projection.{name}.interval.unit must be one of {', '.join(_UNITS)}")
        return unit

    def _moment(self, name: str, text: str, written: str) -> datetime:
        if relative := _NOW.fullmatch(text):
            if relative["count"] is None:
                return self._now
            count = int(relative["sign"] + relative["count"])
            moment: datetime = self._now + relativedelta(**{relative["unit"].lower() + "s": count})
            return moment
        try:
            return datetime.strptime(text, written.replace("%-", "%"))
        except ValueError as error:
            raise self._invalid(f"projection.{name}.range: '{text}' does not have the format") from error

    def _range(self, name: str) -> tuple[str, str]:
        first, comma, last = self._required(name, "range").partition(",")
        if not comma:
            raise self._invalid(f"projection.{name}.range must be two values with a comma between them")
        return first, last

    def _integer(self, name: str, member: str, text: str) -> int:
        try:
            return int(text)
        except ValueError as error:
            raise self._invalid(f"projection.{name}.{member} '{text}' is not an integer") from error

    def _injected(self, name: str, conditions: list[exp.Expr]) -> list[str]:
        """Return the values that the query's conditions name for a key."""
        for condition in conditions:
            values = _equal_values(name, condition)
            if 0 < len(values) <= _MOST_INJECTED:
                return values
        raise QueryFailed(
            f"CONSTRAINT_VIOLATION: For the injected projected partition column {name}, the WHERE clause "
            "must contain only static equality conditions, and at least one such condition must be present."
        )

    def _required(self, name: str, member: str) -> str:
        value = self._optional(name, member)
        if value is None:
            raise self._invalid(f"projection.{name}.{member} is missing")
        return value

    def _optional(self, name: str, member: str) -> str | None:
        value = self._properties.get(f"projection.{name}.{member}")
        return None if value is None else value.strip()

    def _invalid(self, problem: str) -> QueryFailed:
        name = self._table.name
        return QueryFailed(
            f"INVALID_TABLE_PROPERTY: Table {name.database}.{name.name} has an invalid partition projection: "
            f"{problem}"
        )


def _equal_values(name: str, condition: exp.Expr) -> list[str]:
    """Return the literals that a condition says a column equals; none if it says something else."""
    if isinstance(condition, exp.EQ):
        sides = [condition.this, condition.expression]
        column = next((side for side in sides if isinstance(side, exp.Column)), None)
        literals = [side for side in sides if side is not column]
    elif isinstance(condition, exp.In):
        column, literals = condition.this, condition.expressions
    else:
        return []
    is_static = all(isinstance(literal, exp.Literal) for literal in literals)
    names_key = isinstance(column, exp.Column) and column.name.lower() == name
    return list(dict.fromkeys(literal.name for literal in literals)) if is_static and names_key else []
