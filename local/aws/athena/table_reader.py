"""Reads a table: chooses partitions, lists files, and writes the DuckDB query for the table's columns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from local.aws.athena.athena_types import hive_to_duckdb, quote_name, quote_text
from local.aws.athena.catalog import Catalog, Table
from local.aws.athena.dialect import to_duckdb
from local.aws.athena.projection import Projection, Values
from local.aws.athena.pushdown import conditions_on
from local.aws.athena.storage import Scan, Storage, StoredFile

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef as Column

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


PATH = "$path"

# Values and location.
Partition = tuple[Values, str]


def conditions_on_keys(table: exp.Table, keys: list[str]) -> list[exp.Expr]:
    """Return the conditions on partition keys alone that every row of a table must meet.

    :param table: the table in its query's syntax tree.
    """
    return [
        condition
        for condition in conditions_on(table)
        if all(column.name.lower() in keys for column in condition.find_all(exp.Column))
    ]


def wants_path(table: exp.Table) -> bool:
    """Return whether a query asks for the hidden column with the path of a row's file."""
    select = table.find_ancestor(exp.Select)
    return select is not None and any(column.name == PATH for column in select.find_all(exp.Column))


def hide_path(table: exp.Table) -> None:
    """Leave the hidden column out of the stars of a query that asks for it."""
    select = table.find_ancestor(exp.Select)
    for column in select.expressions if select is not None else []:
        star = column.this if isinstance(column, exp.Column) else column
        if isinstance(star, exp.Star) and column.text("table") in ("", table.alias_or_name):
            star.set("except_", [exp.to_identifier(PATH, quoted=True)])


class TableReader:
    """Plans how one query reads its tables."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, catalog: Catalog, storage: Storage, scan: Scan
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._storage = storage
        self._scan = scan

    def query(self, table: Table, reference: exp.Table, partitions: list[Partition]) -> str:
        """Return the DuckDB query for a table's present content.

        :param reference: the table in its query's syntax tree.
        :param partitions: those to read.
        """
        files = [
            StoredFile(stored.uri, stored.object, values)
            for values, location in partitions
            for stored in self._storage.data_files(location)
        ]
        if not files:
            return self._empty(table, reference)
        paths = [self._scan.add(stored) for stored in files]
        source = f"{self._read_function(table, paths)} AS data"
        present = {
            row[0].lower(): row[0]
            for row in self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        }
        columns = [
            _typed(f"data.{quote_name(present[name])}" if name in present else "NULL", column)
            for column in table.columns
            for name in [column["Name"].lower()]
        ]
        keys = [
            _typed(f"nullif(part.{quote_name(key['Name'])}, '{_NULL_PARTITION}')", key)
            for key in table.partition_keys
        ]
        if wants_path(reference):
            keys.append(f"part.uri AS {quote_name(PATH)}")
        if not keys:
            return f"SELECT {', '.join(columns)} FROM {source}"
        rows = ", ".join(
            "(" + ", ".join(map(quote_text, (path, stored.uri, *stored.values))) + ")"
            for path, stored in zip(paths, files, strict=True)
        )
        names = ", ".join(map(quote_name, ("path", "uri", *table.key_names)))
        return (
            f"SELECT {', '.join(columns + keys)} FROM {source} "
            f"JOIN (VALUES {rows}) AS part({names}) ON data.scan_path = part.path"
        )

    def partitions(self, table: Table, reference: exp.Table) -> list[Partition]:
        """Return the partitions that the query's conditions allow; a table without keys has one.

        :param reference: the table in its query's syntax tree.
        """
        if not table.partition_keys:
            return [((), table.location)]
        conditions = conditions_on_keys(reference, table.key_names)
        alias = reference.alias_or_name
        if projection := Projection.of(table):
            choose = partial(self._chosen_values, table, conditions, alias)
            listed = [
                (values, projection.location(values)) for values in projection.partitions(conditions, choose)
            ]
        else:
            listed = [
                (tuple(partition["Values"]), partition["StorageDescriptor"]["Location"])
                for partition in self._catalog.partitions(table)
            ]
        chosen = self._allowed([values for values, _ in listed], table.partition_keys, conditions, alias)
        return [listed[position] for position in chosen]

    def _chosen_values(
        self, table: Table, conditions: list[exp.Expr], alias: str, name: str, values: list[str]
    ) -> list[str]:
        """Return those values of a partition key that the conditions on it alone allow."""
        key = [column for column in table.partition_keys if column["Name"] == name]
        own = [
            condition
            for condition in conditions
            if all(column.name.lower() == name for column in condition.find_all(exp.Column))
        ]
        return [
            values[position] for position in self._allowed([(value,) for value in values], key, own, alias)
        ]

    def _allowed(
        self, rows: list[Values], keys: list[Column], conditions: list[exp.Expr], alias: str
    ) -> list[int]:
        """Return the positions of the rows of partition values that meet conditions; DuckDB decides."""
        if not conditions or not rows:
            return list(range(len(rows)))
        listed = ", ".join(f"unnest(${position}) AS k{position}" for position, _ in enumerate(keys, 1))
        typed = ", ".join(
            _typed(f"nullif(k{position}, '{_NULL_PARTITION}')", key) for position, key in enumerate(keys, 1)
        )
        wanted = " AND ".join(f"({to_duckdb(condition.copy())})" for condition in conditions)
        found = self._connection.execute(
            f"SELECT position FROM (SELECT position, {typed} "
            f"FROM (SELECT unnest(range({len(rows)})) AS position, {listed})) AS {quote_name(alias)} "
            f"WHERE {wanted} ORDER BY position",
            [list(column) for column in zip(*rows, strict=True)],
        ).fetchall()
        return [position for (position,) in found]

    @staticmethod
    def _empty(table: Table, reference: exp.Table) -> str:
        columns = [_typed("NULL", column) for column in table.columns + table.partition_keys]
        if wants_path(reference):
            columns.append(f"CAST(NULL AS VARCHAR) AS {quote_name(PATH)}")
        return f"SELECT {', '.join(columns)} WHERE false"

    @staticmethod
    def _read_function(table: Table, paths: list[str]) -> str:
        """Return the call that reads files in the table's format, with each row's path in ``scan_path``."""
        listed = "[" + ", ".join(map(quote_text, paths)) + "]"
        serde = table.storage.get("SerdeInfo") or {}
        library = str(serde.get("SerializationLibrary", "")).lower()
        properties = serde.get("Parameters") or {}
        shared = "filename = 'scan_path', hive_partitioning = false"
        if "parquet" in library:
            return f"read_parquet({listed}, union_by_name = true, {shared})"
        if "json" in library:
            types = ", ".join(
                f"{quote_text(column['Name'])}: {quote_text(hive_to_duckdb(column['Type']))}"
                for column in table.columns
            )
            return f"read_json({listed}, format = 'newline_delimited', columns = {{{types}}}, {shared})"
        types = ", ".join(f"{quote_text(column['Name'])}: 'VARCHAR'" for column in table.columns)
        is_csv = "opencsv" in library
        separator = properties.get("separatorChar" if is_csv else "field.delim") or (
            "," if is_csv else "\x01"
        )
        quote = properties.get("quoteChar", '"') if is_csv else ""
        header = int(table.definition.get("Parameters", {}).get("skip.header.line.count", 0))
        # LazySimpleSerDe's null, and what a row lacks since columns were added to the table.
        nulls = "" if is_csv else ", nullstr = '\\N', null_padding = true"
        return (
            f"read_csv({listed}, delim = {quote_text(separator)}, quote = {quote_text(quote)}, "
            f"skip = {header}, header = false, auto_detect = false, columns = {{{types}}}, {shared}{nulls})"
        )


def _typed(expression: str, column: Column) -> str:
    return f"CAST({expression} AS {hive_to_duckdb(column['Type'])}) AS {quote_name(column['Name'])}"
