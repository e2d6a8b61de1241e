"""Staged tables: rows become Parquet files in the run's own place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from include.core.features import MediaType
from include.core.run import Run
from include.core.schemas import TABLES, Table
from include.store.objects import Row, put
from include.store.parquet import arrow_frame, arrow_rows, table_file

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3.client import S3Client

ROWS_PER_CHUNK = 2_000

ROWS_PER_FILE = 50_000


class TableWriter:
    """Writes rows of many tables as files named after the batch; a repeated attempt replaces its files."""

    def __init__(self, s3: S3Client, run: Run, media_type: MediaType | None, batch: str) -> None:
        self._s3 = s3
        self._run = run
        self._media_type = media_type
        self._batch = batch
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._chunks: defaultdict[str, list[pa.Table]] = defaultdict(list)
        self._files: Counter[str] = Counter()
        self.written: Counter[str] = Counter()

    def add(self, table: str, row: Row) -> None:
        """Add a row; it is written once there are enough for a file."""
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= min(ROWS_PER_CHUNK, ROWS_PER_FILE):
            self._pack(TABLES[table])
            if sum(chunk.num_rows for chunk in self._chunks[table]) >= ROWS_PER_FILE:
                self._write(TABLES[table])

    def close(self) -> None:
        """Write what is left."""
        for name, rows in list(self._rows.items()):
            if rows:
                self._pack(TABLES[name])
            if self._chunks[name]:
                self._write(TABLES[name])

    def _pack(self, table: Table) -> None:
        self._chunks[table.name].append(arrow_rows(table, self._rows[table.name]))
        self._rows[table.name].clear()

    def _write(self, table: Table) -> None:
        rows = pa.concat_tables(self._chunks.pop(table.name))
        name = f"{self._batch}-{self._files[table.name]:04d}.parquet"
        put(self._s3, self._run.staged_uri(table.name, self._media_type) + name, table_file(table, rows))
        self._files[table.name] += 1
        self.written[table.name] += rows.num_rows


def write_table(s3: S3Client, table: Table, rows: Sequence[Row], uri: str) -> None:
    """Write rows as one data file of a table."""
    put(s3, uri, table_file(table, arrow_rows(table, rows)))


def write_frame(s3: S3Client, table: Table, frame: pd.DataFrame, uri: str) -> None:
    """Write a frame as one data file of a table."""
    put(s3, uri, table_file(table, arrow_frame(table, frame)))
