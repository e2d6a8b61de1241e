from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.run import Run
from include.store.manifest import (
    MANIFEST_SCHEMA,
    ManifestReader,
    NoManifestError,
    RepeatedContent,
    discovered_days,
)
from include.store.objects import Row, put
from tests.include.plan.planning import a_video, an_asset


def write(s3: Any, run: Run, rows: list[Row], group: int) -> None:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, MANIFEST_SCHEMA) as writer:
        for start in range(0, max(1, len(rows)), group):
            writer.write_table(pa.Table.from_pylist(rows[start : start + group], schema=MANIFEST_SCHEMA))
    put(s3, run.manifest_uri(), sink.getvalue().to_pybytes())


def test_a_day_that_was_never_discovered_says_what_to_do(s3: Any, run: Run) -> None:
    with pytest.raises(NoManifestError, match="2026-11-20 has no manifest: run discover_media"):
        ManifestReader.open(s3, run, "image")


@pytest.mark.parametrize("group", [1, 3, 100])
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_assets_of_the_media_type_come_in_order_and_in_chunks(
    s3: Any, run: Run, group: int, rows: int
) -> None:
    images = [
        an_asset(name, source=source) for name, source in zip("abcde", ("s", "s", "t", "s", "t"), strict=True)
    ]
    videos = [a_video("v"), a_video("w")]
    write(s3, run, [*images[:2], videos[0], *images[2:], videos[1]], group)
    reader = ManifestReader.open(s3, run, "image")
    chunks = list(reader.chunks(rows))
    assert [row for chunk in chunks for row in chunk] == images
    assert max(map(len, chunks)) <= rows
    assert reader.survey().sources == {"s": 3, "t": 2}
    assert [row for chunk in ManifestReader.open(s3, run, "video").chunks(rows) for row in chunk] == videos


def test_repeated_contents_are_those_of_the_media_type(s3: Any, run: Run) -> None:
    twins = [an_asset(name, content_id="twin") for name in "ab"]
    write(s3, run, [*twins, an_asset("c", content_id="once"), a_video("v", content_id="once")], 2)
    repeated = RepeatedContent.of([ManifestReader.open(s3, run, "image").survey().hashes])
    assert [name in repeated for name in ("twin", "once", "absent")] == [True, False, False]


def test_an_empty_manifest_has_nothing(s3: Any, run: Run) -> None:
    write(s3, run, [], 1)
    reader = ManifestReader.open(s3, run, "image")
    assert reader.survey().sources == {}
    assert "x" not in RepeatedContent.of([reader.survey().hashes])
    assert [row for chunk in reader.chunks(10) for row in chunk] == []


def test_discovered_days_are_those_with_a_manifest(s3: Any, run: Run) -> None:
    assert discovered_days(s3, run.bucket) == []
    for day in ("2026-11-21", "2026-11-20"):
        write(s3, replace(run, partition=day), [], 1)
    put(s3, f"s3://{run.bucket}/staging/manifests/readme.txt", b"")
    assert discovered_days(s3, run.bucket) == ["2026-11-20", "2026-11-21"]
