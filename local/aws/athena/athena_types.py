"""Types and values in the three forms that Athena needs: Glue's (Hive), DuckDB's, and results' (Trino)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
from duckdb.sqltypes import DuckDBPyType

from local.aws.athena.zones import SHOWN

_HIVE_TO_DUCKDB = {
    "string": "VARCHAR",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "binary": "BLOB",
}

# DuckDB type id -> (Hive type, Trino type, precision, scale), as Athena reports them.
_SCALARS: dict[str, tuple[str, str, int, int]] = {
    "boolean": ("boolean", "boolean", 0, 0),
    "tinyint": ("tinyint", "tinyint", 3, 0),
    "smallint": ("smallint", "smallint", 5, 0),
    "integer": ("int", "integer", 10, 0),
    "bigint": ("bigint", "bigint", 19, 0),
    "float": ("float", "float", 17, 0),
    "double": ("double", "double", 17, 0),
    "date": ("date", "date", 0, 0),
    "blob": ("binary", "varbinary", 1073741824, 0),
    "varchar": ("string", "varchar", 2147483647, 0),
    "json": ("string", "json", 0, 0),
    "interval": ("string", "interval day to second", 0, 0),
    "time": ("string", "time", 3, 0),
    "timestamp with time zone": ("timestamp", "timestamp with time zone", 3, 0),
} | {
    # DuckDB's sums and counts have wider or unsigned types; Trino's are bigint.
    name: ("bigint", "bigint", 19, 0)
    for name in ("hugeint", "uhugeint", "ubigint", "uinteger", "usmallint", "utinyint")
}
_TIMESTAMP = ("timestamp", "timestamp", 3, 0)


def split_members(text: str) -> list[str]:
    """Split at the commas outside brackets.

    >>> split_members("a:int,b:struct<x:int,y:int>")
    ['a:int', 'b:struct<x:int,y:int>']
    """
    members, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "<(") - (character in ">)")
        if character == "," and depth == 0:
            members.append(text[start:position])
            start = position + 1
    return [member.strip() for member in [*members, text[start:]]]


def quote_name(name: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Quote a text for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def hive_to_duckdb(hive_type: str) -> str:
    """Translate a Glue column type.

    >>> hive_to_duckdb("array<struct<x:double,y:int>>")
    'STRUCT("x" DOUBLE, "y" INTEGER)[]'

    :raises ValueError: if Athena does not know the type.
    """
    text = hive_type.strip()
    lowered = text.lower()
    if lowered.startswith("array<"):
        return hive_to_duckdb(text[6:-1]) + "[]"
    if lowered.startswith("map<"):
        key, value = split_members(text[4:-1])
        return f"MAP({hive_to_duckdb(key)}, {hive_to_duckdb(value)})"
    if lowered.startswith("struct<"):
        fields = (member.partition(":") for member in split_members(text[7:-1]))
        return (
            "STRUCT("
            + ", ".join(f"{quote_name(name.strip())} {hive_to_duckdb(kind)}" for name, _, kind in fields)
            + ")"
        )
    if lowered.startswith("decimal"):
        return text.upper() if "(" in text else "DECIMAL(10,0)"
    name = re.sub(r"\s*\(.*", "", lowered)
    if name not in _HIVE_TO_DUCKDB:
        raise ValueError(f"unknown type {hive_type!r}")
    return _HIVE_TO_DUCKDB[name]


def type_id(kind: DuckDBPyType) -> str:
    """Return a DuckDB type's name in lower case, without parameters; JSON counts as a type of its own."""
    return "json" if str(kind) == "JSON" else str(kind.id)


def _children(kind: DuckDBPyType) -> list[tuple[str, Any]]:
    """Return name and type of a nested type's parts; for a decimal, the values of precision and scale."""
    return list(kind.children)


def duckdb_to_hive(kind: DuckDBPyType) -> str:
    """Translate the DuckDB type of a column to Glue's."""
    name = type_id(kind)
    if name in ("list", "array"):
        return f"array<{duckdb_to_hive(_children(kind)[0][1])}>"
    if name == "map":
        return f"map<{duckdb_to_hive(_children(kind)[0][1])},{duckdb_to_hive(_children(kind)[1][1])}>"
    if name == "struct":
        return (
            "struct<"
            + ",".join(f"{field}:{duckdb_to_hive(member)}" for field, member in _children(kind))
            + ">"
        )
    if name == "decimal":
        precision, scale = (value for _, value in _children(kind))
        return f"decimal({precision},{scale})"
    if name.startswith("timestamp"):
        return "timestamp"
    return _SCALARS.get(name, _SCALARS["varchar"])[0]


def _is_zoned(kind: DuckDBPyType) -> bool:
    """Return whether a type is that of a moment with its zone beside it."""
    return type_id(kind) == "struct" and tuple(field for field, _ in _children(kind)) == SHOWN


def result_type(kind: DuckDBPyType) -> tuple[str, int, int]:
    """Return type, precision and scale as GetQueryResults reports them for a column."""
    name = type_id(kind)
    if name in ("list", "array"):
        return "array", 0, 0
    if _is_zoned(kind):
        return _SCALARS["timestamp with time zone"][1:]
    if name in ("map", "struct", "tuple"):
        return "map" if name == "map" else "row", 0, 0
    if name == "decimal":
        return "decimal", _children(kind)[0][1], _children(kind)[1][1]
    known = _SCALARS.get(name, _TIMESTAMP if name.startswith("timestamp") else _SCALARS["varchar"])
    return known[1:]


def writable_type(kind: DuckDBPyType) -> str:
    """Return the DuckDB type in which a column is written to Parquet."""
    return hive_to_duckdb(duckdb_to_hive(kind))


def java_double(value: float, shortest: str | None = None) -> str:
    """Write a double as Java does, and therefore Athena.

    >>> [java_double(x) for x in (1.0, 12345678.0, 0.0001)]
    ['1.0', '1.2345678E7', '1.0E-4']

    :param shortest: shortest decimal form of the value; None for that of a double.
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    digits = Decimal(shortest or repr(value))
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(digits, "f")
        return text if "." in text else text + ".0"
    sign, figures, _ = digits.normalize().as_tuple()
    mantissa = "".join(map(str, figures))
    return f"{'-' if sign else ''}{mantissa[0]}.{mantissa[1:] or '0'}E{digits.adjusted()}"


Formatter = Callable[[Any], str]


def _milliseconds(value: dt.datetime | dt.time) -> str:
    return (
        value.isoformat(sep=" ", timespec="milliseconds")
        if isinstance(value, dt.datetime)
        else value.isoformat("milliseconds")
    )


def _zoned(value: dt.datetime) -> str:
    return _milliseconds(value.astimezone(dt.UTC).replace(tzinfo=None)) + " UTC"


def _interval(value: dt.timedelta) -> str:
    """Write an interval of days and seconds: ``2 03:00:00.000``."""
    rest, sign = abs(value), "-" if value < dt.timedelta(0) else ""
    hours, seconds = divmod(rest.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    return f"{sign}{rest.days} {hours:02d}:{minutes:02d}:{seconds:02d}.{rest.microseconds // 1000:03d}"


_FORMATTERS: dict[str, Formatter] = {
    "boolean": lambda value: "true" if value else "false",
    "float": lambda value: java_double(value, str(np.float32(value))),
    "double": java_double,
    "decimal": lambda value: format(value, "f"),
    "blob": lambda value: " ".join(f"{byte:02x}" for byte in value),
    "interval": _interval,
    "time": _milliseconds,
    "timestamp with time zone": _zoned,
}


def formatter(kind: DuckDBPyType) -> Formatter:
    """Return a function that writes a value of a type (not null) as Athena's results show it."""
    name = type_id(kind)
    if name in _FORMATTERS:
        return _FORMATTERS[name]
    if name.startswith("timestamp"):
        return _milliseconds
    if name in ("list", "array"):
        element = _nullable(formatter(_children(kind)[0][1]))
        return lambda value: "[" + ", ".join(map(element, value)) + "]"
    if _is_zoned(kind):
        return lambda value: f"{_milliseconds(value[SHOWN[0]])} {value[SHOWN[1]]}"
    if name == "tuple":
        writers = [_nullable(formatter(member)) for _, member in _children(kind)]
        return lambda value: (
            "{"
            + ", ".join(
                f"field{position}={write(item)}"
                for position, (write, item) in enumerate(zip(writers, value, strict=True))
            )
            + "}"
        )
    if name == "struct":
        members = [(field, _nullable(formatter(member))) for field, member in _children(kind)]
        return lambda value: (
            "{" + ", ".join(f"{field}={write(value[field])}" for field, write in members) + "}"
        )
    if name == "map":
        write_key, write_value = formatter(_children(kind)[0][1]), _nullable(formatter(_children(kind)[1][1]))
        return lambda value: (
            "{" + ", ".join(f"{write_key(k)}={write_value(v)}" for k, v in value.items()) + "}"
        )
    return str


def _nullable(write: Formatter) -> Formatter:
    return lambda value: "null" if value is None else write(value)


def format_rows(rows: list[tuple[Any, ...]], kinds: list[DuckDBPyType]) -> Iterator[list[str | None]]:
    """Yield rows of a result as texts; a null stays None."""
    writers = [formatter(kind) for kind in kinds]
    for row in rows:
        yield [None if value is None else write(value) for write, value in zip(writers, row, strict=True)]
