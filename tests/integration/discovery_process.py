"""
``discovery_process.py LAKE_FILE BUCKET DAY``: discover and plan a day in a process of its own.

Prints one line of JSON: seconds of both, the peak of the process's memory, and the requests of the ledger.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from include.core.lake import load_lake
from include.core.prices import load_price_book
from include.core.run import Run
from include.core.settings import Settings
from include.discover.discovery import discover
from include.plan.planner import plan
from tests.workspaces import make_workspace


def peak_megabytes() -> float:
    """The most memory that this process has had at a time."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def main(lake_file: str, bucket: str, day: str) -> dict[str, Any]:
    session = boto3.Session(region_name="us-east-1")
    s3 = session.client("s3", config=Config(max_pool_connections=32))
    dynamodb = session.client("dynamodb", config=Config(max_pool_connections=16))
    requests: Counter[str] = Counter()
    count = requests.update
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: count([model.name]))
    lake, run = load_lake(Path(lake_file)), Run(bucket, "enrich_images", "bench", day)
    workspace = make_workspace(run, session, Settings(bucket=bucket), lake, s3=s3, dynamodb=dynamodb)
    began = time.perf_counter()
    found = discover(workspace)
    discovered = time.perf_counter()
    _, planned = plan(workspace, "image", load_price_book("us-east-1"), dict)
    done = time.perf_counter()
    return {
        "found": found["rows"],
        "to_pay_for": planned["calls"],
        "seconds": done - began,
        "discover_seconds": discovered - began,
        "peak_megabytes": peak_megabytes(),
        "ledger_requests": dict(requests),
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
