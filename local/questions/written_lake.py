"""A lake whose tables are written row by row, instead of by runs."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.schemas import TABLES
from include.store.sql import load_sql, load_view, names_read, sql_names, view_names

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

Row = dict[str, Any]

# That of the local endpoint.
ACCOUNT = "123456789012"

# Required columns that a row does not name get a value of their type.
_DEFAULTS: dict[str, Any] = {
    "string": "x",
    "int": 1,
    "bigint": 1,
    "double": 1.0,
    "boolean": False,
    "date": date(2026, 11, 20),
    "timestamp": datetime(2026, 11, 20, 12),
    "array<struct<cause:string,units:double,usd:double,reason:string>>": [],
}


class WrittenLake:
    """A bucket and a Glue database, both there already, in which a lake is made.

    :param run: runs a statement in the database to its end.
    """

    def __init__(self, s3: S3Client, bucket: str, database: str, run: Callable[[str], object]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._database = database
        self._run = run
        for name in sql_names("ddl"):
            run(load_sql(name, database=database, bucket=bucket))

    def make_views(self, *names: str) -> None:
        """Make views and those that they read; all of them if none is named."""
        views = view_names()  # each after those it reads
        wanted = set(names) or {Path(view).name for view in views}
        for view in reversed(views):
            wanted |= names_read(view) if Path(view).name in wanted else set()
        for view in views:
            if Path(view).name in wanted:
                self._run(load_view(view, self._database, ACCOUNT))

    def insert(self, table: str, *rows: Row) -> None:
        """Write rows, each to the partition that it names, as if published the night after its day.

        :raises KeyError: if a row does not name its partition.
        """
        keys = TABLES[table].partition_keys
        partitions: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            partitions.setdefault(tuple(row[key] for key in keys), []).append(_completed(table, row))
        for values, content in partitions.items():
            folder = "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))
            file = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(content, schema=TABLES[table].arrow_schema), file)
            key = f"curated/{table}/{folder}/{_version(values[0])}/0.parquet"
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=file.getvalue())
        self._run(f"MSCK REPAIR TABLE `{table}`")


def _completed(table: str, row: Row) -> Row:
    columns = TABLES[table].columns
    return {column.name: _DEFAULTS[column.type] for column in columns if column.required} | {
        column.name: row[column.name] for column in columns if column.name in row
    }


def _version(day: str) -> str:
    night = date.fromisoformat(day) + timedelta(days=1)
    return f"version={night:%Y%m%d}T021500000000-written"
