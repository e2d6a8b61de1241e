from __future__ import annotations

import io
import random
from collections.abc import Callable
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.run import Run
from include.core.schemas import TABLES
from include.store import compaction
from include.store.audited_tables import staged_objects
from include.store.compaction import compact, staged_files
from include.store.objects import Row, delete, get, list_uris
from include.store.tables import write_table
from tests.parquet_objects import put_parquet

LABELS = TABLES["labels"]

Write = Callable[[str, list[Row]], None]


@pytest.fixture
def write(s3: Any, run: Run) -> Write:
    """Write the file of a batch."""
    return lambda batch, rows: write_table(
        s3, LABELS, rows, f"{run.staged_uri('labels', 'image')}{batch}-0000.parquet"
    )


def some_labels(batch: int, count: int = 40) -> list[Row]:
    rng = random.Random(batch)
    box = {"box_left": 0.1, "box_top": 0.2, "box_width": 0.3, "box_height": 0.4, "confidence": 9.0}
    return [
        {
            "media_id": f"{batch}-{number}",
            "analysis_key": f"{rng.getrandbits(256):064x}",
            "name": rng.choice(["Cat", "Dog", "Person"]),
            "confidence": rng.uniform(50, 100),
            "parents": ["Animal"],
            "instance_count": number % 2,
            "instances": [box] * (number % 2),
        }
        for number in range(count)
    ]


def files_of(s3: Any, run: Run) -> list[str]:
    return [item.uri.rsplit("/", 1)[1] for item in staged_objects(s3, run, "labels", "image")]


def rows_in(s3: Any, uris: list[str]) -> list[Row]:
    return list(chain.from_iterable(pq.read_table(io.BytesIO(get(s3, uri))).to_pylist() for uri in uris))


def as_texts(rows: list[Row]) -> list[str]:
    return sorted(str(row) for row in rows)


def test_files_of_batches_become_one_in_order(s3: Any, run: Run, write: Write) -> None:
    for batch in range(3):
        write(f"batch-{batch:04d}", some_labels(batch))
    prefix = run.staged_uri("labels", "image")
    before = rows_in(s3, list_uris(s3, prefix))
    compact(s3, run, "image")
    (file,) = staged_files(s3, prefix)
    assert file.uri.endswith("-0000-of-0001.parquet")
    after = rows_in(s3, [file.uri])
    keys = [(row["name"], row["media_id"]) for row in after]
    assert keys == sorted(keys)
    assert as_texts(after) == as_texts(before)
    schema = pq.read_schema(io.BytesIO(get(s3, file.uri)))
    assert [name for name in schema.names if not schema.field(name).nullable] == [
        column.name for column in LABELS.columns if column.required
    ]


def test_one_file_stays_as_it_is(s3: Any, run: Run, write: Write) -> None:
    write("batch-0000", some_labels(0))
    compact(s3, run, "image")
    assert files_of(s3, run) == ["batch-0000-0000.parquet"]
    assert len(list_uris(s3, "s3://media-lake/staging/")) == 1


def test_large_tables_become_files_of_even_size(
    s3: Any, run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "ROWS_PER_GROUP", 400)
    monkeypatch.setattr(compaction, "BYTES_PER_FILE", 100_000)
    monkeypatch.setattr(compaction, "ROWS_IN_HAND", 500)
    for batch in range(10):
        write(f"batch-{batch:04d}", some_labels(batch, 1300))
    compact(s3, run, "image")
    files = staged_files(s3, run.staged_uri("labels", "image"))
    assert len(files) > 2
    assert all(50_000 <= file.size <= 200_000 for file in files)
    keys = [(row["name"], row["media_id"]) for row in rows_in(s3, [file.uri for file in files])]
    assert len(keys) == 13_000
    assert keys == sorted(keys)
    groups = [pq.read_metadata(io.BytesIO(get(s3, file.uri))).num_row_groups for file in files]
    assert sum(groups) == 33


def test_a_required_value_that_is_missing_stays_for_the_audit_to_find(
    s3: Any, run: Run, write: Write
) -> None:
    write("batch-0000", some_labels(0))
    write("batch-0001", [{"media_id": "a"}])
    compact(s3, run, "image")
    (file,) = staged_files(s3, run.staged_uri("labels", "image"))
    rows = rows_in(s3, [file.uri])
    assert [row["media_id"] for row in rows if row["name"] is None] == ["a"]


def test_doing_it_again_changes_nothing(s3: Any, run: Run, write: Write) -> None:
    for batch in range(2):
        write(f"batch-{batch:04d}", some_labels(batch))
    compact(s3, run, "image")
    first = staged_objects(s3, run, "labels", "image")
    delete(s3, [first[0].uri])
    compact(s3, run, "image")
    compact(s3, run, "image")
    assert staged_objects(s3, run, "labels", "image") == first


def test_a_batch_that_was_normalized_again_is_merged_again(s3: Any, run: Run, write: Write) -> None:
    for batch in range(2):
        write(f"batch-{batch:04d}", some_labels(batch))
    compact(s3, run, "image")
    write("batch-0001", some_labels(7))
    assert files_of(s3, run) == ["batch-0000-0000.parquet", "batch-0001-0000.parquet"]
    compact(s3, run, "image")
    (file,) = staged_files(s3, run.staged_uri("labels", "image"))
    assert {row["media_id"].split("-")[0] for row in rows_in(s3, [file.uri])} == {"0", "7"}


def test_a_kill_between_two_files_leaves_those_of_the_batches(
    s3: Any, run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "ROWS_PER_GROUP", 20)
    monkeypatch.setattr(compaction, "BYTES_PER_FILE", 1)
    for batch in range(2):
        write(f"batch-{batch:04d}", some_labels(batch))

    class Killed(BaseException):
        pass

    class DiesAtTheSecond:
        """S3 on a machine that dies before the second file is there."""

        uploads = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def upload_file(self, *args: Any, **more: Any) -> None:
            self.uploads += 1
            if self.uploads == 2:
                raise Killed
            s3.upload_file(*args, **more)

    with pytest.raises(Killed):
        compact(DiesAtTheSecond(), run, "image")
    assert len(list_uris(s3, run.staged_uri("labels", "image"))) == 3
    assert files_of(s3, run) == ["batch-0000-0000.parquet", "batch-0001-0000.parquet"]
    compact(s3, run, "image")
    assert [name.split("-", 2)[2] for name in files_of(s3, run)] == [
        f"{number:04d}-of-0004.parquet" for number in range(4)
    ]


def test_files_that_do_not_fit_the_table_stay_for_the_audit_to_find(s3: Any, run: Run, write: Write) -> None:
    write("batch-0000", some_labels(0))
    odd = f"{run.staged_uri('labels', 'image')}batch-0001-0000.parquet"
    put_parquet(
        s3, odd, [{"media_id": "a", "name": 7}], pa.schema([("media_id", pa.string()), ("name", "int32")])
    )
    compact(s3, run, "image")
    assert files_of(s3, run) == ["batch-0000-0000.parquet", "batch-0001-0000.parquet"]
