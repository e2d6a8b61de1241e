"""Days that wait for a cost report: a marker in S3 for each time that something of a day has to be priced.

A marker is left before the report's run is asked for. It is removed after everything that was there when the
report began is published. Whoever reports next finds all days that wait, in any order and after any crash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from include.core.run import Run
from include.store.objects import delete, list_uris, put


def ask_for_report(s3: Any, run: Run) -> None:
    """Note that the run's day has to be priced."""
    uri = f"{_markers(run.bucket)}dt={run.partition}/{run.token}-{uuid4().hex}"
    put(s3, uri, f"{run.dag_id} {run.run_id}\n".encode(), "text/plain; charset=utf-8")


def days_asked_for(s3: Any, bucket: str) -> dict[str, list[str]]:
    """Return the days that have to be priced, oldest first, each with the URIs of its markers."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for uri in list_uris(s3, _markers(bucket)):
        found[uri.split("/dt=", 1)[1].split("/", 1)[0]].append(uri)
    return dict(sorted(found.items()))


def note_reported(s3: Any, markers: Iterable[str]) -> None:
    """Remove markers of days that are reported."""
    delete(s3, list(markers))


def _markers(bucket: str) -> str:
    return f"s3://{bucket}/reports/waiting/"
