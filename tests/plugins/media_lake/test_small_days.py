"""Days with little to do, on Airflow's own task runner: what runs, and what is skipped without a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
STAGES = {"plan", "approve", "validate", "review", "publish"}
GROUP = ("start_jobs", "wait_for_jobs", "collect_responses", "analyze_frames")
VIDEO_TASKS = {"normalize", *(f"analyze.{name}" for name in GROUP)}
MODEL_TASKS = {"reserve_models", "start_models", "stop_models"}


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The states of each day's runs and tasks, as the script printed them."""
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
    }
    script = Path(__file__).parent / "small_days" / "run.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def tasks(run: dict[str, str], state: str) -> set[str]:
    assert run["run"] == "success"
    return {name for name, found in run.items() if found == state and name != "run"}


def test_an_empty_day_is_published_without_a_task_for_batches(days: Any) -> None:
    videos, images = days["empty"]["enrich_videos"], days["empty"]["enrich_images"]
    assert (tasks(videos, "success"), tasks(videos, "skipped")) == (STAGES, VIDEO_TASKS)
    assert tasks(images, "success") == STAGES | {"reserve_models", "start_models"}
    assert tasks(images, "skipped") == {"analyze", "normalize", "stop_models"}


def test_without_models_the_teardown_is_skipped(days: Any) -> None:
    assert tasks(days["without models"]["enrich_images"], "skipped") == {"stop_models"}
    assert tasks(days["without models"]["enrich_videos"], "success") == STAGES | VIDEO_TASKS


def test_a_model_is_stopped(days: Any) -> None:
    run = days["with a model"]["enrich_images"]
    assert tasks(run, "success") == STAGES | MODEL_TASKS | {"analyze", "normalize"}


@pytest.mark.parametrize("dag_id", ["enrich_images", "enrich_videos"])
def test_after_a_rejection_nothing_runs(days: Any, dag_id: str) -> None:
    assert tasks(days["rejected"][dag_id], "success") == {"plan", "approve"}


def test_a_decision_is_recorded_and_a_file_without_one_waits_on(days: Any) -> None:
    reviews = days["reviews"]
    added = reviews.pop("added")
    assert reviews == {
        "run": "success",
        "list_files[-1]": "success",
        **{f"review.{name}[{index}]": "success" for name in ("decide", "record") for index in (0, 1)},
        **{f"review.{name}[2]": "skipped" for name in ("decide", "record")},
    }
    title = "May it be used? {}.jpg: Physical Violence (88.5 %)"
    assert added == [
        ["moderation_reviews", ["2026-11-20"], [["a", "approve", title.format("a"), "ann"]]],
        ["moderation_reviews", ["2026-11-20"], [["b", "reject", title.format("b"), "ann"]]],
    ]
