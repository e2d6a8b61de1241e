"""Benchmark: the audit of a day of a million labels, in CPU time as ratios to one read of its files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT
from tests.integration.test_benchmarks import show

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

WHOLE_RATIO, MOST_MIB, SMALL_CPU_S = 6.0, 1024, 5.0


def large_day(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.include.validate.large_day", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_million_labels(tmp_path: Path) -> None:
    large_day("make", str(tmp_path))
    figures = json.loads(large_day("measure", str(tmp_path)).splitlines()[-1])
    show("validate", **figures)
    assert figures["whole_ratio"] <= WHOLE_RATIO
    assert figures["peak_mib"] <= MOST_MIB


def test_a_small_day() -> None:
    figures = json.loads(large_day("small").splitlines()[-1])
    show("validate_small_day", **figures)
    assert figures["cpu_s"] <= SMALL_CPU_S
