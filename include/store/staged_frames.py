"""Staged tables read again, some rows at a time, as the audit wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.schemas import TABLES
from include.store.objects import get
from include.store.parquet import file_schema, regrouped
from include.store.staged_file import encode_texts, open_staged

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
    yield from _parts(files, wanted)


def read_encoded_parts(s3: S3Client, name: str, uris: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows likewise, with texts, alone and in lists, as dictionaries: one chunk of each column.

    Half the time of decoding goes into copies of equal texts, and what looks at texts looks at each once.
    """
    schema = file_schema(TABLES[name])
    files = (encode_texts(open_staged(uri, body, schema), body) for uri in uris for body in [get(s3, uri)])
    yield from (rows.combine_chunks() for rows in _parts(files, _encoded(schema)))


def _parts(files: Iterable[pq.ParquetFile], schema: pa.Schema) -> Iterator[pa.Table]:
    batches = (batch for file in files for batch in _batches(file, schema.names))
    found = False
    for rows in regrouped((pa.Table.from_batches([batch]).cast(schema) for batch in batches), ROWS_AT_A_TIME):
        found = True
        yield rows
    if not found:
        yield schema.empty_table()


def _batches(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of each row group: Arrow cannot put together dictionaries of lists of several."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(ROWS_AT_A_TIME, row_groups=[group], columns=columns)


def _encoded(schema: pa.Schema) -> pa.Schema:
    return pa.schema(field.with_type(_encoded_type(field.type)) for field in schema)


def _encoded_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_list(type_):
        return pa.list_(type_.value_field.with_type(_encoded_type(type_.value_type)))
    return pa.dictionary(pa.int32(), type_) if pa.types.is_string(type_) else type_


def frame_of(rows: pa.Table) -> pd.DataFrame:
    """Return rows as a frame that keeps Arrow's types, but for encoded texts, which are plain."""
    rows = rows.cast(pa.schema(field.with_type(_plain_type(field.type)) for field in rows.schema))
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    return frame


def _plain_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_list(type_):
        return pa.list_(type_.value_field.with_type(_plain_type(type_.value_type)))
    return type_.value_type if pa.types.is_dictionary(type_) else type_
