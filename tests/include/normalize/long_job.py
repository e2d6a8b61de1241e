"""Collects or normalizes one long video job and prints what that took, to be run in a process of its own.

The figures are ``{"above_idle_mib", "seconds", "written"}``: the peak of resident memory over what was in use
when everything was imported.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3

from include.analyze.video_analyzer import VideoAnalyzer
from include.core.lake import Lake
from include.core.run import Run
from include.normalize.batch import normalize_batch
from include.store.ledger import Ledger
from tests.workspaces import make_workspace

BUCKET, LEDGER_TABLE, KEY, JOB = "media-lake", "media-lake-ledger", "k1", "job-1"
RUN = Run(BUCKET, "enrich_videos", "manual__2026-11-20", "2026-11-20")
LAKE = Lake.model_validate(
    {
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [{"name": "sample", "cost_center": "team", "features": {"video": ["labels"]}}],
    }
)
ASSET = {
    "media_type": "video", "media_id": "a", "source": "sample", "cost_center": "team", "bucket": BUCKET,
    "key": "raw/a.mp4", "version_id": None, "etag": "e", "size_bytes": 1,
    "last_modified": "2026-11-20T10:00:00",
    "content_id": "etag:e:1", "format": "MP4", "codec": "h264", "width": 640, "height": 360,
    "duration_ms": 7_200_000, "frame_rate": 25.0, "reason_code": None, "reason": None,
}  # fmt: skip
ANALYSIS = {
    "feature": "labels", "parameters": {}, "analysis_key": KEY, "state": "planned", "code": None,
    "message": None,
}  # fmt: skip
PLAN: list[dict[str, Any]] = [{"asset": ASSET, "analyses": [ANALYSIS]}]


def memory(what: str) -> float:
    """Return a figure of this process in MiB: VmRSS is the resident memory, VmHWM its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:"))


def main(stage: str) -> None:
    session = boto3.Session(region_name="us-east-1")
    s3, rekognition = session.client("s3"), session.client("rekognition")
    ledger = Ledger(session.client("dynamodb"), LEDGER_TABLE)
    ledger.lookup([KEY])
    s3.list_objects_v2(Bucket=BUCKET)
    workspace = make_workspace(RUN, session, lake=LAKE, s3=s3)
    workspace.ledger = ledger
    idle, began = memory("VmRSS"), time.perf_counter()
    if stage == "collect":
        client: Any = SimpleNamespace(conn=rekognition)
        analyzer = VideoAnalyzer(workspace, client, batch="b")
        written: Any = analyzer.collect(PLAN).to_xcom()
    else:
        written = normalize_batch(workspace, "video", "batch-0000", PLAN)
    figures = {"above_idle_mib": memory("VmHWM") - idle, "seconds": time.perf_counter() - began}
    print(json.dumps({**figures, "written": written}))


if __name__ == "__main__":
    main(sys.argv[1])
