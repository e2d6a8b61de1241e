"""Starting and stopping, as far as it needs no Airflow."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local.stack.environment import PROCESS_MARK
from local.stack.lifecycle import POOLS, client_environment_file, down, status, up
from local.stack.stack_settings import StackError, StackSettings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def stack(tmp_path: Path) -> StackSettings:
    return StackSettings(
        folder=tmp_path / "stack",
        airflow_port=free_port(),
        aws_port=free_port(),
        rekognition_port=free_port(),
        log_port=free_port(),
    )


def test_a_busy_port_is_one_sentence_and_nothing_is_started(stack: StackSettings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", stack.aws_port))
        other.listen()
        with pytest.raises(StackError, match=f"port {stack.aws_port} is in use.*MEDIA_LAKE_STACK_AWS_PORT"):
            up(stack, print)
    assert not stack.folder.exists()
    assert not stack.runtime.exists()


def test_the_stack_makes_the_pools_of_the_infrastructure() -> None:
    assert set(json.loads(POOLS.read_text(encoding="utf-8"))) == {"rekognition_images", "rekognition_videos"}


def test_a_stack_that_is_down_has_no_components(stack: StackSettings) -> None:
    assert status(stack) == []


@pytest.fixture
def orphan(stack: StackSettings) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"],
        env={PROCESS_MARK: str(stack.folder)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_down_ends_what_has_lost_its_supervisor_and_removes_all_state(
    stack: StackSettings, orphan: subprocess.Popen[bytes]
) -> None:
    (stack.folder / "logs").mkdir(parents=True)
    stack.runtime.mkdir(parents=True)
    said: list[str] = []
    down(stack, said.append)
    assert not psutil.pid_exists(orphan.pid)
    assert not stack.folder.exists()
    assert not stack.runtime.exists()
    assert said == ["the stack is down; the local lake and Airflow's history are gone"]


def test_a_stack_can_be_taken_down_twice(stack: StackSettings) -> None:
    said: list[str] = []
    down(stack, said.append)
    down(stack, said.append)
    assert said == ["the stack is down; the local lake and Airflow's history are gone"] * 2


def test_a_shell_can_source_what_clients_need(stack: StackSettings, tmp_path: Path) -> None:
    path = tmp_path / "aws.env"
    path.write_text(client_environment_file(stack), encoding="ascii")
    script = f'. "{path}"; printf %s "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID"'
    result = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    assert result.stdout == f"http://127.0.0.1:{stack.aws_port} local"
