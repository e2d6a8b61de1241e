"""Plans a day with many images and prints what that took, to be run in a process of its own.

``python -m tests.include.plan.large_day ASSETS``. S3 is a file and the ledger is empty, so the plan itself is
measured, and botocore's part of it. The figures are ``{"seconds", "peak_mib", "above_idle_mib", "batches",
"largest_xcom", "ledger_requests", "calls", "analyses"}``.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.lake import Lake
from include.core.prices import load_price_book
from include.core.run import Run
from include.core.settings import Settings
from include.plan.planner import plan
from include.store.manifest import MANIFEST_SCHEMA
from tests.workspaces import NO_QUOTAS, make_workspace

RUN = Run("media-lake", "enrich_images", "manual__2026-11-20", "2026-11-20")
SESSION = boto3.Session()
FEATURES = ["labels", "moderation", "text", "image_properties"]
LAKE = Lake.model_validate(
    {
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [{"name": "sample", "cost_center": "team", "features": {"image": FEATURES}}],
    }
)
ROW_GROUP = 5_000
DUPLICATES = 10  # one asset in so many has the content of the one before it


def an_image(number: int) -> dict[str, Any]:
    etag = f"{hash((number, 'etag')) % 2**64:016x}{number:016x}"
    content = number - 1 if number % DUPLICATES == DUPLICATES - 1 else number
    return {
        "media_type": "image",
        "media_id": f"{hash((number, 'id')) % 2**64:016x}{number:016x}",
        "source": "sample",
        "cost_center": "team",
        "bucket": "media-lake",
        "key": f"raw/sample/2026/11/20/camera-{number % 97}/IMG_{number:08d}.jpg",
        "version_id": None,
        "etag": etag,
        "size_bytes": 100_000 + number,
        "last_modified": datetime(2026, 11, 20, 10, number % 60),
        "content_id": f"etag:{content:032x}:{100_000 + content}",
        "format": "JPEG",
        "codec": None,
        "width": 4000,
        "height": 3000,
        "duration_ms": None,
        "frame_rate": None,
        "reason_code": None,
        "reason": None,
    }


def write_manifest(path: Path, assets: int) -> None:
    with pq.ParquetWriter(path, MANIFEST_SCHEMA, compression="zstd") as writer:
        for start in range(0, assets, ROW_GROUP):
            rows = [an_image(number) for number in range(start, min(assets, start + ROW_GROUP))]
            writer.write_table(pa.Table.from_pylist(rows, schema=MANIFEST_SCHEMA))


class FileAsS3:
    """An S3 client whose only object is a file; what is written is counted and dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.written = 0

    def head_object(self, **_: Any) -> dict[str, Any]:
        return {"ContentLength": self._path.stat().st_size, "ETag": '"e"'}

    def get_object(self, Range: str = "bytes=0-", **_: Any) -> dict[str, Any]:
        start, _, end = Range.removeprefix("bytes=").partition("-")
        with self._path.open("rb") as file:
            file.seek(int(start))
            return {"Body": io.BytesIO(file.read(int(end) + 1 - int(start) if end else -1))}

    def put_object(self, Body: bytes, **_: Any) -> None:
        self.written += len(Body)

    def get_paginator(self, _: str) -> FileAsS3:
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {}


class EmptyTable:
    """A DynamoDB client of a table without items, whose writes are dropped."""

    requests = 0

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self.requests += 1
        return {"Responses": {name: [] for name in RequestItems}}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}

    def put_item(self, **_: Any) -> None:
        pass


def memory(what: str) -> float:
    """Return a figure of this process in MiB: VmRSS is the resident memory, VmHWM its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:"))


def main(assets: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.parquet"
        write_manifest(path, assets)
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is in use now
        idle, table, book = memory("VmRSS"), EmptyTable(), load_price_book("us-east-1")
        began = time.perf_counter()
        workspace = make_workspace(
            RUN, SESSION, Settings(), LAKE, s3=FileAsS3(path), dynamodb=table, **NO_QUOTAS
        )
        batches, summary = plan(workspace, "image", book, dict)
        seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "seconds": seconds,
                "peak_mib": memory("VmHWM"),
                "above_idle_mib": memory("VmHWM") - idle,
                "batches": len(batches),
                "largest_xcom": max(len(json.dumps(value)) for value in (batches, summary)),
                "ledger_requests": table.requests,
                "calls": summary["calls"],
                "analyses": summary["analyses"],
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
