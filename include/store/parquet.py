"""The one writer of Parquet: a schema, zstd, and row groups one after the other.

Files of tables have the form in which awswrangler writes them for Athena, so that all files of a table are
alike: timestamps are INT96, the format's version is 1.0. They have more that lets readers leave out rows:
these lie in the order of the table's ``sort_keys``, each page has its least and greatest values, a Bloom
filter tells which assets a row group lacks, and a required column without nulls is declared so. With nulls
it is not: the audit finds them.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.schemas import Table
from include.core.schemas.table import MEDIA_ID
from include.store.objects import Row, get
from include.store.sorted_runs import in_order

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3.client import S3Client

ROWS_PER_GROUP = 50_000


def write_parquet(
    file: IO[bytes], schema: pa.Schema, groups: Iterable[pa.Table], for_athena: bool = False
) -> None:
    """Write tables of one schema as the row groups of a Parquet file; only one of them is held at a time."""
    form = _athena_form(schema) if for_athena else {"version": "2.6"}
    with pq.ParquetWriter(file, schema, compression="zstd", **form) as writer:
        for group in groups:
            writer.write_table(group)


def _athena_form(schema: pa.Schema) -> dict[str, Any]:
    form: dict[str, Any] = {
        "version": "1.0",
        "use_deprecated_int96_timestamps": True,
        "write_page_index": True,
    }
    if MEDIA_ID.name in schema.names:
        form["bloom_filter_options"] = {MEDIA_ID.name: {"ndv": ROWS_PER_GROUP, "fpp": 0.05}}
    return form


def read_parquet(s3: S3Client, uri: str, columns: list[str] | None = None) -> pa.Table:
    """Return the rows of a Parquet file in S3.

    :param columns: to read; None for all.
    """
    return pq.read_table(io.BytesIO(get(s3, uri)), columns=columns)


def table_file(table: Table, rows: pa.Table) -> bytes:
    """Return the data file of a table of the lake: one row group.

    :param rows: of the schema that :func:`file_schema` gives.
    """
    file = io.BytesIO()
    schema = _declared_schema(table, rows)
    write_parquet(file, schema, [in_order(rows, table.sort_keys).cast(schema)], for_athena=True)
    return file.getvalue()


def file_schema(table: Table) -> pa.Schema:
    """Return the schema of a table's rows in memory: any column may be null."""
    return pa.schema(pa.field(field.name, _file_type(field.type)) for field in table.arrow_schema)


def _declared_schema(table: Table, rows: pa.Table) -> pa.Schema:
    """Return the schema with which rows are written: required columns that have no null are declared so."""
    without_null = {column.name for column in table.columns if column.required}
    without_null = {name for name in without_null if not rows.column(name).null_count}
    return pa.schema(field.with_nullable(field.name not in without_null) for field in file_schema(table))


def regrouped(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Put tables together, and cut them, into tables of so many rows; the last has what is left."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        while sum(part.num_rows for part in held) >= rows:
            whole = pa.concat_tables(held)
            yield whole.slice(0, rows)
            held = [whole.slice(rows)]
    if any(part.num_rows for part in held):
        yield pa.concat_tables(held)


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
