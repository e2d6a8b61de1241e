"""The Glue catalog: where the partitions of the lake's tables point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from include.core.errors import NO_RESOURCE, RESOURCE_EXISTS, TerminalError, error_code
from include.core.schemas import TABLES

if TYPE_CHECKING:
    from mypy_boto3_glue.client import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef, StorageDescriptorTypeDef


class NoTableError(TerminalError, LookupError):
    """A table is missing from the Glue catalog; the text says how to make it."""


class TableMismatchError(TerminalError, ValueError):
    """A table of the catalog has other columns than this version writes; the text says what to do."""


@dataclass(frozen=True)
class Catalog:
    """Partitions of a Glue database."""

    glue: GlueClient
    database: str

    def descriptor(self, table: str) -> StorageDescriptorTypeDef:
        """Return how a table is stored, which its partitions take over.

        :raises NoTableError: if the table was never created.
        :raises TableMismatchError: if its columns are not those of :mod:`include.core.schemas`.
        """
        try:
            found = self.glue.get_table(DatabaseName=self.database, Name=table)["Table"]
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            raise NoTableError(
                f"table {self.database}.{table} does not exist: run `python -m infrastructure`"
            ) from error
        descriptor = found["StorageDescriptor"]
        columns = {column["Name"]: column.get("Type", "") for column in descriptor["Columns"]}
        if columns != TABLES[table].column_types:
            raise TableMismatchError(
                f"table {self.database}.{table} has other columns than this version writes "
                f"({_difference(columns, TABLES[table].column_types)}): run `python -m infrastructure`"
            )
        return cast("StorageDescriptorTypeDef", descriptor)

    def point(
        self,
        table: str,
        values: Sequence[str],
        location: str,
        descriptor: StorageDescriptorTypeDef,
        parameters: Mapping[str, str],
    ) -> None:
        """Point a partition to a location; make it if there is none."""
        partition: PartitionInputTypeDef = {
            "Values": values,
            "StorageDescriptor": {**descriptor, "Location": location},
            "Parameters": parameters,
        }
        if self._update(table, values, partition):
            return
        try:
            self.glue.create_partition(DatabaseName=self.database, TableName=table, PartitionInput=partition)
        except ClientError as error:
            if error_code(error) not in RESOURCE_EXISTS:
                raise
            self._update(table, values, partition)

    def _update(self, table: str, values: Sequence[str], partition: PartitionInputTypeDef) -> bool:
        try:
            self.glue.update_partition(
                DatabaseName=self.database,
                TableName=table,
                PartitionValueList=values,
                PartitionInput=partition,
            )
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            return False
        return True

    def location(self, table: str, values: Sequence[str]) -> str | None:
        """Return where a partition points; None if there is none."""
        try:
            partition = self.glue.get_partition(
                DatabaseName=self.database, TableName=table, PartitionValues=values
            )["Partition"]
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            return None
        return partition["StorageDescriptor"]["Location"]


def _difference(found: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Say in words how the columns of a table differ from those that it should have."""
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    changed = [name for name in wanted if name in found and found[name] != wanted[name]]
    named = {"missing": missing, "unknown": unknown, "of another type": changed}
    words = [f"{what}: {', '.join(names)}" for what, names in named.items() if names]
    return "; ".join(words)
