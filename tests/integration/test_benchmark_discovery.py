"""Benchmark: what it takes to find and plan 10,000 new objects among 100,000 keys and among 1,000,000.

The keys are put into the endpoint's store directly (see ``crowded_bucket.py``). Each measurement is a process
of its own. Both sizes take turns and the faster of two rounds counts, so that other work slows both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import yaml

from include.core.settings import Settings
from include.discover.events import events_of, keep_events
from tests.include.discover.inventories import deliver, entry, parquet_file
from tests.integration.conftest import ROOT, free_port
from tests.integration.crowded_bucket import BUCKET, keys, picture
from tests.integration.test_benchmarks import show

pytestmark = [pytest.mark.integration, pytest.mark.benchmark, pytest.mark.timeout(3600)]

FEW, MANY, NEW = 100_000, 1_000_000, 10_000
ROUNDS = 2
DAY = "2026-11-20"
# How many times as long it may take among ten times as many keys.
ALLOWED = {"date_path": 1.2, "inventory": 1.2, "events": 1.2, "last_modified": 10.0}
ENTRIES_IN_A_FILE = 250_000
SIZE = len(picture())


class Crowd:
    """An endpoint with many keys, and processes that discover there."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        self._environment = os.environ | {"AWS_ENDPOINT_URL": url, "PYTHONPATH": str(ROOT)}
        session = boto3.Session(region_name="us-east-1")
        self.s3, self.dynamodb = (session.client(service, endpoint_url=url) for service in ("s3", "dynamodb"))

    def prepare(self, count: int) -> None:
        """Put in place what each way goes by."""
        for way in ALLOWED:
            self.s3.create_bucket(Bucket=_bucket(way))
        self.dynamodb.create_table(
            TableName=Settings().ledger_table,
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self._deliver_inventory(count)
        for bodies in _messages():
            events = [event for body in bodies for event in events_of(body)]
            assert keep_events(self.s3, _bucket("events"), events, mark="bench") == [DAY]

    def _deliver_inventory(self, count: int) -> None:
        self.s3.create_bucket(Bucket="inventories")
        files, entries = [], []
        for key, modified, etag in keys(count, NEW):
            entries.append(entry(key, f"{modified.isoformat()}+00:00", etag, SIZE, bucket=BUCKET))
            if len(entries) == ENTRIES_IN_A_FILE:
                files.append(parquet_file(entries))
                entries = []
        files.append(parquet_file(entries))
        deliver(self.s3, files, prefix=f"lists/{BUCKET}/daily", sourceBucket=BUCKET)

    def lake_file(self, way: str) -> Path:
        source: dict[str, Any] = {"name": "crowd", "bucket": BUCKET, "prefix": "raw/", "cost_center": "team"}
        source |= {"discovery": way, "features": {"image": ["labels"]}}
        if way == "inventory":
            source["inventory"] = {"bucket": "inventories", "prefix": "lists", "id": "daily"}
        path = self._folder / f"{way}.yaml"
        lake = {"cost_centers": {"team": {"title": "Team"}}, "sources": [source]}
        path.write_text(yaml.safe_dump(lake), encoding="utf-8")
        return path

    def discover(self, way: str) -> dict[str, Any]:
        """Discover and plan as if for the first time."""
        self.s3.delete_object(Bucket=_bucket(way), Key=f"staging/manifests/dt={DAY}/manifest.parquet")
        script = str(Path(__file__).with_name("discovery_process.py"))
        finished = subprocess.run(
            [sys.executable, script, str(self.lake_file(way)), _bucket(way), DAY],
            env=self._environment,
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return json.loads(finished.stdout.splitlines()[-1])


def _bucket(way: str) -> str:
    return f"lake-{way.replace('_', '-')}"


def _messages() -> Iterator[list[str]]:
    """Yield the events of the new objects as S3 sends them, as many as are kept together."""
    bodies = []
    for number, (key, modified, etag) in enumerate(keys(NEW, NEW), 1):
        thing = {"key": key, "size": SIZE, "eTag": etag, "sequencer": f"{number:016X}"}
        record = {
            "eventName": "ObjectCreated:Put",
            "eventTime": f"{modified.isoformat(timespec='milliseconds')}Z",
            "s3": {"bucket": {"name": BUCKET}, "object": thing},
        }
        bodies.append(json.dumps({"Records": [record]}))
        if number % 1000 == 0:
            yield bodies
            bodies = []


@contextmanager
def a_crowd(count: int, folder: Path) -> Iterator[Crowd]:
    port = free_port()
    script = str(Path(__file__).with_name("crowded_bucket.py"))
    process = subprocess.Popen(
        [sys.executable, script, str(count), str(NEW)],
        env=os.environ | {"LOCAL_AWS_PORT": str(port), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    try:
        _wait_until_filled(f"http://127.0.0.1:{port}/_local/health", process)
        yield Crowd(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_filled(url: str, process: subprocess.Popen[bytes], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=10).raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.5)
    raise RuntimeError(f"{url} did not answer (exit status {process.poll()})")


def test_discovery_and_planning_go_by_what_is_new(tmp_path: Path) -> None:
    best: dict[tuple[str, int], dict[str, Any]] = {}
    with a_crowd(FEW, tmp_path) as few, a_crowd(MANY, tmp_path) as many:
        for count, crowd in ((FEW, few), (MANY, many)):
            crowd.prepare(count)
        for way in list(ALLOWED) * ROUNDS:
            for count, crowd in ((FEW, few), (MANY, many)):
                took = crowd.discover(way)
                show("discovery_round", way=way, keys=count, seconds=took["seconds"])
                best[way, count] = min(
                    took, best.get((way, count), took), key=lambda figures: figures["seconds"]
                )
    for way, allowed in ALLOWED.items():
        one, other = best[way, FEW], best[way, MANY]
        ratio = other["seconds"] / one["seconds"]
        for count, figures in ((FEW, one), (MANY, other)):
            rate = NEW / figures["discover_seconds"]
            show("discovery", way=way, keys=count, new=NEW, objects_per_second=rate, **figures)
        show("discovery_among_ten_times_as_many_keys", way=way, times_as_long=ratio, allowed=allowed)
        assert one["found"] == other["found"] == one["to_pay_for"] == other["to_pay_for"] == NEW
        assert one["ledger_requests"] == other["ledger_requests"]
        assert sum(other["ledger_requests"].values()) <= NEW / 100 * 1.1
        assert max(one["peak_megabytes"], other["peak_megabytes"]) < 500
        assert ratio <= allowed
