"""Brings tables that exist, and their partitions, to the columns of this version.

Columns are added, reworded and dropped from the catalog; data files are never touched. A column that changes
its type is refused: Athena cannot read the files of both types
(https://docs.aws.amazon.com/athena/latest/ug/updates-and-partitions.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3

from include.core.errors import TerminalError
from include.core.schemas import TABLES, Table
from include.core.schemas.table import catalog_comment
from include.core.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue.client import GlueClient
    from mypy_boto3_glue.type_defs import ColumnTypeDef

# Of a request that updates partitions.
_MOST_PARTITIONS = 100


class TypeChangeError(TerminalError, ValueError):
    """A table that exists has a column of another type; the text says what to do."""


def update_columns(session: boto3.Session, settings: Settings, names: Iterable[str]) -> list[str]:
    """Give existing tables, and all their partitions, the columns of :mod:`include.core.schemas`.

    :param names: of tables that exist.
    :return: the tables that were changed.
    :raises TypeChangeError: if a column would change its type; nothing was changed then.
    """
    glue = session.client("glue", region_name=settings.region)
    found = {name: glue.get_table(DatabaseName=settings.database, Name=name)["Table"] for name in names}
    for name, table in found.items():
        _refuse_type_changes(settings.database, TABLES[name], table["StorageDescriptor"]["Columns"])
    return [name for name, table in found.items() if _update(glue, settings.database, TABLES[name], table)]


def _refuse_type_changes(database: str, table: Table, columns: Iterable[Mapping[str, Any]]) -> None:
    wanted = table.column_types
    for column in columns:
        name, type_ = column["Name"], column["Type"]
        if type_ != wanted.get(name, type_):
            raise TypeChangeError(
                f"column {name} of {database}.{table.name} is {type_} and would become {wanted[name]}: give "
                "the new column another name, or drop the table in Glue, run `python -m infrastructure`, and "
                "publish its days again with Dag reprocess_days"
            )


def _columns(table: Table) -> list[ColumnTypeDef]:
    """Return a table's columns as Glue describes them."""
    return [
        {"Name": column.name, "Type": column.type, "Comment": catalog_comment(column.meaning)}
        for column in table.columns
    ]


def _update(glue: GlueClient, database: str, table: Table, found: Any) -> bool:
    """Change what differs, partitions first: a kill in between leaves the table to be found again."""
    columns = _columns(table)
    partitions = _partitions(glue, database, table.name)
    # Looked at in any case: a stack that is updated changes the table alone.
    older = (each for each in partitions if each["StorageDescriptor"].get("Columns") != columns)
    found_older = False
    while some := list(islice(older, _MOST_PARTITIONS)):
        _update_partitions(glue, database, table.name, some, columns)
        found_older = True
    if found["StorageDescriptor"]["Columns"] == columns:
        return found_older
    kept = ("Name", "Description", "Owner", "Retention", "PartitionKeys", "TableType", "Parameters")
    definition: Any = {name: found[name] for name in kept if name in found}
    definition["StorageDescriptor"] = {**found["StorageDescriptor"], "Columns": columns}
    glue.update_table(DatabaseName=database, TableInput=definition)
    return True


def _partitions(glue: GlueClient, database: str, table: str) -> Iterator[Any]:
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table)
    return (partition for page in pages for partition in page["Partitions"])


def _update_partitions(
    glue: GlueClient, database: str, table: str, partitions: Sequence[Any], columns: list[ColumnTypeDef]
) -> None:
    entries: list[Any] = [
        {
            "PartitionValueList": partition["Values"],
            "PartitionInput": {
                "Values": partition["Values"],
                "Parameters": partition.get("Parameters", {}),
                "StorageDescriptor": {**partition["StorageDescriptor"], "Columns": columns},
            },
        }
        for partition in partitions
    ]
    answer = glue.batch_update_partition(DatabaseName=database, TableName=table, Entries=entries)
    if answer.get("Errors"):
        raise RuntimeError(f"Glue did not update partitions of {database}.{table}: {answer['Errors']}")
