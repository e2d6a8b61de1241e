"""What runs as each component, and on which address it listens."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from local.stack.environment import stack_environment
from local.stack.launch import command
from local.stack.stack_settings import PROJECT, StackSettings
from tests.local.stack.test_lifecycle import free_port


def test_scheduler_and_triggerer_serve_no_logs_on_all_addresses() -> None:
    """Airflow 3.3.2 has no setting for the address of these servers."""
    for component in ("scheduler", "triggerer"):
        assert command(component) == ("airflow", component, "--skip-serve-logs")
    assert command("api-server") == ("airflow", "api-server")


@pytest.mark.integration
def test_logs_are_served_on_this_machine_only_and_to_airflow_only(tmp_path: Path) -> None:
    stack = StackSettings(folder=tmp_path, log_port=free_port())
    arguments = [sys.executable, "-m", "local.stack.launch", "logs"]
    environment = stack_environment(stack, os.environ)
    with subprocess.Popen(arguments, env=environment, cwd=PROJECT, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 40
            while not (listening := psutil.Process(process.pid).net_connections(kind="inet")):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
            assert httpx.get(f"{stack.log_url}/openapi.json", trust_env=False).status_code == 200
            assert httpx.get(f"{stack.log_url}/log/any.log", trust_env=False).status_code == 403
        finally:
            process.terminate()
