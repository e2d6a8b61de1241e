"""What sorting and merging files take, and what a query for one label touches before and after."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("rows", [1_000_000, 5_000_000])
def test_a_query_for_one_label_touches_few_row_groups(tmp_path: Path, rows: int) -> None:
    command = [sys.executable, "-m", "tests.include.store.compacted_day", str(rows), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    before, after = figures.pop("before"), figures.pop("after")
    shown = {name: round(value, 2) for name, value in figures.items()}
    shown["cpu_per_read"] = round(figures["cpu_seconds"] / figures["read_cpu_seconds"], 1)
    print(json.dumps({"benchmark": "layout", "rows": rows, **shown, "before": before, "after": after}))
    assert before["touched_groups"] == before["row_groups"]
    assert after["touched_groups"] <= 2
    assert after["touched_bytes"] < before["touched_bytes"] / 5
    assert figures["peak_mib"] < 1024
