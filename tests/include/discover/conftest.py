"""Lakes and media that the tests of discovery share."""

from __future__ import annotations

import io
from typing import Any

import boto3
from PIL import Image

from include.core.lake import Lake
from include.core.run import Run
from include.discover.discovery import discover
from tests.workspaces import make_workspace


def a_lake(*sources: dict[str, Any]) -> Lake:
    base = {
        "name": "sample",
        "prefix": "raw/sample/",
        "cost_center": "team",
        "features": {"image": ["labels"]},
    }
    listed = [base | source for source in sources or ({},)]
    return Lake.model_validate({"cost_centers": {"team": {"title": "Team"}}, "sources": listed})


def jpeg(width: int = 100, height: int = 90, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (seed % 256, seed // 256 % 256, 0)).save(buffer, "JPEG")
    return buffer.getvalue()


def upload(s3: Any, name: str, body: bytes, day: str = "2026/11/20", prefix: str = "raw/sample/") -> str:
    key = f"{prefix}{day}/{name}"
    s3.put_object(Bucket="media-lake", Key=key, Body=body)
    return key


def discover_day(s3: Any, run: Run, lake: Lake | None = None) -> dict[str, Any]:
    """Discover the run's day and return the figures."""
    return discover(make_workspace(run, boto3.Session(), lake=lake or a_lake(), s3=s3))
