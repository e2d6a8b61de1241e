"""The database in a wheel, really started."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import psycopg2
import pytest

from local.stack import postgres
from local.stack.lifecycle import down
from local.stack.stack_settings import StackSettings


@pytest.mark.integration
def test_it_starts_answers_over_tcp_and_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "to be restored")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    stack = StackSettings(folder=tmp_path, postgres_port=port)
    server = postgres.prepare(stack)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(server.command, user=server.user, cwd="/", stdout=log, stderr=log)
    try:
        postgres.wait_until_ready(stack)
        connection = psycopg2.connect(stack.database_uri.replace("+psycopg2", ""))
        with connection.cursor() as cursor:
            cursor.execute("SHOW listen_addresses")
            assert cursor.fetchone() == ("127.0.0.1",)
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        down(stack, print)
