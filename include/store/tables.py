"""Staged tables: rows become Parquet files of a run, and are read again some at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow as pa

from include.core.features import MediaType
from include.core.run import Run
from include.core.schemas import TABLES, Table
from include.store.objects import Row, list_uris

ROWS_PER_CHUNK = 2_000

ROWS_PER_FILE = 50_000


class TableWriter:
    """Writes rows of many tables as Parquet files named after the batch; a repeated attempt replaces its own."""

    def __init__(self, session: boto3.Session, run: Run, media_type: MediaType | None, batch: str) -> None:
        self._session = session
        self._run = run
        self._media_type = media_type
        self._batch = batch
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._chunks: defaultdict[str, list[pa.Table]] = defaultdict(list)
        self._files: Counter[str] = Counter()
        self.written: Counter[str] = Counter()

    def add(self, table: str, row: Row) -> None:
        """Add a row; it is written when enough have come together."""
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
        chunk = pa.Table.from_pylist(self._rows[table.name], schema=table.arrow_schema)
        self._chunks[table.name].append(chunk)
        self._rows[table.name].clear()

    def _write(self, table: Table) -> None:
        rows = pa.concat_tables(self._chunks.pop(table.name))
        uri = f"{self._run.staged_uri(table.name, self._media_type)}{self._batch}-{self._files[table.name]:04d}.parquet"
        _write_arrow(self._session, table, rows, uri)
        self._files[table.name] += 1
        self.written[table.name] += rows.num_rows


def write_table(session: boto3.Session, table: Table, rows: list[Row], uri: str) -> None:
    """Write rows as one Parquet file with the types of the schema."""
    _write_arrow(session, table, pa.Table.from_pylist(rows, schema=table.arrow_schema), uri)


def _write_arrow(session: boto3.Session, table: Table, rows: pa.Table, uri: str) -> None:
    write_frame(session, table, rows.to_pandas(types_mapper=pd.ArrowDtype), uri)


def write_frame(session: boto3.Session, table: Table, frame: pd.DataFrame, uri: str) -> None:
    """Write a frame as one Parquet file with the types of the schema."""
    wr.s3.to_parquet(
        frame, path=uri, dtype=table.column_types, compression="zstd", index=False, boto3_session=session
    )


ROWS_AT_A_TIME = 250_000


def read_frames(
    session: boto3.Session,
    s3: Any,
    run: Run,
    name: str,
    media_type: MediaType | None,
    columns: list[str] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield what the run wrote of a table, ``ROWS_AT_A_TIME``; one empty frame with its columns if nothing."""
    uris = list_uris(s3, run.staged_uri(name, media_type))
    if not uris:
        empty = TABLES[name].arrow_schema.empty_table()
        yield (empty.select(columns) if columns else empty).to_pandas(types_mapper=pd.ArrowDtype)
        return
    yield from wr.s3.read_parquet(
        uris, columns=columns, chunked=ROWS_AT_A_TIME, boto3_session=session, dtype_backend="pyarrow"
    )
