"""Staged tables read again, some rows at a time, as the audit wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from include.core.schemas import TABLES
from include.store.objects import get
from include.store.parquet import file_schema, regrouped
from include.store.staged_file import open_staged

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ROWS_AT_A_TIME = 250_000


def read_parts(
    s3: S3Client, name: str, uris: Sequence[str], columns: list[str] | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of a table's files, ``ROWS_AT_A_TIME``; one part without rows if there are none.

    :param columns: to read; None for all.
    :raises UnfitFileError: if a file does not fit the table.
    """
    schema = file_schema(TABLES[name])
    wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns])
    files = (open_staged(uri, get(s3, uri), schema) for uri in uris)
    batches = (batch for file in files for batch in file.iter_batches(ROWS_AT_A_TIME, columns=columns))
    tables = (pa.Table.from_batches([batch]).cast(wanted) for batch in batches)
    found = False
    for rows in regrouped(tables, ROWS_AT_A_TIME):
        found = True
        yield rows
    if not found:
        yield wanted.empty_table()


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Return rows as a frame that keeps Arrow's types."""
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    return frame
