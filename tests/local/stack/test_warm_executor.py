"""The executor of the stack: what its tasks find imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.executors.local_executor import LocalExecutor

from local.stack.environment import stack_environment
from local.stack.stack_settings import StackSettings
from local.stack.warm_executor import WARM, WarmExecutor

WARM_UP = """
import json, sys, threading
from local.stack.warm_executor import warm_up
warm_up()
print(json.dumps({"modules": sorted(sys.modules), "threads": threading.active_count()}))
"""


def test_the_stack_names_it(tmp_path: Path) -> None:
    name = stack_environment(StackSettings(folder=tmp_path), {})["AIRFLOW__CORE__EXECUTOR"]
    assert name == f"{WarmExecutor.__module__}.{WarmExecutor.__qualname__}"


def test_every_package_is_imported_and_no_thread_is_there_when_workers_are_forked() -> None:
    output = subprocess.run(
        [sys.executable, "-c", WARM_UP], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    warm = json.loads(output.splitlines()[-1])
    assert set(WARM) <= set(warm["modules"])
    assert warm["threads"] == 1


def test_the_projects_own_code_is_read_by_each_task() -> None:
    """An edit of it is effective without starting the stack again."""
    assert not [name for name in WARM if name.startswith(("include", "media_lake", "rekognition", "local"))]


def test_packages_are_imported_before_the_workers_are_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    monkeypatch.setattr("local.stack.warm_executor.warm_up", lambda: happened.append("import"))
    monkeypatch.setattr(LocalExecutor, "start", lambda self: happened.append("fork"))
    WarmExecutor(parallelism=1).start()
    assert happened == ["import", "fork"]
