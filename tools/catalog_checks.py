"""Whether the tables of a Glue database are those of this version: their columns and partition keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.core.schemas import TABLES, Table

_MAKE = "run python -m infrastructure"
_REPLACE = f"drop the table, whose files stay, {_MAKE} and run reprocess_days for its days"


def table_mistakes(glue: Any, database: str) -> Iterator[str]:
    """Yield a sentence for each table that is missing or differs.

    :raises botocore.exceptions.ClientError: if there is no such database, or AWS refuses.
    """
    glue.get_database(Name=database)
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    found = {table["Name"]: table for page in pages for table in page["TableList"]}
    for name, table in TABLES.items():
        if name not in found:
            yield f"lacks the table {name}; {_MAKE}"
        else:
            yield from _column_mistakes(table, found[name])


def _column_mistakes(table: Table, found: Mapping[str, Any]) -> Iterator[str]:
    columns = _types(found["StorageDescriptor"]["Columns"])
    missing = [name for name in table.column_types if name not in columns]
    if missing:
        yield (
            f"has a table {table.name} without the columns {', '.join(missing)} of this version; {_MAKE}, "
            "which adds them to its partitions too"
        )
    for name, type_ in table.column_types.items():
        if columns.get(name, type_) != type_:
            yield f"has {table.name}.{name} as {columns[name]}, which has to be {type_}; {_REPLACE}"
    keys = tuple(_types(found.get("PartitionKeys", [])))
    if keys != table.partition_keys:
        yield (
            f"has a table {table.name} partitioned by {', '.join(keys) or 'nothing'}, which has to be "
            f"{', '.join(table.partition_keys)}; {_REPLACE}"
        )


def _types(columns: list[dict[str, str]]) -> dict[str, str]:
    return {column["Name"]: column["Type"].replace(" ", "").lower() for column in columns}
