"""From a task to all runs of its day."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from media_lake.links.day_link import DayRunsLink


def link(run_id: str) -> str:
    operator: Any = None
    return DayRunsLink().get_link(operator, ti_key=SimpleNamespace(run_id=run_id))


def test_the_list_of_runs_is_narrowed_to_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://127.0.0.1:8080/")
    address = link("2026-11-20--asset_triggered__2026-11-26T00:00:00+00:00_x")
    assert address == "http://127.0.0.1:8080/dag_runs?partition_key_pattern=2026-11-20"


@pytest.mark.parametrize("run_id", ["manual__2026-11-26T00:00:00+00:00", "2026-11-20-by-hand"])
def test_a_run_without_a_day_has_no_link(run_id: str) -> None:
    assert link(run_id) == ""
