"""Data files are as awswrangler writes them; the library itself is not needed for that."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.schemas import TABLES, Column, Table
from include.store.objects import Row, get
from include.store.parquet import file_schema, write_parquet
from include.store.tables import write_frame, write_table

ROOT = Path(__file__).parents[3]
SCALARS: dict[str, Any] = {
    "string": "Zoë",
    "bigint": 2**40,
    "int": -7,
    "double": 0.1,
    "boolean": True,
    "date": date(2026, 11, 20),
    "timestamp": datetime(2026, 11, 20, 23, 59, 59, 999_000),
}

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def value_of(type_: str) -> Any:
    """Return a value of an Athena type."""
    outer, _, inner = type_.removesuffix(">").partition("<")
    if outer == "array":
        return [value_of(inner), None, value_of(inner)]
    if outer == "struct":
        return {name: value_of(kind) for name, _, kind in (part.partition(":") for part in inner.split(","))}
    return SCALARS[type_]


def rows_of(table: Table) -> list[Row]:
    """Return a row with a value in each column, one with empty lists, and one with required columns only."""

    def least(column: Column) -> Any:
        return value_of(column.type) if column.required else None

    full = {column.name: value_of(column.type) for column in table.columns}
    empty = {name: [] if isinstance(value, list) else value for name, value in full.items()}
    return [full, empty, {column.name: least(column) for column in table.columns}]


def by_awswrangler(aws: SimpleNamespace, table: Table, rows: list[Row]) -> bytes:
    frame = pa.Table.from_pylist(rows, schema=table.arrow_schema).to_pandas(types_mapper=pd.ArrowDtype)
    uri = "s3://media-lake/by-awswrangler.parquet"
    wr.s3.to_parquet(
        frame, uri, dtype=table.column_types, compression="zstd", index=False, boto3_session=aws.session
    )
    return get(aws.s3, uri)


def facts(body: bytes) -> dict[str, Any]:
    """Return what a reader can tell of a file."""
    file = pq.ParquetFile(io.BytesIO(body))
    group = file.metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    return {
        "parquet": [str(file.schema.column(number)) for number in range(len(file.schema))],
        "arrow": file.schema_arrow.remove_metadata(),
        "version": file.metadata.format_version,
        "groups": file.metadata.num_row_groups,
        "compression": [column.compression for column in columns],
        "statistics": [column.is_stats_set for column in columns],
        "rows": file.read().to_pylist(),
    }


@every_table
def test_a_file_is_as_awswrangler_writes_it(aws: SimpleNamespace, s3: Any, table: Table) -> None:
    rows = rows_of(table)
    write_table(s3, table, rows, "s3://media-lake/ours.parquet")
    ours = facts(get(s3, "s3://media-lake/ours.parquet"))
    assert ours == facts(by_awswrangler(aws, table, rows))
    assert set(ours["compression"]) == {"ZSTD"}
    assert len(ours["rows"]) == 3


@every_table
def test_a_frame_gives_the_same_file_as_its_rows(s3: Any, table: Table) -> None:
    """Frames of any backend: Arrow's types, or those of numpy as pricing leaves them."""
    rows = rows_of(table)
    arrow = pa.Table.from_pylist(rows, schema=table.arrow_schema)
    write_table(s3, table, rows, "s3://media-lake/rows.parquet")
    expected = facts(get(s3, "s3://media-lake/rows.parquet"))
    for frame in (arrow.to_pandas(types_mapper=pd.ArrowDtype), arrow.to_pandas(integer_object_nulls=True)):
        write_frame(s3, table, frame, "s3://media-lake/frame.parquet")
        assert facts(get(s3, "s3://media-lake/frame.parquet")) == expected


def test_a_frame_without_a_column_of_the_table_is_refused(s3: Any) -> None:
    table = TABLES["costs_daily"]
    frame = pd.DataFrame({column.name: [value_of(column.type)] for column in table.columns[1:]})
    with pytest.raises(KeyError, match="usage_date"):
        write_frame(s3, table, frame, "s3://media-lake/frame.parquet")


def test_null_in_a_required_column_is_written_for_the_audit_to_find(s3: Any) -> None:
    write_table(s3, TABLES["labels"], [{"media_id": "a"}], "s3://media-lake/null.parquet")
    (row,) = facts(get(s3, "s3://media-lake/null.parquet"))["rows"]
    assert row["name"] is None


def test_groups_are_written_one_after_the_other_and_none_is_a_file_without_rows() -> None:
    schema = pa.schema([pa.field("n", pa.int64(), nullable=False), pa.field("at", pa.timestamp("ms"))])
    groups = [pa.Table.from_pylist([{"n": n, "at": SCALARS["timestamp"]}] * n, schema=schema) for n in (1, 2)]
    for given in (groups, []):
        sink = io.BytesIO()
        write_parquet(sink, schema, iter(given))
        file = pq.ParquetFile(sink)
        assert file.schema_arrow == schema
        assert file.num_row_groups == len(given)
        assert file.read() == (pa.concat_tables(given) if given else schema.empty_table())


def test_the_schema_of_files_has_the_names_and_order_of_the_tables() -> None:
    for table in TABLES.values():
        assert file_schema(table).names == list(table.column_types)


def test_normalizing_and_writing_import_neither_awswrangler_nor_pandas() -> None:
    code = (
        "import sys; import include.normalize.batch, include.store.tables, include.publish.publisher;"
        "print(sorted({'awswrangler', 'pandas', 'great_expectations'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
