"""Statements about partitions: ALTER TABLE with PARTITION or LOCATION, and MSCK REPAIR TABLE."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from local.aws.athena.athena_errors import DDL_TASK, QueryFailed
from local.aws.athena.catalog import Table
from local.aws.athena.results import silent, write_text_result
from local.aws.athena.session import Session

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef

_PARTITION = re.compile(
    r"PARTITION\s*\((?P<values>[^)]*)\)(?:\s*LOCATION\s+'(?P<location>[^']+)')?", re.IGNORECASE
)
_PARTITION_VALUE = re.compile(r"[`\"]?(\w+)[`\"]?\s*=\s*('(?:[^']|'')*'|\"[^\"]*\"|[\w.-]+)")


@silent
def add_partitions(session: Session, match: re.Match[str]) -> None:
    """ALTER TABLE ADD PARTITION, one or more."""
    table = session.ddl_table(match["name"])
    locations = {
        (values := _values(table, part["values"])): part["location"] or table.partition_location(values)
        for part in _PARTITION.finditer(match["partitions"])
    }
    session.catalog.add_partitions(table, locations, exists_ok=bool(match["exists_ok"]))


@silent
def drop_partitions(session: Session, match: re.Match[str]) -> None:
    """ALTER TABLE DROP PARTITION, one or more; the files stay in S3."""
    table, glue = session.ddl_table(match["name"]), session.catalog.glue
    for part in _PARTITION.finditer(match["partitions"]):
        values = _values(table, part["values"])
        try:
            glue.delete_partition(
                DatabaseName=table.name.database, TableName=table.name.name, PartitionValues=list(values)
            )
        except glue.exceptions.EntityNotFoundException as error:
            if not match["missing_ok"]:
                raise _not_found(values) from error


@silent
def set_location(session: Session, match: re.Match[str]) -> None:
    """ALTER TABLE [PARTITION] SET LOCATION."""
    table = session.ddl_table(match["name"])
    if match["values"] is None:
        storage = {**table.storage, "Location": match["location"]}
        session.catalog.update_table(table, StorageDescriptor=storage)
        return
    values = _values(table, match["values"])
    _update(session, table, values, table.partition_input(values, match["location"]))


@silent
def rename_partition(session: Session, match: re.Match[str]) -> None:
    """ALTER TABLE PARTITION RENAME TO PARTITION: other values for the same files."""
    table = session.ddl_table(match["name"])
    values, renamed = _values(table, match["values"]), _values(table, match["renamed"])
    found = {tuple(partition["Values"]): partition for partition in session.catalog.partitions(table)}
    if values not in found:
        raise _not_found(values)
    if renamed in found:
        raise QueryFailed(f"{DDL_TASK} AlreadyExistsException(message:Partition already exists.)")
    location = found[values]["StorageDescriptor"]["Location"]
    _update(session, table, values, table.partition_input(renamed, location))


def _update(
    session: Session, table: Table, values: tuple[str, ...], partition: PartitionInputTypeDef
) -> None:
    glue = session.catalog.glue
    try:
        glue.update_partition(
            DatabaseName=table.name.database,
            TableName=table.name.name,
            PartitionValueList=list(values),
            PartitionInput=partition,
        )
    except glue.exceptions.EntityNotFoundException as error:
        raise _not_found(values) from error


def _not_found(values: tuple[str, ...]) -> QueryFailed:
    return QueryFailed(f"EntityNotFoundException: Partition {list(values)} not found")


def _values(table: Table, text: str) -> tuple[str, ...]:
    """Read ``dt = '2026-01-01', media_type = 'image'`` and return the values in the order of the keys."""
    given = {
        name.lower(): value.strip("'\"").replace("''", "'") for name, value in _PARTITION_VALUE.findall(text)
    }
    if set(given) != set(table.key_names):
        raise QueryFailed(f"SemanticException: partition ({text}) does not name all of {table.key_names}")
    return tuple(given[key] for key in table.key_names)


def repair_table(session: Session, match: re.Match[str]) -> None:
    """MSCK REPAIR TABLE: add a partition for each folder below the table's location that names one."""
    table = session.ddl_table(match["name"])
    known = {tuple(partition["Values"]) for partition in session.catalog.partitions(table)}
    found: dict[tuple[str, ...], str] = {}
    for stored in session.storage.data_files(table.location):
        folders = stored.uri.removeprefix(table.location).split("/")[: len(table.key_names)]
        pairs = [folder.partition("=") for folder in folders]
        if [name.lower() for name, _, _ in pairs] == table.key_names:
            found[tuple(unquote(value) for _, _, value in pairs)] = table.location + "/".join(folders) + "/"
    missing = {values: location for values, location in found.items() if values not in known}
    session.catalog.add_partitions(table, missing)
    folders_added = (location.removeprefix(table.location).rstrip("/") for location in missing.values())
    rows: list[list[str | None]] = [
        [f"Partitions not in metastore:\t{table.name.name}:{folder}"] for folder in folders_added
    ]
    write_text_result(session, ["result"], rows)
