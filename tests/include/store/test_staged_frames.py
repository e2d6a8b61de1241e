"""Texts are read as dictionaries, and are the texts that the files have."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from include.core.schemas import TABLES
from include.store import staged_frames
from include.store.objects import put
from include.store.parquet import arrow_rows, write_parquet
from include.store.staged_frames import frame_of, read_encoded_parts, read_parts
from tests.conftest import BUCKET

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

NAMES = ["Dog", "Cat", None, "", "Chaîne 日本"]
ROWS = [
    {
        "media_id": f"id-{number // 3}",
        "name": NAMES[number % 5],
        "parents": [None, [], ["Animal"], ["Animal", None, f"Kind {number % 4}"]][number % 4],
        "confidence": float(number),
    }
    for number in range(40)
]


@pytest.fixture
def uris(s3: S3Client) -> list[str]:
    """Two files whose row groups have dictionaries of their own."""
    table = TABLES["labels"]
    names = [column.name for column in table.columns]
    rows = arrow_rows(table, [dict.fromkeys(names) | row for row in ROWS])
    uris = []
    for number, part in enumerate((rows.slice(0, 25), rows.slice(25))):
        file = io.BytesIO()
        write_parquet(file, rows.schema, [part.slice(0, 7), part.slice(7)], for_athena=True)
        uris.append(f"s3://{BUCKET}/frames/{number}.parquet")
        put(s3, uris[-1], file.getvalue())
    return uris


@pytest.mark.parametrize("at_a_time", [3, 10, 1000])
def test_encoded_texts_are_those_of_the_files(
    s3: S3Client, uris: list[str], at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged_frames, "ROWS_AT_A_TIME", at_a_time)
    plain = list(read_parts(s3, "labels", uris))
    parts = list(read_encoded_parts(s3, "labels", uris))
    assert [len(part) for part in parts] == [len(part) for part in plain]
    for part, expected in zip(parts, plain, strict=True):
        assert part.to_pylist() == expected.to_pylist()
        assert pa.types.is_dictionary(part.schema.field("name").type)
        assert pa.types.is_dictionary(part.schema.field("parents").type.value_type)
        assert {column.num_chunks for column in part.columns} == {1}
        assert frame_of(part).equals(frame_of(expected))


def test_no_file_is_one_part_without_rows(s3: S3Client) -> None:
    (part,) = read_encoded_parts(s3, "labels", [])
    assert len(part) == 0
    assert part.column_names == [column.name for column in TABLES["labels"].columns]
