"""Statements that make and drop databases, external tables and views."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.athena_types import duckdb_to_hive, hive_to_duckdb, result_type
from local.aws.athena.catalog import PARQUET, View, hive_table_not_found
from local.aws.athena.engine_parser import parse_query
from local.aws.athena.file_formats import LAZY_SIMPLE, TEXT
from local.aws.athena.names import require_column_names
from local.aws.athena.results import silent
from local.aws.athena.session import Session

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef as Column
    from mypy_boto3_glue.type_defs import (
        DatabaseInputTypeDef,
        StorageDescriptorOutputTypeDef,
        TableInputTypeDef,
    )


@silent
def create_database(session: Session, match: re.Match[str]) -> None:
    """CREATE DATABASE, with COMMENT and LOCATION."""
    glue = session.catalog.glue
    definition: DatabaseInputTypeDef = {"Name": match["name"].strip('`"').lower()}
    if match["comment"]:
        definition["Description"] = match["comment"]
    if match["location"]:
        definition["LocationUri"] = match["location"]
    try:
        glue.create_database(DatabaseInput=definition)
    except glue.exceptions.AlreadyExistsException as error:
        if not match["exists_ok"]:
            raise QueryFailed(
                f"SCHEMA_ALREADY_EXISTS: Database {definition['Name']} already exists"
            ) from error


@silent
def drop_database(session: Session, match: re.Match[str]) -> None:
    """DROP DATABASE; without CASCADE it must be empty."""
    name = match["name"].strip('`"').lower()
    if match["missing_ok"] and name not in [database["Name"] for database in session.catalog.databases()]:
        return
    if session.catalog.tables(name) and not match["cascade"]:
        raise QueryFailed(f"SCHEMA_NOT_EMPTY: Database {name} is not empty. One or more tables exist.")
    session.catalog.glue.delete_database(Name=name)


@silent
def drop_table(session: Session, match: re.Match[str]) -> None:
    """DROP TABLE or DROP VIEW; the files stay in S3."""
    name, glue = session.table_name(match["name"]), session.catalog.glue
    try:
        glue.delete_table(DatabaseName=name.database, Name=name.name)
    except glue.exceptions.EntityNotFoundException as error:
        if not match["missing_ok"]:
            raise hive_table_not_found(name) from error


@silent
def create_view(session: Session, match: re.Match[str]) -> None:
    """CREATE VIEW, stored as Athena stores it."""
    name, glue = session.table_name(match["name"]), session.catalog.glue
    require_column_names(parse_query(match["query"]))
    relation = session.relation(match["query"])
    columns = [(column.lower(), kind) for column, kind in zip(relation.columns, relation.types, strict=True)]
    trino_columns = tuple((column, result_type(kind)[0]) for column, kind in columns)
    view = View(match["query"], session.execution.database, trino_columns)
    definition: TableInputTypeDef = {
        "Name": name.name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": view.to_text(),
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": duckdb_to_hive(kind)} for column, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
    present = session.catalog.find(name)
    if present and not match["replace"]:
        raise QueryFailed(f"TABLE_ALREADY_EXISTS: View already exists: '{name.in_catalog}'")
    if present and not present.view:
        raise QueryFailed(f"TABLE_ALREADY_EXISTS: '{name.in_catalog}' is a table, not a view")
    save = glue.update_table if present else glue.create_table
    save(DatabaseName=name.database, TableInput=definition)


@silent
def create_external_table(session: Session, match: re.Match[str]) -> None:
    """CREATE EXTERNAL TABLE in Hive's DDL: Parquet, JSON, OpenCSV or delimited text."""
    try:
        tree = sqlglot.parse_one(match.string, read="athena")
    except SqlglotError as error:
        raise QueryFailed(f"ParseException: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        raise QueryFailed("ParseException: CREATE EXTERNAL TABLE needs columns")
    properties: dict[str, Any] = {type(node).__name__: node for node in tree.args["properties"].expressions}
    if "LocationProperty" not in properties:
        raise QueryFailed("InvalidRequestException: Table location can not be null")
    reference, location = tree.this.this, properties["LocationProperty"].this.name
    partitioned = properties.get("PartitionedByProperty")
    parameters = {
        node.name: node.args["value"].name
        for node in tree.args["properties"].expressions
        if type(node) is exp.Property
    }
    if parameters.get("table_type", "").upper() == "ICEBERG":
        raise QueryFailed("NOT_SUPPORTED: the local Athena has no Iceberg tables")
    name = session.table_name(f"{reference.db}.{reference.name}" if reference.db else reference.name)
    definition: TableInputTypeDef = {
        "Name": name.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **parameters},
        "PartitionKeys": [_column(node) for node in partitioned.this.expressions] if partitioned else [],
        "StorageDescriptor": {
            "Columns": [_column(node) for node in tree.this.expressions if isinstance(node, exp.ColumnDef)],
            "Location": location.rstrip("/") + "/",
            **_format(properties),
        },
    }
    if comment := properties.get("SchemaCommentProperty"):
        definition["Description"] = comment.this.name
    session.catalog.create_table(name.database, definition, exists_ok=bool(tree.args.get("exists")))


def read_columns(text: str) -> list[Column]:
    """Read columns as CREATE TABLE lists them.

    :raises QueryFailed: ParseException.
    """
    try:
        tree = sqlglot.parse_one(f"CREATE EXTERNAL TABLE t ({text})", read="athena")
    except SqlglotError as error:
        raise QueryFailed(f"FAILED: ParseException {str(error).splitlines()[0]}") from error
    return [_column(node) for node in tree.find_all(exp.ColumnDef) if isinstance(node.parent, exp.Schema)]


def _column(node: exp.ColumnDef) -> Column:
    kind = re.sub(r"[\s`]", "", node.args["kind"].sql(dialect="hive").lower())
    try:
        hive_to_duckdb(kind)
    except ValueError as error:
        raise QueryFailed(f"ParseException: column {node.name}: {error}") from error
    column: Column = {"Name": node.name.lower(), "Type": kind}
    if comment := node.find(exp.CommentColumnConstraint):
        column["Comment"] = comment.this.name
    return column


def _format(properties: dict[str, Any]) -> StorageDescriptorOutputTypeDef:
    """Return the members of Glue's StorageDescriptor that describe the files' format."""
    file_format = properties.get("FileFormatProperty")
    if file_format is not None and file_format.name.upper() == "PARQUET":
        return PARQUET
    if file_format is not None and file_format.name.upper() not in ("TEXTFILE", ""):
        raise QueryFailed(f"NOT_SUPPORTED: the local Athena does not read {file_format.name}")
    serde = properties.get("RowFormatSerdeProperty")
    library = serde.name if serde else LAZY_SIMPLE
    if "parquet" in library.lower():
        return PARQUET
    parameters: dict[str, str] = {}
    given = properties.get("SerdeProperties") or (serde.args.get("serde_properties") if serde else None)
    if given:
        parameters |= {node.this.name: node.args["value"].name for node in given.expressions}
    delimited = properties.get("RowFormatDelimitedProperty")
    if delimited and delimited.args.get("fields"):
        parameters["field.delim"] = delimited.args["fields"].name
    return {**TEXT, "SerdeInfo": {"SerializationLibrary": library, "Parameters": parameters}}
