"""Publish: copy what passed the audit to a place of its own and point the Glue partition there.

A reader sees the old partition or the new one, whole: published data is never written again, also when tasks are cleared.
What was published before stays, for rollback; each partition remembers the location it had.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from include.core.errors import NO_RESOURCE, RESOURCE_EXISTS, TerminalError, error_code
from include.core.features import MediaType
from include.core.run import Run
from include.core.schemas import TABLES
from include.store.objects import list_uris, split_uri

log = logging.getLogger(__name__)

COPY_THREADS = 8


class NoTableError(TerminalError, LookupError):
    """A table is missing from the Glue catalog; the text says how to make it."""


def publish(
    s3: Any, glue: Any, database: str, run: Run, tables: Iterable[str], media_type: MediaType | None
) -> dict[str, str]:
    """Publish what the run staged of each table, in the order given.

    All data is copied before the first partition is pointed to its copy.

    :return: table to location.
    :raises NoTableError: if a table was never created.
    """
    version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    locations = {name: run.published_uri(name, media_type, version) for name in tables}
    with ThreadPoolExecutor(COPY_THREADS) as pool:
        for name, location in locations.items():
            _copy(s3, pool, run.staged_uri(name, media_type), location)
    for name, location in locations.items():
        values = [run.partition, media_type] if media_type else [run.partition]
        assert len(values) == len(TABLES[name].partition_keys)
        _point(glue, database, name, values, location, run)
        log.info("%s %s now reads %s", name, "/".join(values), location)
    return locations


def _copy(s3: Any, pool: ThreadPoolExecutor, source: str, target: str) -> None:
    """Copy all objects below a prefix, within S3."""

    def copy(uri: str) -> None:
        bucket, key = split_uri(uri)
        target_bucket, target_key = split_uri(target + uri.removeprefix(source))
        s3.copy({"Bucket": bucket, "Key": key}, target_bucket, target_key)

    list(pool.map(copy, list_uris(s3, source)))


def _point(glue: Any, database: str, name: str, values: list[str], location: str, run: Run) -> None:
    try:
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except ClientError as error:
        if error_code(error) not in NO_RESOURCE:
            raise
        raise NoTableError(
            f"table {database}.{name} does not exist: run `python -m infrastructure`"
        ) from error
    where = {"DatabaseName": database, "TableName": name}
    partition = {
        "Values": values,
        "StorageDescriptor": {**table["StorageDescriptor"], "Location": location},
        "Parameters": {"run_id": run.run_id, "published_at": datetime.now(UTC).isoformat(timespec="seconds")},
    }
    previous = _location(glue, where, values)
    if previous is None:
        try:
            glue.create_partition(**where, PartitionInput=partition)
            return
        except ClientError as error:
            if error_code(error) not in RESOURCE_EXISTS:
                raise
            previous = _location(glue, where, values)
    if previous:
        partition["Parameters"]["previous_location"] = previous  # type: ignore[index]
    glue.update_partition(**where, PartitionValueList=values, PartitionInput=partition)


def _location(glue: Any, where: dict[str, str], values: list[str]) -> str | None:
    try:
        partition = glue.get_partition(**where, PartitionValues=values)["Partition"]
    except ClientError as error:
        if error_code(error) not in NO_RESOURCE:
            raise
        return None
    return partition["StorageDescriptor"]["Location"]
