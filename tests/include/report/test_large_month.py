"""A month with very much usage is priced with bounded memory, and one more day of it at the cost of a day."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.include.report.large_month import DAYS

ROOT = Path(__file__).parents[3]
MOST_MIB = 2_500


def reported(rows: int) -> dict[str, Any]:
    """Report in a process of its own, whose peak of memory is the report's."""
    command = [sys.executable, "-m", "tests.include.report.large_month", str(rows)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rows", [300_000, 10_000_000])
def test_a_month_of_ten_million_uses(rows: int) -> None:
    """What a report of the whole month takes, and one of its last day, for each day of the month."""
    figures = reported(rows)
    a_day = figures["seconds"] / (DAYS - 1)
    shown = {
        "benchmark": "report_month",
        "rows": rows,
        "rows_per_second": round(rows * (DAYS - 1) / DAYS / figures["seconds"]),
        "one_more_day_in_days": round(figures["day_seconds"] / a_day, 2),
        **{name: round(value, 1) if isinstance(value, float) else value for name, value in figures.items()},
    }
    print(json.dumps(shown))
    assert figures["published"] == DAYS - 1
    # The day itself, and the one before it, among whose uses its first ones come.
    assert figures["day_published"] <= 2
    assert figures["day_seconds"] < 5 * a_day
    assert figures["peak_mib"] < MOST_MIB
