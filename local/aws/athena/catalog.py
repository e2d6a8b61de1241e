"""The Glue catalog, as queries and DDL statements see it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from local.aws.athena.athena_errors import QueryFailed
from local.aws.moto_clients import MotoClients

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef as Column
    from mypy_boto3_glue.type_defs import (
        DatabaseTypeDef,
        PartitionErrorTypeDef,
        PartitionInputTypeDef,
        PartitionTypeDef,
        StorageDescriptorOutputTypeDef,
        TableInputTypeDef,
        TableTypeDef,
    )

PARQUET: StorageDescriptorOutputTypeDef = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
CATALOG = "awsdatacatalog"
_BATCH = 100
_INPUT_MEMBERS = frozenset(
    (
        "Name",
        "Description",
        "Owner",
        "Retention",
        "StorageDescriptor",
        "PartitionKeys",
        "ViewOriginalText",
        "ViewExpandedText",
        "TableType",
        "Parameters",
    )
)


@dataclass(frozen=True)
class TableName:
    """A table's name and database, both in lower case, as Glue keeps them."""

    database: str
    name: str

    @property
    def in_catalog(self) -> str:
        """The full name, as errors give it."""
        return f"{CATALOG}.{self.database}.{self.name}"

    @classmethod
    def parse(cls, text: str, database: str) -> TableName:
        """Read ``name``, ``database.name`` or ``catalog.database.name``, quoted or not."""
        parts = [part.strip('`"').lower() for part in re.findall(r'`[^`]*`|"[^"]*"|[^.`"\s]+', text)]
        return cls(parts[-2] if len(parts) > 1 else database.lower(), parts[-1])


@dataclass(frozen=True)
class View:
    """A view as Athena stores it.

    :param sql: its query.
    :param database: in which the query looks for tables.
    :param columns: name and Trino type of each column.
    """

    sql: str
    database: str
    columns: tuple[tuple[str, str], ...] = ()

    def to_text(self) -> str:
        """Write Glue's ViewOriginalText."""
        document = {
            "originalSql": self.sql,
            "catalog": CATALOG,
            "schema": self.database,
            "columns": [{"name": name, "type": kind} for name, kind in self.columns],
        }
        return f"/* Presto View: {base64.b64encode(json.dumps(document).encode()).decode()} */"

    @classmethod
    def from_text(cls, text: str) -> View:
        """Read Glue's ViewOriginalText."""
        encoded = text.removeprefix("/* Presto View:").removesuffix("*/").strip()
        document = json.loads(base64.b64decode(encoded))
        return cls(document["originalSql"], document["schema"])


@dataclass(frozen=True)
class Table:
    """A table or view of Glue.

    :param definition: ``Table`` of GetTable.
    """

    definition: TableTypeDef

    @property
    def name(self) -> TableName:
        return TableName(self.definition["DatabaseName"], self.definition["Name"])

    @property
    def storage(self) -> StorageDescriptorOutputTypeDef:
        return self.definition.get("StorageDescriptor") or {}

    @property
    def location(self) -> str:
        """Prefix of the table's files, with a slash at the end."""
        return (self.storage.get("Location") or "").rstrip("/") + "/"

    @property
    def columns(self) -> list[Column]:
        """Columns that are in the files."""
        return self.storage.get("Columns") or []

    @property
    def partition_keys(self) -> list[Column]:
        """Columns whose values are those of the partition."""
        return self.definition.get("PartitionKeys") or []

    @property
    def key_names(self) -> list[str]:
        return [key["Name"] for key in self.partition_keys]

    @property
    def view(self) -> View | None:
        """The view, or None for a table."""
        is_view = self.definition.get("TableType") == "VIRTUAL_VIEW"
        return View.from_text(self.definition["ViewOriginalText"]) if is_view else None

    def changed(self, **members: Any) -> TableInputTypeDef:
        """Return Glue's TableInput of the table with other members in place of its own."""
        kept: Any = {name: value for name, value in self.definition.items() if name in _INPUT_MEMBERS}
        definition: TableInputTypeDef = kept | members
        return definition

    def partition_location(self, values: Iterable[str]) -> str:
        """Return where a partition lies if its statement names no location."""
        return self.location + "/".join(f"{k}={v}" for k, v in zip(self.key_names, values, strict=True)) + "/"

    def partition_input(self, values: Iterable[str], location: str) -> PartitionInputTypeDef:
        """Return Glue's PartitionInput."""
        return {"Values": list(values), "StorageDescriptor": {**self.storage, "Location": location}}


class Catalog:
    """Databases, tables and partitions of one region."""

    def __init__(self, clients: MotoClients, region: str) -> None:
        self.glue = clients.glue(region)

    def databases(self) -> list[DatabaseTypeDef]:
        """List databases."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return [database for page in pages for database in page["DatabaseList"]]

    def require_database(self, name: str) -> DatabaseTypeDef:
        """Find a database.

        :raises QueryFailed: SCHEMA_NOT_FOUND.
        """
        try:
            return self.glue.get_database(Name=name.lower())["Database"]
        except self.glue.exceptions.EntityNotFoundException as error:
            raise QueryFailed(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{name}' does not exist") from error

    def tables(self, database: str) -> list[Table]:
        """List the tables and views of a database.

        :raises QueryFailed: SCHEMA_NOT_FOUND.
        """
        self.require_database(database)
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=database.lower())
        return [Table(definition) for page in pages for definition in page["TableList"]]

    def table(self, name: TableName) -> Table:
        """Find a table or view.

        :raises QueryFailed: TABLE_NOT_FOUND, or SCHEMA_NOT_FOUND.
        """
        if found := self.find(name):
            return found
        raise table_not_found(name)

    def hive_table(self, name: TableName) -> Table:
        """Find a table or view for a statement of Hive's, which has an error of its own.

        :raises QueryFailed: SemanticException.
        """
        try:
            if found := self.find(name):
                return found
        except QueryFailed:  # there is not even the database
            pass
        raise hive_table_not_found(name)

    def find(self, name: TableName) -> Table | None:
        """Find a table or view that need not exist.

        :raises QueryFailed: SCHEMA_NOT_FOUND.
        """
        try:
            return Table(self.glue.get_table(DatabaseName=name.database, Name=name.name)["Table"])
        except self.glue.exceptions.EntityNotFoundException:
            self.require_database(name.database)
            return None

    def update_table(self, table: Table, **members: Any) -> None:
        """Replace members of a table's definition."""
        self.glue.update_table(DatabaseName=table.name.database, TableInput=table.changed(**members))

    def partitions(self, table: Table) -> Iterator[PartitionTypeDef]:
        """List the partitions of a table."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=table.name.database, TableName=table.name.name
        )
        for page in pages:
            yield from page["Partitions"]

    def create_table(self, database: str, definition: TableInputTypeDef, exists_ok: bool = False) -> None:
        """Create a table.

        :raises QueryFailed: if it exists, unless ``exists_ok``.
        """
        self.require_database(database)
        try:
            self.glue.create_table(DatabaseName=database, TableInput=definition)
        except self.glue.exceptions.AlreadyExistsException as error:
            if not exists_ok:
                raise _table_exists_error(TableName(database, definition["Name"])) from error

    def require_absent(self, name: TableName) -> None:
        """Check that there is no table or view of a name.

        :raises QueryFailed: TABLE_ALREADY_EXISTS, or SCHEMA_NOT_FOUND.
        """
        if self.find(name):
            raise _table_exists_error(name)

    def add_partitions(
        self, table: Table, locations: dict[tuple[str, ...], str], exists_ok: bool = True
    ) -> None:
        """Add partitions.

        :param locations: location of each partition by its values.
        :raises QueryFailed: if one exists, unless ``exists_ok``.
        """
        inputs = (table.partition_input(values, location) for values, location in locations.items())
        while batch := list(islice(inputs, _BATCH)):
            reply = self.glue.batch_create_partition(
                DatabaseName=table.name.database, TableName=table.name.name, PartitionInputList=batch
            )
            errors = [item for item in reply.get("Errors", ()) if not (exists_ok and _exists_already(item))]
            if errors:
                detail = errors[0]["ErrorDetail"]
                raise QueryFailed(
                    f"{detail['ErrorCode']}: {errors[0]['PartitionValues']} {detail.get('ErrorMessage', '')}"
                )


def table_not_found(name: TableName) -> QueryFailed:
    """Return Trino's error for a table or view that does not exist."""
    return QueryFailed(f"TABLE_NOT_FOUND: line 1:1: Table '{name.in_catalog}' does not exist")


def hive_table_not_found(name: TableName) -> QueryFailed:
    """Return Hive's error for a table or view that does not exist."""
    return QueryFailed(
        f"FAILED: SemanticException [Error 10001]: Table not found {name.database}.{name.name}"
    )


def _table_exists_error(name: TableName) -> QueryFailed:
    return QueryFailed(f"TABLE_ALREADY_EXISTS: line 1:1: Table '{name.in_catalog}' already exists")


def _exists_already(error: PartitionErrorTypeDef) -> bool:
    return error["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"
