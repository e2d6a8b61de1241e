"""Staged tables read again, some rows at a time, as the audit wants them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.schemas import TABLES
from include.store.objects import get
from include.store.parquet import file_schema

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ROWS_AT_A_TIME = 250_000


def read_frames(
    s3: S3Client, name: str, uris: Sequence[str], columns: list[str] | None = None
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a table's files, ``ROWS_AT_A_TIME``; one frame without rows if there are no files.

    :param columns: to read; None for all.
    """
    files = (pq.ParquetFile(io.BytesIO(get(s3, uri))) for uri in uris)
    batches = (batch for file in files for batch in file.iter_batches(ROWS_AT_A_TIME, columns=columns))
    schema = file_schema(TABLES[name])
    empty = schema.empty_table().select(columns or schema.names)
    for rows in _in_parts(pa.Table.from_batches([batch]) for batch in batches) if uris else [empty]:
        yield rows.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)


def _in_parts(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Put tables together, and cut them, into tables of ``ROWS_AT_A_TIME``; the last has what is left."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        while sum(part.num_rows for part in held) >= ROWS_AT_A_TIME:
            whole = pa.concat_tables(held)
            yield whole.slice(0, ROWS_AT_A_TIME)
            held = [whole.slice(ROWS_AT_A_TIME)]
    if any(part.num_rows for part in held):
        yield pa.concat_tables(held)
