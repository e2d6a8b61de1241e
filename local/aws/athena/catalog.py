"""The Glue catalog, as queries and DDL see it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from local.aws.athena.athena_errors import QueryFailed
from local.aws.clients import Clients

PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
_BATCH = 100


@dataclass(frozen=True)
class TableName:
    """A table's name with its database, in lower case as Glue keeps both."""

    database: str
    name: str

    @classmethod
    def parse(cls, text: str, database: str) -> TableName:
        """Read ``name``, ``database.name`` or ``catalog.database.name``, quoted or not."""
        parts = [part.strip('`"').lower() for part in re.findall(r'`[^`]*`|"[^"]*"|[^.`"\s]+', text)]
        return cls(parts[-2] if len(parts) > 1 else database.lower(), parts[-1])


@dataclass(frozen=True)
class View:
    """A view as Athena stores it.

    :param columns: name and Trino type of each column.
    """

    sql: str
    database: str
    columns: tuple[tuple[str, str], ...] = ()

    def to_text(self) -> str:
        """Write Glue's ViewOriginalText."""
        document = {
            "originalSql": self.sql,
            "catalog": "awsdatacatalog",
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

    definition: dict[str, Any]

    @property
    def name(self) -> TableName:
        """Its name."""
        return TableName(self.definition["DatabaseName"], self.definition["Name"])

    @property
    def storage(self) -> dict[str, Any]:
        """Its StorageDescriptor."""
        return self.definition.get("StorageDescriptor") or {}

    @property
    def location(self) -> str:
        """Where its files are, with a slash at the end."""
        return str(self.storage.get("Location") or "").rstrip("/") + "/"

    @property
    def columns(self) -> list[dict[str, str]]:
        """Its data columns (Name, Type, Comment)."""
        return self.storage.get("Columns") or []

    @property
    def partition_keys(self) -> list[dict[str, str]]:
        """Its partition columns."""
        return self.definition.get("PartitionKeys") or []

    @property
    def key_names(self) -> list[str]:
        """Names of the partition columns."""
        return [key["Name"] for key in self.partition_keys]

    @property
    def view(self) -> View | None:
        """The view it is, if it is one."""
        is_view = self.definition.get("TableType") == "VIRTUAL_VIEW"
        return View.from_text(self.definition["ViewOriginalText"]) if is_view else None

    def partition_location(self, values: Iterable[str]) -> str:
        """Where a partition lies unless told otherwise."""
        return self.location + "/".join(f"{k}={v}" for k, v in zip(self.key_names, values, strict=True)) + "/"

    def partition_input(self, values: Iterable[str], location: str) -> dict[str, Any]:
        """Write Glue's PartitionInput."""
        return {"Values": list(values), "StorageDescriptor": {**self.storage, "Location": location}}


class Catalog:
    """Databases, tables and partitions of one region."""

    def __init__(self, clients: Clients, region: str) -> None:
        self.glue = clients.get("glue", region)

    def databases(self) -> list[dict[str, Any]]:
        """List databases."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return [database for page in pages for database in page["DatabaseList"]]

    def require_database(self, name: str) -> dict[str, Any]:
        """Find a database.

        :raises QueryFailed: SCHEMA_NOT_FOUND.
        """
        try:
            database: dict[str, Any] = self.glue.get_database(Name=name.lower())["Database"]
        except self.glue.exceptions.EntityNotFoundException as error:
            raise QueryFailed(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{name}' does not exist") from error
        return database

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
        try:
            return Table(self.glue.get_table(DatabaseName=name.database, Name=name.name)["Table"])
        except self.glue.exceptions.EntityNotFoundException as error:
            self.require_database(name.database)
            raise QueryFailed(
                f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{name.database}.{name.name}' does not exist"
            ) from error

    def partitions(self, table: Table) -> Iterator[dict[str, Any]]:
        """List the partitions of a table."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=table.name.database, TableName=table.name.name
        )
        for page in pages:
            yield from page["Partitions"]

    def create_table(self, name: TableName, definition: dict[str, Any], exists_ok: bool = False) -> None:
        """Create a table.

        :param definition: Glue's TableInput, without the name.
        :raises QueryFailed: if it exists.
        """
        self.require_database(name.database)
        try:
            self.glue.create_table(DatabaseName=name.database, TableInput={"Name": name.name, **definition})
        except self.glue.exceptions.AlreadyExistsException as error:
            if not exists_ok:
                raise QueryFailed(
                    f"TABLE_ALREADY_EXISTS: line 1:1: Table 'awsdatacatalog.{name.database}.{name.name}' already exists"
                ) from error

    def add_partitions(
        self, table: Table, locations: dict[tuple[str, ...], str], exists_ok: bool = True
    ) -> None:
        """Add partitions by their values.

        :raises QueryFailed: if one exists, unless that is fine.
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


def _exists_already(error: dict[str, Any]) -> bool:
    return bool(error["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException")
