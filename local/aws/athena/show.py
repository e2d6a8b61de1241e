"""SHOW and DESCRIBE."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from local.aws.athena.catalog import Table
from local.aws.athena.results import write_text_result
from local.aws.athena.session import Session

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef as Column


def show_databases(session: Session, match: re.Match[str]) -> None:
    """SHOW DATABASES."""
    names = sorted(database["Name"] for database in session.catalog.databases())
    _write_matching(session, "database_name", names, match["pattern"])


def show_tables(session: Session, match: re.Match[str]) -> None:
    """SHOW TABLES, views included."""
    tables = session.catalog.tables((match["database"] or session.execution.database).strip('`"'))
    _write_matching(session, "tab_name", sorted(table.name.name for table in tables), match["pattern"])


def show_views(session: Session, match: re.Match[str]) -> None:
    """SHOW VIEWS."""
    tables = session.catalog.tables((match["database"] or session.execution.database).strip('`"'))
    _write_matching(
        session, "views", sorted(table.name.name for table in tables if table.view), match["pattern"]
    )


def _write_matching(session: Session, column: str, names: list[str], pattern: str | None) -> None:
    """Write the names that match a pattern, in which ``*`` means any text and ``|`` means "or"."""
    wanted = re.compile((pattern or "*").replace("*", ".*"))
    write_text_result(session, [column], [[name] for name in names if wanted.fullmatch(name)])


def show_partitions(session: Session, match: re.Match[str]) -> None:
    """SHOW PARTITIONS."""
    table = session.ddl_table(match["name"])
    names = sorted(
        "/".join(f"{key}={value}" for key, value in zip(table.key_names, partition["Values"], strict=True))
        for partition in session.catalog.partitions(table)
    )
    write_text_result(session, ["partition"], [[name] for name in names])


def show_columns(session: Session, match: re.Match[str]) -> None:
    """SHOW COLUMNS."""
    table = session.ddl_table(match["name"])
    write_text_result(
        session, ["field"], [[column["Name"]] for column in table.columns + table.partition_keys]
    )


def show_create(session: Session, match: re.Match[str]) -> None:
    """SHOW CREATE TABLE or VIEW."""
    table = session.ddl_table(match["name"])
    if view := table.view:
        statement = f"CREATE VIEW {table.name.database}.{table.name.name} AS\n{view.sql}"
    else:
        statement = _table_statement(table)
    write_text_result(session, ["createtab_stmt"], [[line] for line in statement.split("\n")])


def _table_statement(table: Table) -> str:
    lines = [
        f"CREATE EXTERNAL TABLE `{table.name.database}.{table.name.name}`(",
        _column_lines(table.columns) + ")",
    ]
    if table.partition_keys:
        lines += ["PARTITIONED BY (", _column_lines(table.partition_keys) + ")"]
    serde = table.storage.get("SerdeInfo") or {}
    lines += ["ROW FORMAT SERDE", f"  '{serde.get('SerializationLibrary', '')}'"]
    if parameters := serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES (", _property_lines(parameters) + ")"]
    lines += ["STORED AS INPUTFORMAT", f"  '{table.storage.get('InputFormat', '')}'"]
    lines += ["OUTPUTFORMAT", f"  '{table.storage.get('OutputFormat', '')}'"]
    lines += ["LOCATION", f"  '{table.location}'", "TBLPROPERTIES ("]
    return "\n".join([*lines, _property_lines(table.definition.get("Parameters", {})) + ")"])


def _property_lines(properties: dict[str, str]) -> str:
    return ",\n".join(f"  '{name}'='{value}'" for name, value in sorted(properties.items()))


def _column_lines(columns: list[Column]) -> str:
    return ",\n".join(
        f"  `{column['Name']}` {column['Type']}"
        + (f" COMMENT '{column['Comment']}'" if column.get("Comment") else "")
        for column in columns
    )


def show_table_properties(session: Session, match: re.Match[str]) -> None:
    """SHOW TBLPROPERTIES, all or one."""
    table = session.ddl_table(match["name"])
    properties = table.definition.get("Parameters", {})
    if (key := match["key"]) is None:
        rows: list[list[str | None]] = [[f"{name}\t{value}"] for name, value in sorted(properties.items())]
    else:
        missing = f"Table {table.name.database}.{table.name.name} does not have property: {key}"
        rows = [[properties.get(key, missing)]]
    write_text_result(session, ["prpt_name"], rows)


def describe(session: Session, match: re.Match[str]) -> None:
    """DESCRIBE, in padded columns like Hive's."""
    table = session.ddl_table(match["name"])
    rows = [
        _padded(column["Name"], column["Type"], column.get("Comment", ""))
        for column in table.columns + table.partition_keys
    ]
    if table.partition_keys:
        rows += [_padded("", "", ""), ["# Partition Information", " ", " "]]
        rows += [_padded("# col_name", "data_type", "comment"), _padded("", "", "")]
        rows += [_padded(key["Name"], key["Type"], key.get("Comment", "")) for key in table.partition_keys]
    write_text_result(session, ["col_name", "data_type", "comment"], rows)


def _padded(*cells: str) -> list[str | None]:
    return [f"{cell:<20}" for cell in cells]
