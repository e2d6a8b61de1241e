"""A day with very many assets is planned with bounded memory, tasks and XComs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
MOST_MIB = 500
MOST_BATCHES = 200
XCOM_LIMIT = 48 * 1024
# Tasks of a Dag that are mapped over the batches of its plan.
MAPPED_TASKS = {"enrich_images": 2, "enrich_videos": 4}


def planned(assets: int) -> dict[str, Any]:
    """Plan in a process of its own, whose peak of memory is the plan's."""
    command = [sys.executable, "-m", "tests.include.plan.large_day", str(assets)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(assets: int, figures: dict[str, Any]) -> None:
    assert figures["analyses"] == 4 * assets
    assert figures["calls"] == 4 * (assets - assets // 10)  # one asset in ten repeats the one before
    assert figures["batches"] <= MOST_BATCHES
    assert figures["largest_xcom"] <= XCOM_LIMIT
    assert figures["peak_mib"] < MOST_MIB


def test_memory_does_not_grow_with_the_day() -> None:
    small, large = planned(10_000), planned(40_000)
    for assets, figures in ((10_000, small), (40_000, large)):
        check(assets, figures)
    # Holding the assets of the larger day would take 140 MiB more.
    assert large["above_idle_mib"] < small["above_idle_mib"] + 50


@pytest.mark.benchmark
@pytest.mark.parametrize("assets", [1_000, 1_000_000])
def test_a_million_assets_in_one_day(assets: int) -> None:
    """What a plan takes, and how many task instances and how large an XCom come of it."""
    figures = planned(assets)
    check(assets, figures)
    shown = {
        "benchmark": "plan_day",
        "assets": assets,
        "assets_per_second": round(assets / figures["seconds"]),
        **{name: round(value, 1) if isinstance(value, float) else value for name, value in figures.items()},
        "mapped_task_instances": {name: count * figures["batches"] for name, count in MAPPED_TASKS.items()},
    }
    print(json.dumps(shown))
