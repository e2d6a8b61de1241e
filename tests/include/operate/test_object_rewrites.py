from __future__ import annotations

import gzip
import io

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.schemas import TABLES
from include.operate.erased_identity import Identity
from include.operate.object_rewrites import (
    archive_edit,
    drop_if_named,
    rename_in_rows,
    rewrite_lines,
    rewrite_rows,
    tells_names,
)
from include.store.parquet import arrow_rows, table_file
from tests.table_rows import least_row

MEDIA, KEY = "ab" * 16, "cd" * 32
IDENTITY = Identity(media_ids=frozenset([MEDIA]), analysis_keys=frozenset([KEY]))


def file_of(table: str, *changes: dict[str, object]) -> bytes:
    rows = [least_row(TABLES[table]) | change for change in changes]
    return table_file(TABLES[table], arrow_rows(TABLES[table], rows))


def rows_of(body: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(body))


def test_every_table_loses_its_rows_or_its_names() -> None:
    """Tables that are added later are among them."""
    for name, table in TABLES.items():
        texts = [column.name for column in table.columns if column.type == "string"]
        named = "media_id" if "media_id" in texts else texts[0]
        body = file_of(name, {named: MEDIA}, {named: "other"})
        rewrite = rename_in_rows(IDENTITY, "salt") if tells_names(name) else rewrite_rows(IDENTITY)
        rewritten = rewrite(body)
        assert rewritten is not None, name
        assert rewritten.body is not None, name
        left = rows_of(rewritten.body)
        assert (rewritten.rows, left.num_rows) == (1, 2 if tells_names(name) else 1), name
        assert left.schema == rows_of(body).schema
        assert MEDIA not in str(left.to_pylist())
        assert left.slice(left.num_rows - 1) == rows_of(body).slice(1)
        assert rewrite(rewritten.body) is None


def test_a_file_keeps_its_place_when_all_of_its_rows_go() -> None:
    rewritten = rewrite_rows(IDENTITY)(file_of("labels", {"analysis_key": KEY}))
    assert rewritten is not None
    assert rewritten.body is not None
    assert rows_of(rewritten.body).num_rows == 0


def test_lines_of_others_stay_to_the_byte() -> None:
    other = b'{"operation": "X",  "response": {"a": 1.50}, "analysis_key": "other"}\n'
    mine = orjson.dumps({"analysis_key": KEY, "response": {}}) + b"\n"
    rewrite = rewrite_lines(archive_edit(IDENTITY))
    rewritten = rewrite(gzip.compress(mine + other + b"no json\n"))
    assert rewritten is not None
    assert rewritten.body is not None
    assert (rewritten.rows, gzip.decompress(rewritten.body)) == (1, other + b"no json\n")
    assert rewrite(gzip.compress(mine)) == (1, None)
    assert rewrite(gzip.compress(other)) is None


def test_a_line_that_another_tool_saved_as_utf_16_goes_too() -> None:
    text = orjson.dumps({"analysis_key": KEY, "response": {}}).decode() + "\n"
    assert rewrite_lines(archive_edit(IDENTITY))(gzip.compress(text.encode("utf-16"))) == (1, None)


def test_results_of_queries_go_in_any_form() -> None:
    parquet = io.BytesIO()
    pq.write_table(pa.table({"x": [MEDIA]}), parquet)
    for body in (f'"media_id"\n"{MEDIA}"\n'.encode(), gzip.compress(MEDIA.encode()), parquet.getvalue()):
        assert drop_if_named(IDENTITY)(body) == (1, None)
    assert drop_if_named(IDENTITY)(b"\x00\xff nothing") is None
