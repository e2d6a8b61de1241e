"""Publish: copy what passed the audit to a place of its own and point the Glue partition there.

A reader sees the old partition or the new one, whole: published data is never written again, also when
tasks are cleared. What was published before stays, for rollback; each partition remembers the location it
had.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from include.core.errors import NO_RESOURCE, RESOURCE_EXISTS, TerminalError, error_code
from include.core.features import MediaType
from include.core.run import Run
from include.core.schemas import TABLES
from include.store.objects import list_uris, split_uri
from include.store.workspace import Workspace

if TYPE_CHECKING:
    from mypy_boto3_glue.client import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef, StorageDescriptorTypeDef
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

COPY_THREADS = 8


class NoTableError(TerminalError, LookupError):
    """A table is missing from the Glue catalog; the text says how to make it."""


def publish(workspace: Workspace, tables: Iterable[str], media_type: MediaType | None) -> dict[str, str]:
    """Publish what the run staged of each table, in the order given.

    All data is copied before the first partition is pointed to its copy.

    :return: table to location.
    :raises NoTableError: if a table was never created.
    """
    run = workspace.run
    version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    locations = {name: run.published_uri(name, media_type, version) for name in tables}
    with ThreadPoolExecutor(COPY_THREADS) as pool:
        for name, location in locations.items():
            _copy(workspace.s3, pool, run.staged_uri(name, media_type), location)
    catalog = _Catalog(workspace.aws.client("glue"), workspace.settings.database, run)
    for name, location in locations.items():
        values = [run.partition, media_type] if media_type else [run.partition]
        assert len(values) == len(TABLES[name].partition_keys)
        catalog.point(name, values, location)
        log.info("%s %s now reads %s", name, "/".join(values), location)
    return locations


def is_published(workspace: Workspace, table: str, media_type: MediaType | None) -> bool:
    """Return whether the run's day has a partition of a table, of whatever run."""
    run = workspace.run
    values = [run.partition, media_type] if media_type else [run.partition]
    catalog = _Catalog(workspace.aws.client("glue"), workspace.settings.database, run)
    return catalog.location(table, values) is not None


def _copy(s3: S3Client, pool: ThreadPoolExecutor, source: str, target: str) -> None:
    """Copy all objects below a prefix, within S3."""

    def copy(uri: str) -> None:
        bucket, key = split_uri(uri)
        target_bucket, target_key = split_uri(target + uri.removeprefix(source))
        s3.copy({"Bucket": bucket, "Key": key}, target_bucket, target_key)

    list(pool.map(copy, list_uris(s3, source)))


@dataclass(frozen=True)
class _Catalog:
    """The Glue catalog, in which a run points partitions to what it published."""

    glue: GlueClient
    database: str
    run: Run

    def point(self, name: str, values: Sequence[str], location: str) -> None:
        """Point a partition to a location, and remember there where it pointed before."""
        partition: PartitionInputTypeDef = {
            "Values": values,
            "StorageDescriptor": {**self._descriptor(name), "Location": location},
            "Parameters": {
                "run_id": self.run.run_id,
                "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        }
        previous = self.location(name, values)
        if previous is None:
            try:
                self.glue.create_partition(
                    DatabaseName=self.database, TableName=name, PartitionInput=partition
                )
                return
            except ClientError as error:
                if error_code(error) not in RESOURCE_EXISTS:
                    raise
                previous = self.location(name, values)
        if previous:
            partition["Parameters"] = {**partition["Parameters"], "previous_location": previous}
        self.glue.update_partition(
            DatabaseName=self.database, TableName=name, PartitionValueList=values, PartitionInput=partition
        )

    def _descriptor(self, name: str) -> StorageDescriptorTypeDef:
        try:
            table = self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            raise NoTableError(
                f"table {self.database}.{name} does not exist: run `python -m infrastructure`"
            ) from error
        return cast("StorageDescriptorTypeDef", table["StorageDescriptor"])

    def location(self, name: str, values: Sequence[str]) -> str | None:
        """Return where a partition points; None if there is none."""
        try:
            partition = self.glue.get_partition(
                DatabaseName=self.database, TableName=name, PartitionValues=values
            )["Partition"]
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            return None
        return partition["StorageDescriptor"]["Location"]
