"""Whoever sees a run sees its day."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from media_lake.run_ids import id_with_day

ROOT = Path(__file__).parents[3]
INSTANT = "2026-11-26T00:00:00+00:00"


@pytest.mark.parametrize(
    ("run_type", "airflows", "ours"),
    [
        ("manual", f"manual__{INSTANT}", f"2026-11-20--manual__{INSTANT}"),
        ("asset_triggered", f"asset_triggered__{INSTANT}_x", f"2026-11-20--asset_triggered__{INSTANT}_x"),
        ("scheduled", f"scheduled__{INSTANT}__2026-11-20__x", f"2026-11-20--scheduled__{INSTANT}__x"),
        ("manual", "my-own", "my-own"),
        ("operator_triggered", f"manual__{INSTANT}", f"manual__{INSTANT}"),
        ("manual", "manual__2026-11-20T00:00:00+00:00", "manual__2026-11-20T00:00:00+00:00"),
    ],
)
def test_an_id_of_airflows_begins_with_the_day_and_another_stays(
    run_type: str, airflows: str, ours: str
) -> None:
    assert id_with_day(airflows, run_type, INSTANT, "2026-11-20") == ours


def test_the_instant_of_a_day_is_kept_where_it_is_the_day() -> None:
    instant = "2026-11-20T00:00:00+00:00"
    made = id_with_day(f"backfill__{instant}__2026-11-20__x", "backfill", instant, "2026-11-20")
    assert made == f"2026-11-20--backfill__{instant}__x"


def test_runs_begin_with_their_day_however_they_are_started(created_runs: dict[str, Any]) -> None:
    assert created_runs["errors"] == {}
    started = {(run_type, run_id[:10]) for run_type, run_id in created_runs["ids"]["discover_media"]}
    assert {("backfill", "2026-11-20"), ("backfill", "2026-11-21"), ("manual", "2026-11-20")} < started
    assert {run_type for run_type, _ in started} == {"backfill", "manual", "scheduled"}
    assert [(run_type, run_id[:10]) for run_type, run_id in created_runs["ids"]["enrich_images"]] == [
        ("asset_triggered", "2026-11-20"),
        ("asset_triggered", "2026-11-21"),
        ("asset_triggered", "2026-11-20"),
        ("asset_triggered", "2026-11-21"),
        ("manual", "2026-11-20"),
        ("manual", "my-own"),
    ]


def test_runs_of_one_day_have_different_ids(created_runs: dict[str, Any]) -> None:
    for dag_id in ("discover_media", "enrich_images", "enrich_videos"):
        names = [run_id for _, run_id in created_runs["ids"][dag_id]]
        assert len(set(names)) == len(names) > 3


def test_dags_of_others_keep_airflows_ids(created_runs: dict[str, Any]) -> None:
    ((run_type, run_id),) = created_runs["ids"]["of_another_team"]
    assert run_id.startswith(f"{run_type}__2")


def test_a_process_that_creates_no_runs_does_not_import_what_does() -> None:
    code = (
        "import sys; from media_lake.run_ids import name_runs_by_day; name_runs_by_day();"
        "assert not {'airflow.models.dagrun', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "plugins", timeout=60)
