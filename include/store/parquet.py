"""The one writer of Parquet: a schema, zstd, and row groups one after the other.

Files of tables have the form in which awswrangler writes them for Athena, so that all files of a table are
alike: any column may be null (the audit finds nulls that must not be), timestamps are INT96, the format's
version is 1.0.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.schemas import Table
from include.store.objects import Row

if TYPE_CHECKING:
    import pandas as pd


def write_parquet(
    file: IO[bytes], schema: pa.Schema, groups: Iterable[pa.Table], for_athena: bool = False
) -> None:
    """Write tables of one schema as the row groups of a Parquet file; only one of them is held at a time."""
    version = "1.0" if for_athena else "2.6"
    with pq.ParquetWriter(
        file, schema, compression="zstd", version=version, use_deprecated_int96_timestamps=for_athena
    ) as writer:
        for group in groups:
            writer.write_table(group)


def table_file(table: Table, rows: pa.Table) -> bytes:
    """Return the data file of a table of the lake.

    :param rows: of the schema that :func:`file_schema` gives.
    """
    file = io.BytesIO()
    write_parquet(file, file_schema(table), [rows], for_athena=True)
    return file.getvalue()


def file_schema(table: Table) -> pa.Schema:
    """Return the schema of a table's data files."""
    return pa.schema(pa.field(field.name, _file_type(field.type)) for field in table.arrow_schema)


def arrow_rows(table: Table, rows: Sequence[Row]) -> pa.Table:
    """Return rows in Arrow's compact form, with the schema of the table's data files."""
    return pa.Table.from_pylist(list(rows), schema=file_schema(table))


def arrow_frame(table: Table, frame: pd.DataFrame) -> pa.Table:
    """Return a frame's rows likewise.

    :raises KeyError: if the frame lacks a column of the table.
    """
    rows = pa.Table.from_pandas(frame, schema=file_schema(table), preserve_index=False)
    return rows.replace_schema_metadata(None)


def _file_type(type_: pa.DataType) -> pa.DataType:
    """INT96 has nanoseconds."""
    return pa.timestamp("ns") if pa.types.is_timestamp(type_) else type_
