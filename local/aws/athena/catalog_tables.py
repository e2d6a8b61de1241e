"""Tables that describe the catalog: those of ``information_schema``, and ``"table$partitions"``.

Columns as in Trino's information_schema; Athena's user guide, "Query the AWS Glue Data Catalog", shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from local.aws.athena.athena_types import hive_to_duckdb, quote_name, quote_text, split_members
from local.aws.athena.catalog import CATALOG, Catalog, Table, TableName, table_not_found

INFORMATION_SCHEMA = "information_schema"
PARTITIONS = "$partitions"

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_TRINO_NAMES = {
    "string": "varchar",
    "int": "integer",
    "float": "real",
    "binary": "varbinary",
    "timestamp": "timestamp(3)",
    "decimal": "decimal(10,0)",
}

Row = tuple[str | None, ...]


def trino_type(hive_type: str) -> str:
    """Translate a Glue column type to the name that Athena shows.

    >>> trino_type("array<struct<x:double,tags:map<string,int>>>")
    'array(row(x double, tags map(varchar, integer)))'
    """
    text = hive_type.strip().lower()
    kind, bracket, inside = text.partition("<")
    if not bracket:
        return _TRINO_NAMES.get(text, text)
    members = split_members(inside[:-1])
    if kind == "struct":
        fields = (member.partition(":") for member in members)
        return "row(" + ", ".join(f"{name.strip()} {trino_type(of)}" for name, _, of in fields) + ")"
    return f"{kind}({', '.join(map(trino_type, members))})"


def _schemata(catalog: Catalog) -> Iterator[Row]:
    for name in sorted([INFORMATION_SCHEMA, *(database["Name"] for database in catalog.databases())]):
        yield CATALOG, name


def _tables(catalog: Catalog) -> Iterator[Row]:
    for table in _all_tables(catalog):
        yield CATALOG, table.name.database, table.name.name, "VIEW" if table.view else "BASE TABLE"
    for name in sorted(_TABLES):
        yield CATALOG, INFORMATION_SCHEMA, name, "BASE TABLE"


def _columns(catalog: Catalog) -> Iterator[Row]:
    for table in _all_tables(catalog):
        keys = {key["Name"] for key in table.partition_keys}
        for position, column in enumerate(table.columns + table.partition_keys, 1):
            name = column["Name"]
            extra = "partition key" if name in keys else None
            place = CATALOG, table.name.database, table.name.name
            kind, comment = trino_type(column["Type"]), column.get("Comment")
            yield *place, name, str(position), None, "YES", kind, comment, extra
    for table_name, (columns, _) in sorted(_TABLES.items()):
        for position, name in enumerate(columns, 1):
            place = CATALOG, INFORMATION_SCHEMA, table_name
            kind = "bigint" if name == "ordinal_position" else "varchar"
            yield *place, name, str(position), None, "YES", kind, None, None


def _views(catalog: Catalog) -> Iterator[Row]:
    for table in _all_tables(catalog):
        if view := table.view:
            yield CATALOG, table.name.database, table.name.name, view.sql


def _all_tables(catalog: Catalog) -> Iterator[Table]:
    for database in sorted(database["Name"] for database in catalog.databases()):
        yield from catalog.tables(database)


_TABLE = ("table_catalog", "table_schema", "table_name")
_TABLES: dict[str, tuple[tuple[str, ...], Callable[[Catalog], Iterator[Row]]]] = {
    "schemata": (("catalog_name", "schema_name"), _schemata),
    "tables": ((*_TABLE, "table_type"), _tables),
    "columns": (
        (
            *_TABLE,
            "column_name",
            "ordinal_position",
            "column_default",
            "is_nullable",
            "data_type",
            "comment",
            "extra_info",
        ),
        _columns,
    ),
    "views": ((*_TABLE, "view_definition"), _views),
}


def information_schema_query(catalog: Catalog, name: str) -> str:
    """Return the DuckDB query for a table of information_schema.

    :raises QueryFailed: TABLE_NOT_FOUND.
    """
    if name not in _TABLES:
        raise table_not_found(TableName(INFORMATION_SCHEMA, name))
    columns, rows = _TABLES[name]
    kinds = {column: "BIGINT" if column == "ordinal_position" else "VARCHAR" for column in columns}
    return _query(kinds, rows(catalog))


def partitions_query(catalog: Catalog, name: TableName) -> str:
    """Return the DuckDB query for the values of a table's partitions.

    :param name: with ``$partitions`` at its end.
    :raises QueryFailed: TABLE_NOT_FOUND, also if the table has no partitions.
    """
    table = catalog.table(TableName(name.database, name.name.removesuffix(PARTITIONS)))
    if not table.partition_keys:
        raise table_not_found(name)
    kinds = {key["Name"]: hive_to_duckdb(key["Type"]) for key in table.partition_keys}
    values = (partition["Values"] for partition in catalog.partitions(table))
    return _query(kinds, (tuple(None if text == _NULL_PARTITION else text for text in row) for row in values))


def _query(kinds: dict[str, str], rows: Iterator[Row]) -> str:
    columns = ", ".join(
        f"CAST({quote_name(name)} AS {kind}) AS {quote_name(name)}" for name, kind in kinds.items()
    )
    names = ", ".join(map(quote_name, kinds))
    values = [
        "(" + ", ".join("NULL" if cell is None else quote_text(cell) for cell in row) + ")" for row in rows
    ]
    if not values:
        nulls = ", ".join(f"CAST(NULL AS {kind}) AS {quote_name(name)}" for name, kind in kinds.items())
        return f"SELECT {nulls} WHERE false"
    return f"SELECT {columns} FROM (VALUES {', '.join(values)}) AS listed({names})"
