"""The formats that INSERT, CREATE TABLE AS and UNLOAD write."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.catalog import Table
from local.aws.athena.file_formats import JSON_SERDE, LAZY_SIMPLE, TEXT, format_of_options, format_of_table

Query = Callable[..., list[tuple[str | None, ...]]]


def table(serde: str, parameters: dict[str, str] | None = None, **properties: str) -> Table:
    """Return a table of a SerDe."""
    storage = {**TEXT, "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters or {}}}
    definition: Any = {
        "DatabaseName": "lake",
        "Name": "t",
        "StorageDescriptor": storage,
        "Parameters": {name.replace("_", "."): value for name, value in properties.items()},
    }
    return Table(definition)


def test_delimited_text_has_nothing_quoted() -> None:
    rows = pa.table({"a": [1.0, None, 1e-5], "b": ["x y", '"', ""], "c": [True, False, None]})
    written = format_of_table(table(LAZY_SIMPLE, {"field.delim": "\t"}, skip_header_line_count="1"))
    assert gzip.decompress(written.encode(rows)).decode() == (
        'a\tb\tc\n1.0\tx y\ttrue\n\\N\t"\tfalse\n1.0E-5\t\t\\N\n'
    )


def test_json_has_a_line_for_each_row() -> None:
    rows = pa.table({"a": [[1, 2], None], "b": [{"x": "é"}, None]})
    written = gzip.decompress(format_of_table(table(JSON_SERDE)).encode(rows)).decode()
    assert [json.loads(line) for line in written.splitlines()] == rows.to_pylist()


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (
            table("org.apache.hadoop.hive.serde2.OpenCSVSerde"),
            r"HIVE_UNSUPPORTED_FORMAT: Output format .*Text",
        ),
        (table("org.openx.data.jsonserde.JsonSerDe"), "with SerDe org.openx.data.jsonserde.JsonSerDe is not"),
        (table(LAZY_SIMPLE, skip_header_line_count="2"), "NOT_SUPPORTED: Inserting .* greater than 1"),
    ],
)
def test_insert_refuses_what_athena_does_not_write(found: Table, reason: str) -> None:
    with pytest.raises(QueryFailed, match=reason):
        format_of_table(found)


def test_formats_that_are_not_offered_are_named() -> None:
    with pytest.raises(QueryFailed, match="does not write ORC"):
        format_of_options({"format": "ORC"})
    with pytest.raises(QueryFailed, match="does not write column a to text"):
        format_of_options({"format": "TEXTFILE"}).encode(pa.table({"a": [[1]]}))


@pytest.mark.integration
def test_rows_that_were_inserted_into_text_are_read_again(
    bucket: str, query: Query, reason: Callable[..., str]
) -> None:
    columns = "id int, name string, moment timestamp, day date, amount decimal(6,2), sure boolean"
    delimited = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' STORED AS TEXTFILE"
    for name, row_format in (("texts", delimited), ("documents", f"ROW FORMAT SERDE '{JSON_SERDE}'")):
        query(
            f"CREATE EXTERNAL TABLE {name} ({columns}) PARTITIONED BY (dt string) {row_format} "
            f"LOCATION 's3://{bucket}/{name}/'"
        )
        query(
            f"INSERT INTO {name} VALUES (1, 'a \"b\"', timestamp '2026-01-02 03:04:05.678', "
            "date '2026-01-02', 1.5, true, 'x')"
        )
        query(f"INSERT INTO {name} (id, dt) VALUES (2, 'x')")
        assert query(f"SELECT * FROM {name} ORDER BY id") == [
            ("1", 'a "b"', "2026-01-02 03:04:05.678", "2026-01-02", "1.50", "true", "x"),
            ("2", None, None, None, None, None, "x"),
        ]
        [(path,), _] = query(f'SELECT "$path" FROM {name} ORDER BY id')
        assert str(path).startswith(f"s3://{bucket}/{name}/dt=x/")
        assert str(path).endswith(".gz")
    query("ALTER TABLE texts ADD COLUMNS (extra string)")
    assert query("SELECT extra FROM texts WHERE id = 1") == [(None,)]
    query(
        "CREATE EXTERNAL TABLE quoted (id string) ROW FORMAT SERDE "
        f"'org.apache.hadoop.hive.serde2.OpenCSVSerde' LOCATION 's3://{bucket}/quoted/'"
    )
    assert reason("INSERT INTO quoted VALUES ('1')").startswith("HIVE_UNSUPPORTED_FORMAT: ")
    assert query("SELECT * FROM quoted") == []


@pytest.mark.integration
def test_tables_are_made_of_text_and_json(bucket: str, query: Query, reason: Callable[..., str]) -> None:
    query("CREATE TABLE tabs WITH (format = 'TEXTFILE', field_delimiter = '\t') AS SELECT 1 AS a, 'b c' AS b")
    query("CREATE TABLE lines WITH (format = 'JSON') AS SELECT ARRAY[1, 2] AS a, CAST(NULL AS varchar) AS b")
    assert query("SELECT * FROM tabs") == [("1", "b c")]
    assert query("SELECT * FROM lines") == [("[1, 2]", None)]
    assert "does not write ORC" in reason("CREATE TABLE orcs WITH (format = 'ORC') AS SELECT 1 AS a")
    assert "ICEBERG" in reason("CREATE TABLE ice WITH (table_type = 'ICEBERG') AS SELECT 1 AS a")
    many = "SELECT 1 AS a, CAST(x AS varchar) AS dt FROM UNNEST(sequence(1, 101)) AS t(x)"
    assert reason(f"CREATE TABLE many WITH (partitioned_by = ARRAY['dt']) AS {many}").startswith(
        "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers"
    )
