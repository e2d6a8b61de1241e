"""Staged tables read again, some rows at a time, as the audit wants them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.errors import TerminalError
from include.core.schemas import TABLES
from include.store.objects import get
from include.store.parquet import file_schema

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ROWS_AT_A_TIME = 250_000


class UnfitFileError(TerminalError, ValueError):
    """A staged file is no Parquet, or has not the columns and types of its table.

    :ivar uri: the file.
    :ivar columns: the columns that it has; empty if it is no Parquet.
    :ivar mistakes: column to what is wrong with it, in words.
    """

    def __init__(self, uri: str, columns: list[str], mistakes: dict[str, str]) -> None:
        self.uri = uri
        self.columns = columns
        self.mistakes = mistakes
        words = ", ".join(f"{name}: {mistake}" for name, mistake in mistakes.items())
        super().__init__(f"{uri} does not fit its table ({words}); clear task `normalize` of the run")


def read_parts(
    s3: S3Client, name: str, uris: Sequence[str], columns: list[str] | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of a table's files, ``ROWS_AT_A_TIME``; one part without rows if there are none.

    :param columns: to read; None for all.
    :raises UnfitFileError: if a file does not fit the table.
    """
    schema = file_schema(TABLES[name])
    wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns])
    files = (_open(uri, get(s3, uri), schema) for uri in uris)
    batches = (batch for file in files for batch in file.iter_batches(ROWS_AT_A_TIME, columns=columns))
    tables = (pa.Table.from_batches([batch]).cast(wanted) for batch in batches)
    found = False
    for rows in _in_parts(tables):
        found = True
        yield rows
    if not found:
        yield wanted.empty_table()


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Return rows as a frame that keeps Arrow's types."""
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    return frame


def _open(uri: str, body: bytes, schema: pa.Schema) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(io.BytesIO(body))
    except pa.ArrowInvalid as error:
        raise UnfitFileError(uri, [], {"the file": str(error)}) from error
    names = file.schema_arrow.names
    mistakes = {name: "this column is missing" for name in schema.names if name not in names}
    mistakes |= {name: "the table has no such column" for name in names if name not in schema.names}
    for field in file.schema_arrow:
        if field.name in schema.names and not _fits(field.type, schema.field(field.name).type):
            mistakes[field.name] = f"{field.type} and not {schema.field(field.name).type}"
    if not mistakes and names != schema.names:
        mistakes = {"all columns": "they are in another order"}
    if mistakes:
        raise UnfitFileError(uri, names, mistakes)
    return file


def _fits(type_: pa.DataType, wanted: pa.DataType) -> bool:
    """Timestamps may have any unit."""
    return bool(type_ == wanted or (pa.types.is_timestamp(type_) and pa.types.is_timestamp(wanted)))


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
