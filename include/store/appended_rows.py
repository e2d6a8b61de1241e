"""Tables that only grow: files are added to a partition's one place, and none is ever replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from include.core.schemas import TABLES
from include.store.objects import Row, list_uris
from include.store.parquet import read_parquet
from include.store.tables import write_table

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def appended_uri(bucket: str, table: str, values: Sequence[str]) -> str:
    """Prefix of a partition of a table that only grows.

    :param values: of the table's partition keys.
    """
    keys = zip(TABLES[table].partition_keys, values, strict=True)
    return f"s3://{bucket}/curated/{table}/" + "".join(f"{key}={value}/" for key, value in keys)


def append_rows(
    s3: S3Client, bucket: str, table: str, values: Sequence[str], rows: Sequence[Row], name: str
) -> str:
    """Add rows to a partition, as one file.

    :param name: of the file, without its ending: rows that are added again under it count once.
    :return: where the partition is.
    """
    location = appended_uri(bucket, table, values)
    write_table(s3, TABLES[table], rows, f"{location}{name}.parquet")
    return location


def read_appended(s3: S3Client, bucket: str, table: str, values: Sequence[str]) -> list[Row]:
    """Return all rows of a partition, in the order of the files' names."""
    uris = list_uris(s3, appended_uri(bucket, table, values))
    return [row for uri in uris for row in read_parquet(s3, uri).to_pylist()]
