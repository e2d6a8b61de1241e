"""Data files are as awswrangler writes them, and in order; the library itself is not needed for that."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import awswrangler as wr
import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.schemas import TABLES, Table
from include.store.objects import Row, get
from include.store.parquet import arrow_rows, file_schema, table_file, write_parquet
from include.store.tables import write_frame, write_table
from tests.table_rows import rows_of, value_of

ROOT = Path(__file__).parents[3]
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


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
        "parquet": [described(file.schema.column(number)) for number in range(len(file.schema))],
        "arrow": pa.schema(field.with_nullable(True) for field in file.schema_arrow),
        "version": file.metadata.format_version,
        "groups": file.metadata.num_row_groups,
        "compression": [column.compression for column in columns],
        "statistics": [column.is_stats_set for column in columns],
        "rows": file.read().to_pylist(),
    }


def described(leaf: pq.ColumnSchema) -> str:
    """Return what a file says of a column, apart from whether it may be null."""
    return f"{leaf.path} {leaf.physical_type} {leaf.logical_type} {leaf.converted_type}"


@every_table
def test_a_file_is_as_awswrangler_writes_it(aws: SimpleNamespace, s3: Any, table: Table) -> None:
    rows = rows_of(table)
    write_table(s3, table, rows, "s3://media-lake/ours.parquet")
    ours, theirs = facts(get(s3, "s3://media-lake/ours.parquet")), facts(by_awswrangler(aws, table, rows))
    assert ours | {"rows": in_any_order(ours["rows"])} == theirs | {"rows": in_any_order(theirs["rows"])}
    assert set(ours["compression"]) == {"ZSTD"}
    assert len(ours["rows"]) == 3


def in_any_order(rows: list[Row]) -> list[str]:
    return sorted(str(row) for row in rows)


@every_table
def test_required_columns_are_declared_so_and_rows_lie_in_order(s3: Any, table: Table) -> None:
    write_table(s3, table, list(reversed(rows_of(table))), "s3://media-lake/ours.parquet")
    file = pq.ParquetFile(io.BytesIO(get(s3, "s3://media-lake/ours.parquet")))
    assert {field.name for field in file.schema_arrow if not field.nullable} == {
        column.name for column in table.columns if column.required
    }
    keys = [[(row[key] is None, row[key]) for key in table.sort_keys] for row in file.read().to_pylist()]
    assert keys == sorted(keys)


def test_readers_can_tell_which_pages_and_assets_a_group_has(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    rows = [{"media_id": f"m{n}", "analysis_key": "k", "name": "x", "instance_count": 0} for n in range(100)]
    path.write_bytes(table_file(TABLES["labels"], arrow_rows(TABLES["labels"], rows)))
    chunk = pq.read_metadata(path).row_group(0).column(0)
    assert chunk.has_column_index
    assert chunk.has_offset_index
    asked = "SELECT bloom_filter_excludes FROM parquet_bloom_probe(?, 'media_id', ?)"
    assert duckdb.execute(asked, [str(path), "m42"]).fetchall() == [(False,)]
    assert duckdb.execute(asked, [str(path), "nobody"]).fetchall() == [(True,)]


# What Spark refuses in a column's name, and types that it does not read; INT96 is its own form of timestamps.
SPARK_REFUSES = re.compile(r"[ ,;{}()\n\t=]")
SPARK_CANNOT_READ = re.compile(r"isSigned=false|timeUnit=nanoseconds|Time\(|Null|Float16|UUID|INTERVAL")


@every_table
def test_a_file_keeps_the_rules_of_spark(s3: Any, table: Table) -> None:
    """https://spark.apache.org/docs/latest/sql-data-sources-parquet.html, and its ParquetSchemaConverter."""
    write_table(s3, table, rows_of(table), "s3://media-lake/ours.parquet")
    schema = pq.ParquetFile(io.BytesIO(get(s3, "s3://media-lake/ours.parquet"))).schema
    leaves = [schema.column(number) for number in range(len(schema))]
    names = [leaf.path.lower() for leaf in leaves] + list(table.partition_keys)
    assert len(set(names)) == len(names), "Spark does not tell upper from lower case"
    assert [leaf.path for leaf in leaves if SPARK_REFUSES.search(leaf.path)] == []
    types = {leaf.path: f"{leaf.physical_type} {leaf.logical_type} {leaf.converted_type}" for leaf in leaves}
    assert {path: type_ for path, type_ in types.items() if SPARK_CANNOT_READ.search(type_)} == {}


def test_types_that_spark_cannot_read_are_seen() -> None:
    """The test above would pass if types were told in other words."""
    odd = [pa.uint32(), pa.timestamp("ns"), pa.time64("us"), pa.null(), pa.float16()]
    sink = io.BytesIO()
    pq.write_table(pa.schema([(str(number), type_) for number, type_ in enumerate(odd)]).empty_table(), sink)
    schema = pq.ParquetFile(sink).schema
    for number in range(len(odd)):
        leaf = schema.column(number)
        assert SPARK_CANNOT_READ.search(f"{leaf.physical_type} {leaf.logical_type} {leaf.converted_type}")


@every_table
def test_a_frame_gives_the_same_file_as_its_rows(s3: Any, table: Table) -> None:
    """Frames of any backend: Arrow's types, or those of numpy as pricing leaves them."""
    rows = rows_of(table)
    arrow = pa.Table.from_pylist(rows, schema=table.arrow_schema)
    write_table(s3, table, rows, "s3://media-lake/rows.parquet")
    expected = facts(get(s3, "s3://media-lake/rows.parquet"))
    for frame in (arrow.to_pandas(types_mapper=pd.ArrowDtype), arrow.to_pandas(integer_object_nulls=True)):
        write_frame(s3, table, frame, "s3://media-lake/frame.parquet")
        body = get(s3, "s3://media-lake/frame.parquet")
        assert facts(body) == expected
        assert pq.read_schema(io.BytesIO(body)).metadata is None, (
            "pandas cannot read what it says of Arrow's types"
        )


def test_a_frame_without_a_column_of_the_table_is_refused(s3: Any) -> None:
    table = TABLES["costs_daily"]
    frame = pd.DataFrame({column.name: [value_of(column.type)] for column in table.columns[1:]})
    with pytest.raises(KeyError, match="usage_date"):
        write_frame(s3, table, frame, "s3://media-lake/frame.parquet")


def test_null_in_a_required_column_is_written_for_the_audit_to_find(s3: Any) -> None:
    write_table(s3, TABLES["labels"], [{"media_id": "a"}], "s3://media-lake/null.parquet")
    body = get(s3, "s3://media-lake/null.parquet")
    (row,) = facts(body)["rows"]
    assert row["name"] is None
    schema = pq.read_schema(io.BytesIO(body))
    assert [schema.field(name).nullable for name in ("media_id", "name")] == [False, True]


def test_groups_are_written_one_after_the_other_and_none_is_a_file_without_rows() -> None:
    schema = pa.schema([pa.field("n", pa.int64(), nullable=False), pa.field("at", pa.timestamp("ms"))])
    groups = [
        pa.Table.from_pylist([{"n": n, "at": value_of("timestamp")}] * n, schema=schema) for n in (1, 2)
    ]
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
