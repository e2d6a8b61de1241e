"""Statements that change the properties and columns of tables, and the properties of databases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from local.aws.athena.athena_errors import DDL_TASK, QueryFailed
from local.aws.athena.catalog import Table
from local.aws.athena.definitions import read_columns
from local.aws.athena.results import silent
from local.aws.athena.session import Session

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef as Column

_PROPERTY = re.compile(
    r"(?P<key>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*=\s*(?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@silent
def set_table_properties(session: Session, match: re.Match[str]) -> None:
    """ALTER TABLE SET TBLPROPERTIES: add properties, or give those that are there other values."""
    table = _alterable(session, match)
    parameters = {**table.definition.get("Parameters", {}), **_properties(match["properties"])}
    session.catalog.update_table(table, Parameters=parameters)


@silent
def set_database_properties(session: Session, match: re.Match[str]) -> None:
    """ALTER DATABASE SET DBPROPERTIES."""
    database = session.catalog.require_database(match["name"].strip('`"'))
    members = ("Name", "Description", "LocationUri")
    definition: Any = {name: value for name, value in database.items() if name in members}
    definition["Parameters"] = {**database.get("Parameters", {}), **_properties(match["properties"])}
    session.catalog.glue.update_database(Name=database["Name"], DatabaseInput=definition)


@silent
def add_columns(session: Session, match: re.Match[str]) -> None:
    """ALTER TABLE ADD COLUMNS: after the others, before the partition keys."""
    table = _alterable(session, match)
    _save_columns(session, table, [*table.columns, *read_columns(match["columns"])])


@silent
def replace_columns(session: Session, match: re.Match[str]) -> None:
    """ALTER TABLE REPLACE COLUMNS: these in place of all but the partition keys."""
    _save_columns(session, _alterable(session, match), read_columns(match["columns"]))


def _save_columns(session: Session, table: Table, columns: list[Column]) -> None:
    names = [column["Name"] for column in columns]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise QueryFailed(f"{DDL_TASK} Duplicate column name: {twice}")
    if key := next((name for name in names if name in table.key_names), None):
        raise QueryFailed(f"{DDL_TASK} Partition column name {key} conflicts with table columns.")
    session.catalog.update_table(table, StorageDescriptor={**table.storage, "Columns": columns})


def _alterable(session: Session, match: re.Match[str]) -> Table:
    table = session.ddl_table(match["name"])
    if table.view:
        raise QueryFailed(
            "FAILED: SemanticException [Error 10131]: To alter a view you need to use the ALTER VIEW command."
        )
    return table


def _properties(text: str) -> dict[str, str]:
    return {
        _ESCAPED.sub(r"\1", pair["key"][1:-1]): _ESCAPED.sub(r"\1", pair["value"][1:-1])
        for pair in _PROPERTY.finditer(text)
    }
