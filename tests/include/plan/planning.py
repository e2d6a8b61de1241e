"""Days to plan: assets, a lake that asks for something of them, and a planner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3

from include.core.lake import Lake
from include.core.prices import load_price_book
from include.core.run import Run
from include.core.settings import Settings
from include.plan.planner import plan
from include.store.ledger import Ledger
from include.store.manifest import MANIFEST_SCHEMA
from include.store.objects import Row
from include.store.plan_batches import read_plan
from tests.parquet_objects import put_parquet
from tests.workspaces import NO_QUOTAS, make_workspace

BOOK = load_price_book("us-east-1")


def an_asset(name: str, **changes: Any) -> Row:
    return {
        "media_type": "image",
        "media_id": f"id-{name}",
        "source": "sample",
        "cost_center": "team",
        "bucket": "media-lake",
        "key": f"raw/{name}",
        "version_id": None,
        "etag": name,
        "size_bytes": 1000,
        "last_modified": datetime(2026, 11, 20, 10),
        "content_id": f"etag:{name}:1000",
        "format": "JPEG",
        "codec": None,
        "width": 640,
        "height": 480,
        "duration_ms": None,
        "frame_rate": None,
        "reason_code": None,
        "reason": None,
        "orientation": None,
        "rotation": None,
        "display_width": 640,
        "display_height": 480,
        **changes,
    }


def a_video(name: str, **changes: Any) -> Row:
    video = {
        "media_type": "video",
        "format": "MP4",
        "codec": "h264",
        "duration_ms": 90_000,
        "frame_rate": 25.0,
    }
    return an_asset(name, **(video | changes))


def a_lake(
    image: Sequence[Any] = ("labels", "text"),
    video: Sequence[Any] = ("labels", "segments"),
    other: Sequence[Any] = ("faces",),
    model_versions: dict[str, str] | None = None,
    **source: Any,
) -> Lake:
    sample = {
        "name": "sample",
        "prefix": "raw/sample/",
        "cost_center": "team",
        "features": {"image": image, "video": video},
        **source,
    }
    second = {
        "name": "other",
        "prefix": "raw/other/",
        "cost_center": "team",
        "features": {"image": other},
        "approval_limit_usd": 0,
    }
    return Lake.model_validate(
        {
            "model_versions": model_versions or {},
            "cost_centers": {"team": {"title": "Team"}},
            "sources": [sample, second],
        }
    )


@dataclass(frozen=True)
class Planner:
    """Plans a manifest and returns the rows of every batch, the claim checks and the figures."""

    s3: Any
    ledger: Ledger
    run: Run

    def __call__(
        self,
        assets: Sequence[Row],
        lake: Lake | None = None,
        media_type: Any = "image",
        used: Any = None,
        selections: Any = None,
        **settings: Any,
    ) -> Any:
        put_parquet(self.s3, self.run.manifest_uri(), list(assets), MANIFEST_SCHEMA)
        workspace = make_workspace(
            self.run, boto3.Session(), Settings(**settings), lake or a_lake(), s3=self.s3, **NO_QUOTAS
        )
        workspace.ledger = self.ledger
        batches, summary = plan(
            workspace, media_type, BOOK, used if callable(used) else lambda: used or {}, selections
        )
        assert datetime.fromisoformat(summary.pop("planned_at")).tzinfo
        return [read_plan(self.s3, batch["uri"]) for batch in batches], batches, summary


def states(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Return what is planned by file and feature; ``duplicate`` is planned, and paid for as another one's."""
    return {
        (row["asset"]["key"], item["feature"]): "duplicate" if item.get("duplicate") else item["state"]
        for row in rows
        for item in row["analyses"]
    }
