"""Benchmark: calls per second of the image engine, without quota and latency, beside threads that only call.

All processes share one machine. On one of two cores the local AWS takes what the engine could use: `raw` is
what the endpoint answers at most, and with an endpoint that answers at once the engine's own speed is seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import mean

import httpx
import pytest

from tests.integration.conftest import ROOT, LocalLake, free_port, picture
from tests.integration.test_benchmarks import show

pytestmark = [pytest.mark.integration, pytest.mark.benchmark, pytest.mark.timeout(600)]

IMAGES = 3000
ROUNDS = 3
WAYS = ("bare", "engine", "raw")


@pytest.fixture(scope="module")
def instant() -> Iterator[str]:
    """Address of a Rekognition that answers at once."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.instant_rekognition", str(port)], cwd=ROOT
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            httpx.post(url, content=b"{}", trust_env=False)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture
def keys(local_lake: LocalLake, upload: Callable[[str, bytes], None]) -> dict[str, str]:
    bodies = {f"bench/{number:05d}.jpg": picture(number, 80, 80) for number in range(IMAGES)}
    for key, body in bodies.items():
        upload(key, body)
    return {key: hashlib.md5(body).hexdigest() for key, body in bodies.items()}


def rate(local_lake: LocalLake, keys: Mapping[str, str], way: str, url: str, processes: int = 1) -> float:
    """Return calls per second over processes that begin together and share the keys."""
    names = list(keys)
    parts = [
        names[number * len(names) // processes : (number + 1) * len(names) // processes]
        for number in range(processes)
    ]
    with ThreadPoolExecutor(processes) as pool:
        started = [_started(local_lake, {key: keys[key] for key in part}, way, url) for part in parts]
        seconds = max(pool.map(_seconds, started))
    return len(keys) / seconds


def _started(local_lake: LocalLake, keys: Mapping[str, str], way: str, url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.calling_process"],
        cwd=ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    order = {
        "way": way,
        "rekognition": url,
        "bucket": local_lake.settings.bucket,
        "keys": keys,
        "name": f"bench-{uuid.uuid4()}",
    }
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


def _seconds(process: subprocess.Popen[str]) -> float:
    return float(process.communicate("go\n")[0])


def mean_rates(
    measured: Sequence[tuple[str, int]], measure: Callable[[str, int], float]
) -> dict[tuple[str, int], float]:
    """Return the mean of some rounds of each measurement; a machine that slows down slows all of them."""
    rounds = [{each: measure(*each) for each in measured} for _ in range(ROUNDS)]
    return {each: mean(turn[each] for turn in rounds) for each in measured}


def test_the_engine_beside_a_bare_loop(local_lake: LocalLake, keys: dict[str, str]) -> None:
    """The local Rekognition, which reads each object, as a task finds it."""
    url = local_lake.client("rekognition").meta.endpoint_url
    # The service remembers what it saw: all take the same path from here on.
    rate(local_lake, keys, "raw", url)
    rates = mean_rates([(way, 1) for way in WAYS], lambda way, _: rate(local_lake, keys, way, url))
    figures = {f"{way}_calls_per_second": value for (way, _), value in rates.items()}
    show("image_engine", calls=IMAGES, **figures, ratio=rates["engine", 1] / rates["bare", 1])


def test_two_worker_processes(local_lake: LocalLake, keys: dict[str, str], instant: str) -> None:
    """A Rekognition that answers at once; ledger and archive are those of the local AWS."""
    measured = [(way, processes) for way in WAYS for processes in (1, 2)]
    rates = mean_rates(measured, lambda way, processes: rate(local_lake, keys, way, instant, processes))
    figures = {}
    for way in WAYS:
        one, two = rates[way, 1], rates[way, 2]
        figures |= {f"{way}_one": one, f"{way}_two": two, f"{way}_gain": two / one}
    show("image_engine_processes", calls=IMAGES, **figures)
