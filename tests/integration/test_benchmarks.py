"""Benchmarks: `make bench` prints one line of JSON for each. Only ratios within a run are worth comparing."""

from __future__ import annotations

import hashlib
import io
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from include.analyze_images import ImageAnalyzer
from include.features import FEATURES
from include.media_probe import probe
from include.normalize import normalize
from include.objects import Row
from include.plan import analysis_key
from include.run import Run

from .conftest import LocalLake, paces, picture

pytestmark = [pytest.mark.integration, pytest.mark.benchmark]

IMAGES = 400
THREADS = 16


def show(name: str, **figures: Any) -> None:
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({"benchmark": name, **rounded}))


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def batch_of(run: Run, keys: dict[str, str]) -> list[Row]:
    feature = FEATURES["moderation"]
    return [
        {
            "asset": {
                "media_id": key,
                "source": "sample",
                "cost_center": "media-team",
                "bucket": run.bucket,
                "key": key,
                "version_id": None,
                "etag": etag,
                "content_id": key,
                "media_type": "image",
            },
            "analyses": [
                {
                    "feature": feature.name,
                    "parameters": dict(feature.image.parameters),  # type: ignore[union-attr]
                    "analysis_key": analysis_key(f"{run.run_id}/{key}", feature, "image"),
                    "state": "planned",
                    "code": None,
                    "message": None,
                }
            ],
        }
        for key, etag in keys.items()
    ]


def test_the_engine_beside_a_bare_loop(local_lake: LocalLake, upload: Callable[[str, bytes], None]) -> None:
    """Calls per second of the engine, with ledger and archive, and of threads that only call."""
    run = Run(local_lake.settings.bucket, "enrich_images", f"bench-{uuid.uuid4()}", "2026-04-01")
    bodies = {f"bench/{number}.jpg": picture(number, 80, 80) for number in range(IMAGES)}
    for key, body in bodies.items():
        upload(key, body)
    keys = {key: hashlib.md5(body).hexdigest() for key, body in bodies.items()}
    client = local_lake.client("rekognition")

    def call(key: str) -> None:
        client.detect_moderation_labels(
            Image={"S3Object": {"Bucket": run.bucket, "Name": key}}, MinConfidence=30.0
        )

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(call, keys))  # the service remembers what it saw: both take the same path from here on
        bare = timed(lambda: list(pool.map(call, keys)))
    engine = ImageAnalyzer(
        client,
        local_lake.client("s3"),
        local_lake.ledger,
        run,
        batch="batch-0000",
        owner="bench",
        threads=THREADS,
        lease_seconds=120,
        paces=paces(100_000),
    )
    took = timed(lambda: engine.analyze(batch_of(run, keys)))
    show(
        "image_engine",
        calls=IMAGES,
        bare_calls_per_second=IMAGES / bare,
        engine_calls_per_second=IMAGES / took,
        ratio=bare / took,
    )


def test_probing_headers() -> None:
    """Headers read per second from memory: what discovery costs besides its requests."""
    body = picture(1, 640, 480)
    took = timed(lambda: [probe(io.BytesIO(body), len(body), "a.jpg") for _ in range(2000)])
    show("probe_headers", files_per_second=2000 / took)


def test_normalizing_labels() -> None:
    """Rows per second from archived pages of a video job."""
    label = {"Name": "Dog", "Confidence": 99.0, "Instances": [], "Parents": [{"Name": "Animal"}]}
    page = {"Labels": [{"Timestamp": number * 500, "Label": label} for number in range(1000)]}
    rows = 0

    def work() -> None:
        nonlocal rows
        rows = sum(1 for _ in normalize("GetLabelDetection", (page for _ in range(50))))

    took = timed(work)
    show("normalize_labels", rows=rows, rows_per_second=rows / took)
