"""Rows that use whatever a table of the lake allows, and files may hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from include.core.schemas import Column, Table
from include.store.objects import Row

ODD_TEXT = "=Zoë,\"'\\\n\r\t\0\x1f\u202e {};\U0001f3ac"
_SCALARS: dict[str, Any] = {
    "string": ODD_TEXT,
    "bigint": 2**53,  # pandas reads whole numbers as floats if some are null: larger ones would be rounded
    "int": -7,
    "double": 0.1,
    "boolean": True,
    "date": date(2026, 11, 20),
    "timestamp": datetime(2026, 11, 20, 23, 59, 59, 999_000),
}


def value_of(type_: str) -> Any:
    """Return a value of an Athena type."""
    outer, _, inner = type_.removesuffix(">").partition("<")
    if outer == "array":
        return [value_of(inner), None, value_of(inner)]
    if outer == "struct":
        return {name: value_of(kind) for name, _, kind in (part.partition(":") for part in inner.split(","))}
    return _SCALARS[type_]


def rows_of(table: Table) -> list[Row]:
    """Return a row with a value in each column, one with empty lists, and one with required columns only."""
    full = {column.name: value_of(column.type) for column in table.columns}
    empty = {name: [] if isinstance(value, list) else value for name, value in full.items()}
    return [full, empty, least_row(table)]


def least_row(table: Table) -> Row:
    """Return a row with required columns only."""

    def least(column: Column) -> Any:
        return value_of(column.type) if column.required else None

    return {column.name: least(column) for column in table.columns}
