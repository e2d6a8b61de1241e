"""Compacts the labels of a day with many batches and prints what that took, in a process of its own.

``python -m tests.include.store.compacted_day ROWS FOLDER``. S3 is the folder, so compaction itself is
measured. The figures are ``{"seconds", "cpu_seconds", "read_cpu_seconds", "peak_mib", "before", "after"}``;
the last two are ``{"files", "bytes", "row_groups", "touched_groups", "touched_bytes"}``, where a query for
one label that a tenth of a percent of the rows have touches what it cannot leave out by statistics.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.run import Run
from include.core.schemas import TABLES
from include.store.compaction import compact
from include.store.parquet import file_schema, table_file

RUN = Run("media-lake", "enrich_images", "manual__2026-11-20", "2026-11-20")
LABELS = TABLES["labels"]
ROWS_PER_BATCH = 50_000
LABELS_PER_IMAGE = 20
NAMES = 2_000
ASKED_FOR = "Label 0700"
# What the query reads of each row group that it touches.
READ_COLUMNS = ("name", "media_id", "confidence")


class FolderAsS3:
    """An S3 client whose objects are files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_paginator(self, _: str) -> FolderAsS3:
        return self

    def paginate(self, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:
        found = sorted((self._folder / Prefix).glob("*"))
        contents = [
            {"Key": str(path.relative_to(self._folder)), "ETag": path.name, "Size": path.stat().st_size}
            for path in found
        ]
        yield {"Contents": contents}

    def get_object(self, Key: str, **_: Any) -> dict[str, Any]:
        return {"Body": (self._folder / Key).open("rb")}

    def upload_file(self, path: str, _bucket: str, key: str, **_: Any) -> None:
        shutil.copy(path, self._folder / key)


def a_batch(number: int) -> pa.Table:
    """Return findings as Rekognition gives them: some names are frequent, a third have a box."""
    rng = np.random.default_rng(number)
    images = [
        hashlib.sha256(f"{number}/{image}".encode()).hexdigest()
        for image in range(ROWS_PER_BATCH // LABELS_PER_IMAGE)
    ]
    keys = [key for key in images for _ in range(LABELS_PER_IMAGE)]
    names = (rng.pareto(0.7, ROWS_PER_BATCH) * 10).astype(int) % NAMES
    boxes = rng.random((ROWS_PER_BATCH, 5))
    members = ("box_left", "box_top", "box_width", "box_height", "confidence")
    instances = [[dict(zip(members, row, strict=True))] if row[0] > 0.67 else [] for row in boxes.tolist()]
    columns: dict[str, Sequence[Any]] = {
        "media_id": [key[:32] for key in keys],
        "analysis_key": keys,
        "model_version": ["3.0"] * ROWS_PER_BATCH,
        "name": [f"Label {name:04d}" for name in names],
        "confidence": rng.random(ROWS_PER_BATCH) * 50 + 50,
        "parents": [["Animal", "Pet"]] * ROWS_PER_BATCH,
        "aliases": [[]] * ROWS_PER_BATCH,
        "categories": [["Animals and Pets"]] * ROWS_PER_BATCH,
        "instance_count": [len(row) for row in instances],
        "instances": instances,
    }
    schema = file_schema(LABELS)
    arrays = [pa.array(columns.get(field.name, [None] * ROWS_PER_BATCH), field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def touched(paths: Sequence[Path]) -> dict[str, int]:
    """Return what a query for one label touches."""
    figures = {
        "files": len(paths), "bytes": sum(path.stat().st_size for path in paths), "row_groups": 0,
        "touched_groups": 0, "touched_bytes": 0,
    }  # fmt: skip
    for path in paths:
        metadata = pq.read_metadata(path)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks = {
                group.column(leaf).path_in_schema: group.column(leaf) for leaf in range(group.num_columns)
            }
            names = chunks["name"].statistics
            figures["row_groups"] += 1
            if names.min <= ASKED_FOR <= names.max:
                figures["touched_groups"] += 1
                figures["touched_bytes"] += sum(chunks[name].total_compressed_size for name in READ_COLUMNS)
    return figures


def memory(what: str) -> float:
    """Return a figure of this process in MiB: VmHWM is the peak of resident memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:"))


def main(rows: int, folder: Path) -> None:
    prefix = folder / RUN.staged_uri("labels", "image").removeprefix(f"s3://{RUN.bucket}/")
    prefix.mkdir(parents=True)
    for number in range(rows // ROWS_PER_BATCH):
        (prefix / f"batch-{number:04d}-0000.parquet").write_bytes(table_file(LABELS, a_batch(number)))
    written = sorted(prefix.iterdir())
    before = touched(written)
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is in use now
    began, cpu = time.perf_counter(), time.process_time()
    compact(FolderAsS3(folder), RUN, "image")  # type: ignore[arg-type]
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    peak = memory("VmHWM")
    cpu = time.process_time()
    for path in written:
        pq.read_table(path)
    figures = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "read_cpu_seconds": time.process_time() - cpu,
        "peak_mib": peak,
        "before": before,
        "after": touched(sorted(set(prefix.iterdir()) - set(written))),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
