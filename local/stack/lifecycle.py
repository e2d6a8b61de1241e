"""Start, stop and inspect the stack."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx
import psutil

from include.core.settings import load_settings
from local.stack import postgres
from local.stack.airflow_api import AirflowApi
from local.stack.environment import SHARED, access_keys, aws_client_environment, stack_environment
from local.stack.lake_template import deploy
from local.stack.launch import marked_processes
from local.stack.login import FILE, USER, AirflowLogin, read_password
from local.stack.loopback import HOST
from local.stack.stack_settings import PROJECT, StackError, StackSettings
from local.stack.supervision import BASE_PROGRAMS, PROGRAMS, Supervisor, configuration

Say = Callable[[str], None]

POOLS = PROJECT / "infrastructure" / "pools.json"

STOP_SECONDS = 40
KILL_SECONDS = 10
MIGRATION_SECONDS = 180


@dataclass(frozen=True)
class Component:
    """One line of ``make status``."""

    name: str
    state: str
    health: str
    address: str
    detail: str


def up(stack: StackSettings, say: Say) -> None:
    """Start every component that does not run, and wait until all are healthy and the lake's resources exist.

    :param say: takes a line of progress.
    :raises StackError: if a port is taken, a component does not start, or the start takes too long.
    """
    began = time.monotonic()
    supervisor = Supervisor(stack)
    new = not (supervisor.is_up() and _client_file(stack).exists())
    if new:
        if stack.folder.exists() or stack.runtime.exists():
            say("removing what an earlier stack left behind")
            down(stack, say)
        _start(stack, supervisor, say)
    elif "local-aws" in supervisor.ended():
        raise StackError(
            "the local AWS endpoint has ended, and the lake with it; run `make down`, then `make up`"
        )
    for name in PROGRAMS:
        supervisor.start(name)
    _wait_until_healthy(stack, supervisor, say)
    _create_pools(stack)
    say(f"the stack is up after {time.monotonic() - began:.0f} s: {stack.airflow_url}")
    if new:
        say(f"log in as {USER} with password {read_password(stack.folder)}; {stack.folder / FILE} keeps it")


def down(stack: StackSettings, say: Say) -> None:
    """End every process of the stack, also those whose parent died, and remove its folders.

    :raises StackError: if a process does not end.
    """
    supervisor = Supervisor(stack)
    if supervisor.is_up():
        say("stopping the stack")
        supervisor.shut_down()
        _wait(lambda: not stack_processes(stack), STOP_SECONDS)
    left = stack_processes(stack)
    for process in left:
        _signal(process.kill)
    _, alive = psutil.wait_procs(left, timeout=KILL_SECONDS)
    if alive:
        raise StackError(
            f"process {alive[0].pid} of the stack does not end; end it, then run `make down` again"
        )
    for folder in (stack.runtime, stack.folder):
        shutil.rmtree(folder, ignore_errors=True)
    say("the stack is down; the local lake and Airflow's history are gone")


def status(stack: StackSettings) -> list[Component]:
    """Return the components of the stack, or an empty list if it is down."""
    states = Supervisor(stack).states()
    if not states:
        return []
    with AirflowApi(stack.airflow_url, login=None, retry_seconds=0) as api:
        airflow = api.health()
    health = {
        "postgres": airflow["metadatabase"],
        "local-aws": _answers(f"{stack.aws_url}/_local/health"),
        "local-rekognition": _answers(f"{stack.rekognition_url}/_control/health"),
        "airflow-api-server": "unreachable" if airflow["metadatabase"] == "unreachable" else "healthy",
        "airflow-scheduler": airflow["scheduler"],
        "airflow-dag-processor": airflow["dag_processor"],
        "airflow-triggerer": airflow["triggerer"],
        "airflow-logs": _answers(f"{stack.log_url}/openapi.json"),
    }
    addresses = {
        "postgres": f"{stack.database_folder} (socket)",
        "local-aws": stack.aws_url,
        "local-rekognition": stack.rekognition_url,
        "airflow-api-server": stack.airflow_url,
        "airflow-logs": stack.log_url,
    }
    return [
        Component(name, states[name].state, health[name], addresses.get(name, ""), states[name].detail)
        for name in PROGRAMS
    ]


def client_environment_file(stack: StackSettings) -> str:
    """Return the content of ``aws.env``, which a shell sources to reach the local lake."""
    return "".join(f"export {name}={value}\n" for name, value in aws_client_environment(stack).items())


def _start(stack: StackSettings, supervisor: Supervisor, say: Say) -> None:
    _check_ports(stack)
    stack.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # logs and reports tell about people
    stack.logs.mkdir()
    server = postgres.prepare(stack)
    environment = stack_environment(stack, os.environ)
    say("starting PostgreSQL and the local AWS endpoint")
    supervisor.start_daemon(configuration(stack, server, access_keys(load_settings())), environment)
    say("making Airflow's database")
    postgres.wait_until_ready(stack)
    with (stack.logs / "migration.log").open("wb") as log:
        migration = subprocess.Popen(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=environment,
            cwd=PROJECT,
            stdout=log,
            stderr=log,
        )
        try:
            _make_resources(stack, supervisor, say)
            code = migration.wait(MIGRATION_SECONDS)
        finally:
            if migration.poll() is None:
                migration.kill()
    if code:
        raise StackError(f"Airflow's database could not be made; see {stack.logs / 'migration.log'}")
    _client_file(stack).write_text(client_environment_file(stack), encoding="ascii")
    say("starting Airflow")


def _client_file(stack: StackSettings) -> Path:
    """Return the path of ``aws.env``.

    It is written last: a stack without the file did not start completely.
    """
    return stack.folder / "aws.env"


def _make_resources(stack: StackSettings, supervisor: Supervisor, say: Say) -> None:
    def ready() -> bool:
        _check_running(stack, supervisor)
        return _answers(f"{stack.aws_url}/_local/health") == "healthy"

    if not _wait(ready, stack.start_timeout_seconds):
        raise StackError(f"the local AWS endpoint does not answer; see {stack.logs / 'local-aws.log'}")
    say("deploying the lake's template: bucket, tables, queues, roles")
    # Airflow's processes have this setting from their environment; this one has not.
    bill = {"bill_source": SHARED["MEDIA_LAKE_BILL_SOURCE"]}
    deploy(boto3.Session(), load_settings().model_copy(update=bill))


def _create_pools(stack: StackSettings) -> None:
    """Create the pools that the tasks name: Airflow never runs a task whose pool is missing."""
    pools = json.loads(POOLS.read_text(encoding="utf-8"))
    with AirflowApi(stack.airflow_url, AirflowLogin(stack.folder)) as api:
        for name, definition in pools.items():
            api.create_pool(name, definition)


def _wait_until_healthy(stack: StackSettings, supervisor: Supervisor, say: Say) -> None:
    healthy: set[str] = set()

    def all_healthy() -> bool:
        _check_running(stack, supervisor)
        components = status(stack)
        for component in components:
            if component.health == "healthy" and component.name not in healthy:
                healthy.add(component.name)
                say(f"{component.name} is healthy")
        return bool(components) and all(component.health == "healthy" for component in components)

    if not _wait(all_healthy, stack.start_timeout_seconds):
        slow = ", ".join(name for name in PROGRAMS if name not in healthy)
        raise StackError(
            f"{slow} not healthy after {stack.start_timeout_seconds} s; see the logs in {stack.logs}, "
            "or wait longer with MEDIA_LAKE_STACK_START_TIMEOUT_SECONDS"
        )


def _check_running(stack: StackSettings, supervisor: Supervisor) -> None:
    ended = set(supervisor.ended())
    started = [name for name in BASE_PROGRAMS if name in ended]
    if started:
        raise StackError(f"{started[0]} ended; see {stack.logs / started[0]}.log")


def _check_ports(stack: StackSettings) -> None:
    for name, port in stack.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise StackError(
                    f"port {port} is in use by another program; "
                    f"end that program, or choose another port with MEDIA_LAKE_STACK_{name.upper()}"
                ) from None


def stack_processes(stack: StackSettings) -> list[psutil.Process]:
    """Return the stack's processes. PostgreSQL overwrites its environment, so its folder identifies it."""
    found = marked_processes(str(stack.folder.resolve()))
    folder = str(stack.database_folder)
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and (folder in process.cmdline() or process.cwd() == folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _answers(url: str) -> str:
    try:
        return "healthy" if httpx.get(url, timeout=5, trust_env=False).is_success else "unhealthy"
    except httpx.HTTPError:
        return "unreachable"


def _signal(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True
