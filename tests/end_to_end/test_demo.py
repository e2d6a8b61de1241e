"""``make demo`` on the real scheduler: media in, tables out, paid once, with components killed on the way."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from include.stack.environment import PROCESS_MARK
from include.stack.settings import PROJECT

SAMPLE = PROJECT / "include" / "sample_media"
# Two pictures on two days, one of them twice under two names, and a short clip.
MEDIA = ("grace-hopper.jpg", "blueberries.jpg", "people-one-by-one.mp4")
DAYS = 2
RUNS = 4 * DAYS
DEMO_SECONDS = 200

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Stack:
    """A stack on ports and in a folder of its own.

    :param environment: for ``python -m include.stack``.
    """

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, seconds: float = DEMO_SECONDS) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def query(self, sql: str) -> Any:
        endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.environment['MEDIA_LAKE_STACK_AWS_PORT']}"}
        keys = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        environment = {name: value for name, value in self.environment.items() if not name.startswith("AWS_")}
        result = subprocess.run(
            [sys.executable, "-m", "include.query", sql, "--format", "json"],
            env=environment | endpoint | keys | {"NO_PROXY": "127.0.0.1"},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def calls(self) -> Any:
        """What the local Rekognition was asked, counted there and not by the pipeline's own books."""
        port = self.environment["MEDIA_LAKE_STACK_REKOGNITION_PORT"]
        return httpx.get(f"http://127.0.0.1:{port}/_control/calls", trust_env=False).json()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("demo") / "stack"
    names = ("AIRFLOW", "AWS", "REKOGNITION", "POSTGRES", "WORKER_LOG", "TRIGGER_LOG")
    ports = dict(
        zip((f"MEDIA_LAKE_STACK_{name}_PORT" for name in names), _free_ports(len(names)), strict=True)
    )
    stack = Stack(folder, {**os.environ, **ports, "MEDIA_LAKE_STACK_FOLDER": str(folder)})
    yield stack
    stack.run("-m", "include.stack", "down")


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for name in MEDIA:
        shutil.copy(SAMPLE / name, folder / name)
    shutil.copy(SAMPLE / "grace-hopper.jpg", folder / "the same picture again.jpg")
    return folder


@pytest.fixture(scope="module")
def first(stack: Stack, media: Path) -> subprocess.CompletedProcess[str]:
    """The first demonstration, in which a task, the scheduler and the triggerer are killed once."""
    up = stack.run("-m", "include.stack", "up")
    assert up.returncode == 0, up.stdout
    arguments = [sys.executable, "-m", "include.stack", "demo", "--media", str(media), "--days", str(DAYS)]
    process = subprocess.Popen(
        arguments,
        env=stack.environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    killed = False
    for line in process.stdout:
        lines.append(line)
        if not killed and "enrich_videos" in line and "running" in line:
            _kill_task(stack)
            _kill(stack, "scheduler")
            _kill(stack, "triggerer")
            killed = True
    assert killed, "".join(lines)
    return subprocess.CompletedProcess(arguments, process.wait(DEMO_SECONDS), "".join(lines), "")


def test_every_run_succeeds_although_components_are_killed(
    stack: Stack, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stdout
    assert first.stdout.count("  success") >= RUNS


def test_every_file_is_accounted_for_and_found_in_tables(
    stack: Stack, first: subprocess.CompletedProcess[str]
) -> None:
    assets = stack.query(
        "SELECT media_type, status, count(*) AS n FROM media_lake.media_assets GROUP BY 1, 2 ORDER BY 1"
    )
    assert assets == [
        {"media_type": "image", "status": "analyzed", "n": 3},
        {"media_type": "video", "status": "analyzed", "n": 1},
    ]
    faces = stack.query(
        "SELECT m.key, count(*) AS n FROM media_lake.faces AS f JOIN media_lake.media_assets AS m"
        " ON f.media_id = m.media_id WHERE m.key LIKE '%grace-hopper.jpg' GROUP BY m.key"
    )
    assert [row["n"] for row in faces] == [1]
    assert stack.query("SELECT count(*) > 0 AS found FROM media_lake.segments") == [{"found": True}]


def test_each_analysis_is_paid_once(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    statuses = stack.query("SELECT status, count(*) AS n FROM media_lake.analyses GROUP BY 1 ORDER BY 1")
    by_status = {row["status"]: row["n"] for row in statuses}
    assert set(by_status) == {"reused", "succeeded"}
    # Two pictures with four features and a clip with five; the duplicate is reused.
    assert by_status == {"succeeded": 2 * 4 + 5, "reused": 4}
    paid = stack.query("SELECT count(DISTINCT analysis_key) AS n FROM media_lake.usage WHERE NOT reused")
    assert paid == [{"n": 2 * 4 + 5}]


def test_a_second_demonstration_calls_nothing_that_is_billed(
    stack: Stack, media: Path, first: subprocess.CompletedProcess[str]
) -> None:
    before = stack.calls()
    second = stack.run("-m", "include.stack", "demo", "--media", str(media), "--days", str(DAYS))
    assert second.returncode == 0, second.stdout
    assert stack.calls() == before
    assert "0 analyses paid, $0.0000" in second.stdout
    assert "17 reused, which saved $" in second.stdout


def test_the_cost_page_is_there_to_be_opened(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    page = (stack.folder / "reports" / "costs.html").read_text(encoding="utf-8")
    assert "<html" in page.lower()
    assert (stack.folder / "reports" / "costs.html").as_uri() in first.stdout


def test_down_leaves_nothing(stack: Stack, first: subprocess.CompletedProcess[str]) -> None:
    down = stack.run("-m", "include.stack", "down")
    assert down.returncode == 0, down.stdout
    assert not stack.folder.exists()
    for name, port in stack.environment.items():
        if name.startswith("MEDIA_LAKE_STACK_") and name.endswith("_PORT"):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", int(port))) != 0, name


def _kill(stack: Stack, component: str) -> None:
    os.kill(int((stack.folder / f"{component}.pgid").read_text(encoding="ascii")), signal.SIGKILL)
    time.sleep(0.5)


def _kill_task(stack: Stack) -> None:
    """Kill the process of a task that runs."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for process in psutil.process_iter(["cmdline"]):
            title = " ".join(process.info["cmdline"] or [])
            if re.match(r"airflow worker -- [0-9a-f]{8}-", title) and _belongs_to(stack, process):
                process.kill()
                return
        time.sleep(0.02)
    raise AssertionError("no task was seen running")


def _belongs_to(stack: Stack, process: psutil.Process) -> bool:
    try:
        return process.environ().get(PROCESS_MARK) == str(stack.folder.resolve())
    except psutil.Error:
        return False


def _free_ports(count: int) -> list[str]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
