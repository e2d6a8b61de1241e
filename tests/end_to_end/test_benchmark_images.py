"""The quota, through the real Dag: `make bench` prints one line of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from tests.end_to_end.conftest import Stack, running_stack
from tests.integration.conftest import picture

pytestmark = [pytest.mark.end_to_end, pytest.mark.benchmark, pytest.mark.timeout(1800)]

ANALYSES = int(os.environ.get("BENCH_ANALYSES", "20000"))
QUOTA = 50.0
LATENCY_MS = 300
OPERATION = "DetectModerationLabels"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    lake = {
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [
            {
                "name": "sample",
                "prefix": "raw/sample/",
                "cost_center": "team",
                "features": {"image": ["moderation"]},
            }
        ],
    }
    lake_file = tmp_path / "lake.yaml"
    lake_file.write_text(yaml.safe_dump(lake), encoding="utf-8")
    with running_stack(tmp_path / "stack", MEDIA_LAKE_LAKE_FILE=str(lake_file)) as stack:
        up = stack.run("-m", "local.stack", "up")
        assert up.returncode == 0, up.stdout
        yield stack


def test_images_at_the_quota(stack: Stack, tmp_path: Path) -> None:
    """Print the share of the quota used, the share of throttled calls, and the time that Airflow adds."""
    media = tmp_path / "media"
    media.mkdir()
    for number in range(ANALYSES):
        (media / f"{number:05d}.jpg").write_bytes(picture(number, 80, 80))
    stack.behave(tps={OPERATION: QUOTA}, latency_ms=LATENCY_MS)
    result = stack.run("-m", "local.stack", "demo", "--media", str(media), "--days", "1", seconds=1500)
    assert result.returncode == 0, result.stdout
    calls = stack.calls()
    with stack.airflow_api() as api:
        run = max(api.runs("enrich_images"), key=lambda run: run.queued_at)
        tasks = [task for task in api.task_instances(run) if task["task_id"] == "analyze"]
        started = httpx.get(
            f"{stack.url('airflow')}/api/v2/dags/enrich_images/dagRuns/{run.run_id}",
            auth=stack.login,
            trust_env=False,
        ).json()
    usage = stack.query(
        "SELECT count(*) AS n, min(at) AS first, max(at) AS last FROM media_lake.usage WHERE NOT reused"
    )[0]
    span = _seconds(usage["first"], usage["last"])
    wall = _seconds(started["start_date"], started["end_date"])
    requests = calls["requests"][OPERATION]
    print(
        json.dumps(
            {
                "benchmark": "images_at_the_quota",
                "analyses": usage["n"],
                "quota_tps": QUOTA,
                "share_of_quota": round(usage["n"] / span / QUOTA, 4),
                "throttled_share": round((requests - calls["billable"][OPERATION]) / requests, 4),
                "billed": calls["billable"][OPERATION],
                "dag_run_seconds": round(wall, 1),
                "overhead": round(wall / (usage["n"] / QUOTA) - 1, 4),
                "mapped_tasks": len(tasks),
            }
        )
    )
    assert calls["billable"][OPERATION] == usage["n"] == ANALYSES


def _seconds(first: str, last: str) -> float:
    return (_moment(last) - _moment(first)).total_seconds()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=UTC)
