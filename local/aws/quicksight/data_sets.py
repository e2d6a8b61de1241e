"""What data sets are made of: the columns that they give, and the query that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.endpoint_errors import AwsError

Definition = Mapping[str, Any]

# Types of columns that data sets have no type of their own for.
_IN_SPICE = {"BOOLEAN": "INTEGER", "BIT": "INTEGER", "JSON": "STRING"}


@dataclass(frozen=True)
class TableRead:
    """How an ingestion reads the table of a data set."""

    data_source_arn: str
    database: str
    statement: str


def table_read(data_set: Definition) -> TableRead:
    """Return the query that counts the rows of a data set's table, and the values of each of its columns.

    :raises AwsError: InvalidParameterValueException if it is made of anything but one table of Athena.
    """
    table = _table(data_set)
    counts = ", ".join(
        ["count(*)", *(f"count({_quoted(column['Name'])})" for column in table["InputColumns"])]
    )
    database = table.get("Schema", "default")
    return TableRead(
        table["DataSourceArn"],
        database,
        f"SELECT {counts} FROM {_quoted(database)}.{_quoted(table['Name'])}",
    )


def output_columns(data_set: Definition) -> list[dict[str, str]]:
    """Return the columns that visuals may use, ``{Name, Type}``.

    :raises AwsError: InvalidParameterValueException if a step names a column that is not there.
    """
    columns = {
        column["Name"]: _IN_SPICE.get(column["Type"], column["Type"])
        for column in _table(data_set)["InputColumns"]
    }
    for logical in data_set.get("LogicalTableMap", {}).values():
        for step in logical.get("DataTransforms", ()):
            ((kind, operation),) = step.items()
            columns = _after(kind, operation, columns)
    return [{"Name": name, "Type": kind} for name, kind in columns.items()]


def _table(data_set: Definition) -> Definition:
    tables = list(data_set["PhysicalTableMap"].values())
    if len(tables) != 1 or "RelationalTable" not in tables[0]:
        raise _invalid("The local QuickSight reads data sets of one RelationalTable only.")
    table: Definition = tables[0]["RelationalTable"]
    return table


def _after(kind: str, operation: Definition, columns: dict[str, str]) -> dict[str, str]:
    """Return the columns after a step."""
    named = (
        {operation["ColumnName"]} if "ColumnName" in operation else set(operation.get("ProjectedColumns", ()))
    )
    if unknown := named - set(columns):
        raise _invalid(f"{kind} names a column that does not exist: {', '.join(sorted(unknown))}")
    match kind:
        case "RenameColumnOperation":
            new = {operation["ColumnName"]: operation["NewColumnName"]}
            return {new.get(name, name): type_ for name, type_ in columns.items()}
        case "CastColumnTypeOperation":
            return columns | {operation["ColumnName"]: operation["NewColumnType"]}
        case "ProjectOperation":
            return {name: columns[name] for name in operation["ProjectedColumns"]}
        case "FilterOperation" | "TagColumnOperation":
            return columns
        case _:
            raise _invalid(f"The local QuickSight does not know {kind}.")


def columns_used(definition: Any) -> Iterator[tuple[str, str]]:
    """Yield identifier of the data set and name of each column that a dashboard's definition uses."""
    if isinstance(definition, Mapping):
        if "ColumnName" in definition and "DataSetIdentifier" in definition:
            yield definition["DataSetIdentifier"], definition["ColumnName"]
        for value in definition.values():
            yield from columns_used(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from columns_used(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
