"""Publish: point Glue partitions at data that passed the audit.

A reader sees the old partition or the new one, whole. The data of earlier runs stays where it is, for rollback; each
partition remembers the location it had before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from include.features import MediaType
from include.run import Run
from include.schemas import TABLES

log = logging.getLogger(__name__)


class NoTableError(LookupError):
    """A table is missing from the Glue catalog; the text says how to make it."""


def publish(
    glue: Any, database: str, run: Run, tables: Iterable[str], media_type: MediaType | None
) -> dict[str, str]:
    """Point the run's partition of each table at the run's data, in the order given.

    :return: table to location.
    :raises NoTableError: if a table was never created.
    """
    locations = {}
    for name in tables:
        location = run.table_uri(name, media_type)
        values = [run.partition, media_type] if media_type else [run.partition]
        assert len(values) == len(TABLES[name].partition_keys)
        _point(glue, database, name, values, location, run)
        locations[name] = location
        log.info("%s %s now reads %s", name, "/".join(values), location)
    return locations


def _point(glue: Any, database: str, name: str, values: list[str], location: str, run: Run) -> None:
    try:
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        raise NoTableError(
            f"table {database}.{name} does not exist: run `python -m include.infrastructure`"
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
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
            previous = _location(glue, where, values)
    if previous and previous != location:
        partition["Parameters"]["previous_location"] = previous  # type: ignore[index]
    glue.update_partition(**where, PartitionValueList=values, PartitionInput=partition)


def _location(glue: Any, where: dict[str, str], values: list[str]) -> str | None:
    try:
        partition = glue.get_partition(**where, PartitionValues=values)["Partition"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityNotFoundException":
            raise
        return None
    return partition["StorageDescriptor"]["Location"]
