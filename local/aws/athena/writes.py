"""Statements that write data: CREATE TABLE AS, INSERT INTO, UNLOAD."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.athena_types import duckdb_to_hive, hive_to_duckdb, quote_name, writable_type
from local.aws.athena.catalog import Table
from local.aws.athena.engine_parser import parse_query
from local.aws.athena.file_formats import FileFormat, Options, format_of_options, format_of_table
from local.aws.athena.names import require_column_names, require_column_types
from local.aws.athena.projection import Projection
from local.aws.athena.results import write_manifest
from local.aws.athena.session import Session

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef

_OPTION = re.compile(r"(\w+)\s*=\s*(ARRAY\s*\[[^\]]*\]|'(?:[^']|'')*'|[\w.]+)", re.IGNORECASE)
_MOST_PARTITIONS = 100
_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

Partitions = dict[tuple[str, ...], str]


def create_table_as(session: Session, match: re.Match[str]) -> None:
    """CREATE TABLE AS: write a query's rows and create a table of them."""
    name = session.table_name(match["name"])
    if match["exists_ok"] and session.catalog.find(name):
        write_manifest(session, [], 0)
        return
    session.catalog.require_absent(name)
    options = read_options(match["options"])
    location = str(options.get("external_location") or session.execution.location)
    if options.get("external_location"):
        _require_empty(session, location)
    keys, file_format = _partition_keys(options), format_of_options(options)
    require_column_names(parse_query(match["query"]))
    relation = session.relation(match["query"])
    require_column_types(relation.columns, relation.types)
    if match["no_data"]:
        relation = relation.limit(0)
    types = {
        column.lower(): duckdb_to_hive(kind)
        for column, kind in zip(relation.columns, relation.types, strict=True)
    }
    if keys and list(types)[-len(keys) :] != keys:
        raise QueryFailed(
            f"INVALID_TABLE_PROPERTY: partition columns {keys} must be the last of the query, in that order"
        )
    definition: TableInputTypeDef = {
        "Name": name.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **_classification(options)},
        "PartitionKeys": [{"Name": key, "Type": types[key]} for key in keys],
        "StorageDescriptor": {
            "Columns": [
                {"Name": column, "Type": kind} for column, kind in types.items() if column not in keys
            ],
            "Location": location.rstrip("/") + "/",
            **file_format.storage,
        },
    }
    files, partitions = _write(session, relation, location, keys, file_format)
    session.catalog.create_table(name.database, definition)
    session.catalog.add_partitions(session.catalog.table(name), partitions)
    write_manifest(session, files, session.execution.update_count)


def insert_into(session: Session, match: re.Match[str]) -> None:
    """INSERT INTO: add a query's rows to a table, in new files and, where needed, new partitions."""
    table = session.catalog.table(session.table_name(match["name"]))
    targets = table.columns + table.partition_keys
    if match["columns"]:
        named = [name.strip(' "`').lower() for name in match["columns"].split(",")]
    else:
        named = [column["Name"] for column in targets]
    relation = session.relation(match["query"])
    if len(relation.columns) != len(named) or not set(named) <= {column["Name"] for column in targets}:
        raise QueryFailed(
            "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: "
            f"table has {len(named)} columns, query {len(relation.columns)}"
        )
    given = dict(zip(named, relation.columns, strict=True))
    casts = (
        f"CAST({quote_name(given[column['Name']]) if column['Name'] in given else 'NULL'} AS "
        f"{hive_to_duckdb(column['Type'])}) AS {quote_name(column['Name'])}"
        for column in targets
    )
    rows = relation.project(", ".join(casts))
    files, partitions = _write(
        session, rows, table.location, table.key_names, format_of_table(table), existing=table
    )
    if Projection.of(table) is None:
        session.catalog.add_partitions(table, partitions)
    write_manifest(session, files, session.execution.update_count)


def unload(session: Session, match: re.Match[str]) -> None:
    """UNLOAD: write a query's rows to an empty location."""
    options = read_options(match["options"])
    _require_empty(session, match["location"])
    relation = session.relation(match["query"])
    keys, file_format = _partition_keys(options), format_of_options(options)
    files, _ = _write(session, relation, match["location"], keys, file_format)
    write_manifest(session, files, session.execution.update_count)


def read_options(text: str | None) -> Options:
    """Read ``key = 'value', key = ARRAY['a', 'b']``.

    :raises QueryFailed: if the options ask for an Iceberg table.
    """
    options: Options = {}
    for name, value in _OPTION.findall(text or ""):
        is_array = value.upper().startswith("ARRAY")
        options[name.lower()] = re.findall(r"'([^']*)'", value) if is_array else value.strip("'")
    if str(options.get("table_type", "HIVE")).upper() != "HIVE":
        raise QueryFailed(f"NOT_SUPPORTED: the local Athena has no tables of type {options['table_type']}")
    return options


def _partition_keys(options: Options) -> list[str]:
    return [key.lower() for key in options.get("partitioned_by", [])]


def _classification(options: Options) -> dict[str, str]:
    """Return the table property that names the format, which Athena sets for some formats."""
    name = str(options.get("format", "PARQUET")).lower()
    return {} if name == "textfile" else {"classification": name}


def _require_empty(session: Session, location: str) -> None:
    if session.storage.data_files(location):
        raise QueryFailed(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory already exists: {location}. "
            "You may need to manually clean the data at this location, or choose another."
        )


def _write(
    session: Session,
    relation: duckdb.DuckDBPyRelation,
    location: str,
    keys: list[str],
    file_format: FileFormat,
    existing: Table | None = None,
) -> tuple[list[str], Partitions]:
    """Write rows, one file per partition.

    :param existing: table that the rows are added to; its partitions may lie outside its location.
    :returns: the files' URIs, and the location of each partition by its values.
    :raises QueryFailed: HIVE_TOO_MANY_OPEN_PARTITIONS, above 100 partitions.
    """
    casts = (
        f"CAST({quote_name(column)} AS {writable_type(kind)}) AS {quote_name(column.lower())}"
        for column, kind in zip(relation.columns, relation.types, strict=True)
    )
    rows = relation.project(", ".join(casts)).to_arrow_table()
    session.execution.update_count = rows.num_rows
    folder, file_name = location.rstrip("/") + "/", f"{session.execution.id}_0{file_format.suffix}"
    if not rows.num_rows:
        return [], {}
    if not keys:
        return [_write_file(session, rows, folder + file_name, file_format)], {}
    known, projection = _known_partitions(session, existing), Projection.of(existing) if existing else None
    parts = _split(rows, keys)
    if len(parts) > _MOST_PARTITIONS:
        raise QueryFailed(
            f"HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {_MOST_PARTITIONS} open writers for "
            "partitions/buckets. You may need to manually clean the data at this location."
        )
    files, partitions = [], {}
    for values, part in parts:
        below = "/".join(
            f"{key}={quote(value, safe=' -_.,@+~')}" for key, value in zip(keys, values, strict=True)
        )
        made = projection.location(values) if projection else f"{folder}{below}/"
        partition = known.get(values, made)
        files.append(_write_file(session, part, partition.rstrip("/") + "/" + file_name, file_format))
        partitions[values] = partition
    return files, partitions


def _known_partitions(session: Session, table: Table | None) -> Partitions:
    if table is None or not table.partition_keys or Projection.of(table):
        return {}
    return {
        tuple(partition["Values"]): partition["StorageDescriptor"]["Location"]
        for partition in session.catalog.partitions(table)
    }


def _split(rows: pa.Table, keys: list[str]) -> list[tuple[tuple[str, ...], pa.Table]]:
    """Split rows by the values of the partition columns, and drop these columns."""
    texts = [pc.fill_null(rows[key].cast(pa.string()), _NULL_PARTITION) for key in keys]
    grouped = pa.table([*texts, pa.array(range(rows.num_rows))], names=[*keys, "_row"]).group_by(keys)
    groups = grouped.aggregate([("_row", "list")]).to_pylist()
    data = rows.drop_columns(keys)
    return [(tuple(group[key] for key in keys), data.take(pa.array(group["_row_list"]))) for group in groups]


def _write_file(session: Session, rows: pa.Table, uri: str, file_format: FileFormat) -> str:
    session.storage.write(uri, file_format.encode(rows))
    return uri
