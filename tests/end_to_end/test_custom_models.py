"""A Custom Labels model is stopped also when every attempt at the analysis is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from local.stack.airflow_api import AirflowApi
from local.stack.stack_settings import PROJECT
from media_lake.tasks.defaults import ATTEMPTS
from tests.end_to_end.conftest import Stack, running_stack
from tests.end_to_end.operated_lake import train_model

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def lake_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake") / "lake.yaml"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, lake_file: Path) -> Iterator[Stack]:
    """A stack whose source asks for a model that was trained there."""
    folder = tmp_path_factory.mktemp("models") / "stack"
    lake_file.write_text(yaml.safe_dump(_lake("arn:of:no:model:that:exists")), encoding="utf-8")
    with running_stack(folder, MEDIA_LAKE_LAKE_FILE=str(lake_file)) as stack:
        up = stack.run("-m", "local.stack", "up")
        assert up.returncode == 0, up.stdout
        lake_file.write_text(yaml.safe_dump(_lake(train_model(stack))), encoding="utf-8")
        yield stack


def test_it_is_stopped_when_every_attempt_at_the_analysis_is_killed(stack: Stack, tmp_path: Path) -> None:
    before = _model(stack)
    stack.behave(faults=[{"operation": "DetectCustomLabels", "code": "ThrottlingException"}])
    process = _demo(stack, _media(tmp_path, "killed"))
    attempts: set[str] = set()
    with stack.airflow_api() as api:
        while process.poll() is None:
            for attempt in _running_analyses(api):
                for worker in stack.task_processes(attempt):
                    worker.kill()
                    attempts.add(attempt)
            time.sleep(0.2)
    assert process.stdout is not None
    output = process.stdout.read()
    assert "task analyze" in output, output
    assert len(attempts) == ATTEMPTS
    assert _model(stack) == _used_once_more(before)


def _used_once_more(before: dict[str, Any]) -> dict[str, Any]:
    """Return what the local Rekognition says of the model if it was started and stopped since."""
    return {"starts": before["starts"] + 1, "stops": before["stops"] + 1, "running": False}


def _lake(arn: str) -> Any:
    return {
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [
            {
                "name": "sample",
                "prefix": "raw/sample/",
                "cost_center": "team",
                "features": {"image": [{"custom_labels": {"ProjectVersionArn": arn}}]},
            }
        ],
    }


def _media(folder: Path, name: str) -> Path:
    """Return a folder with one picture that was never seen before."""
    shade = sum(name.encode()) % 256
    Image.new("RGB", (200, 150), (shade, 30, 90)).save(folder / f"{name}.png")
    return folder


def _demo(stack: Stack, media: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local.stack", "demo", "--media", str(media), "--days", "1"],
        env=stack.environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _model(stack: Stack) -> dict[str, Any]:
    """Return how often the model was started and stopped; the local Rekognition lists those it started."""
    unused = {"arn": "/parts/", "starts": 0, "stops": 0, "running": False}
    model = next((model for model in stack.calls()["models"] if "/parts/" in model["arn"]), unused)
    return {name: model[name] for name in ("starts", "stops", "running")}


def _running_analyses(api: AirflowApi) -> list[str]:
    """Return the ids of the attempts at analysis that run."""
    return [
        task["id"]
        for run in api.runs("enrich_images")[:1]
        for task in api.task_instances(run)
        if task["task_id"] == "analyze" and task["state"] == "running"
    ]
