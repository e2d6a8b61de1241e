"""The database in a wheel, really started."""

from __future__ import annotations

import asyncio
import signal
import stat
import subprocess
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from local.stack import postgres
from local.stack.lifecycle import down
from local.stack.stack_settings import StackSettings


@pytest.mark.integration
def test_it_answers_at_a_socket_of_its_owner_at_no_port_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "to be restored")
    stack = StackSettings(folder=tmp_path)
    server = postgres.prepare(stack)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(server.command, user=server.user, cwd="/", stdout=log, stderr=log)
    try:
        postgres.wait_until_ready(stack)
        with sqlalchemy.create_engine(stack.database_uri).connect() as connection:
            assert connection.execute(sqlalchemy.text("SHOW listen_addresses")).scalar() == ""
        asyncio.run(_connect_as_the_triggerer_does(stack))
        assert psutil.Process(process.pid).net_connections(kind="inet") == []
        assert stat.S_IMODE(stack.database_folder.stat().st_mode) == 0o700
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        down(stack, print)


async def _connect_as_the_triggerer_does(stack: StackSettings) -> None:
    engine = create_async_engine(stack.database_uri.replace("psycopg2", "asyncpg"))
    async with engine.connect() as connection:
        assert await connection.scalar(sqlalchemy.text("SELECT 1")) == 1
    await engine.dispose()
