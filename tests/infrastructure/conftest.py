"""A local endpoint for the tests of what the lake needs in AWS, and the lake that `create` makes there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import boto3
import pytest

from include.core.settings import Settings
from infrastructure.resources import Resource, create
from local.stack.environment import SHARED
from local.stack.stack_settings import PROJECT

START_SECONDS = 60
SETTINGS = Settings(alerts_topic="media-lake-alerts")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[dict[str, str]]:
    """An endpoint of these tests' own: the variables of its clients."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    local = {name: value for name, value in SHARED.items() if name.startswith("AWS_")}
    local |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "NO_PROXY": "127.0.0.1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | local
    process = subprocess.Popen(
        [sys.executable, "-m", "local.aws"],
        cwd=PROJECT,
        env={**environment, "LOCAL_AWS_PORT": str(port)},
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_local/health", process)
        yield local
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(scope="module")
def session(endpoint: dict[str, str]) -> Iterator[boto3.Session]:
    """A session whose clients reach the endpoint."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in endpoint.items():
            patch.setenv(name, value)
        yield boto3.Session()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the endpoint did not start (exit status {process.poll()})")


@pytest.fixture(scope="module")
def resources(session: boto3.Session) -> list[Resource]:
    return create(session, SETTINGS)
