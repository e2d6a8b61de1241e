"""A model as setup and teardown, on Airflow's task runner, in a process with its own Airflow home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).parent / "setup_and_teardown"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "PYTHONPATH": str(ROOT / "plugins"),
    }
    result = subprocess.run(
        [sys.executable, str(FOLDER / "run.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_model_is_started_used_and_stopped(runs: dict[str, Any]) -> None:
    run = runs["all_is_well"]
    assert run["run"] == "success"
    assert set(run["tasks"].values()) == {"success"}
    assert run["changes"] == ["StartProjectVersion", "StopProjectVersion"]
    assert run["model"] == "STOPPED"


def test_model_is_stopped_when_the_analysis_fails(runs: dict[str, Any]) -> None:
    run = runs["analysis_fails"]
    assert run["tasks"] == {
        "start_model": "success",
        "model_is_running": "success",
        "analyze": "failed",
        "stop_model": "success",
    }
    assert run["changes"] == ["StartProjectVersion", "StopProjectVersion"]
    assert run["model"] == "STOPPED"


def test_model_that_fails_to_start_needs_no_stop(runs: dict[str, Any]) -> None:
    run = runs["model_fails"]
    assert run["tasks"] == {
        "start_model": "success",
        "model_is_running": "failed",
        "analyze": "upstream_failed",
        "stop_model": "success",
    }
    assert run["changes"] == ["StartProjectVersion"]


def test_model_that_nobody_waits_for_any_longer_is_stopped_once_it_runs(runs: dict[str, Any]) -> None:
    run = runs["model_is_slow"]
    assert run["tasks"] == {
        "start_model": "success",
        "model_is_running": "failed",
        "analyze": "upstream_failed",
        "stop_model": "success",
    }
    assert run["changes"] == ["StartProjectVersion", "StopProjectVersion"]
    assert run["model"] == "STOPPED"


@pytest.mark.parametrize("case", ["analysis_fails", "model_fails", "model_is_slow"])
def test_teardown_does_not_hide_the_failure(runs: dict[str, Any], case: str) -> None:
    assert runs[case]["run"] == "failed"
