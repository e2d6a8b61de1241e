"""Benchmarks: `make bench` prints one line of JSON for each. Only ratios within a run are worth comparing."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from include.discover.media_probe import probe
from include.normalize import normalize
from tests.integration.conftest import picture

pytestmark = [pytest.mark.integration, pytest.mark.benchmark]


def show(name: str, **figures: Any) -> None:
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({"benchmark": name, **rounded}))


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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
