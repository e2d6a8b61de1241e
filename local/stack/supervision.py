"""supervisord: its configuration, and a client that starts, stops and inspects its programs.

Each component of the stack is a program of one supervisord, which restarts it when it dies.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping
from configparser import RawConfigParser
from contextlib import closing
from dataclasses import dataclass
from io import StringIO
from typing import Any

from supervisor.states import STOPPED_STATES
from supervisor.xmlrpc import Faults, SupervisorTransport

from local.stack.postgres import PostgresServer
from local.stack.stack_settings import PROJECT, StackSettings

AIRFLOW_PROGRAMS = (
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-logs",
)
BASE_PROGRAMS = ("postgres", "local-aws", "local-rekognition")
PROGRAMS = (*BASE_PROGRAMS, *AIRFLOW_PROGRAMS)


@dataclass(frozen=True)
class ProgramState:
    """What supervisord reports about a program.

    :param state: such as RUNNING, BACKOFF, EXITED or FATAL.
    :param detail: process id and running time, or why the program is not running.
    """

    name: str
    state: str
    detail: str


def configuration(stack: StackSettings, postgres: PostgresServer, access_keys: Mapping[str, str]) -> str:
    """Return the content of supervisord's configuration file.

    :param access_keys: those of components of Airflow; others have the environment's.
    """
    socket = str(stack.runtime / "supervisor.sock")
    parser = RawConfigParser()
    parser["unix_http_server"] = {"file": socket, "chmod": "0700"}
    parser["supervisord"] = {
        "logfile": str(stack.logs / "supervisord.log"),
        "pidfile": str(stack.runtime / "supervisord.pid"),
        "childlogdir": str(stack.logs),
        "directory": str(PROJECT),
        "umask": "022",
        **({"user": "root"} if os.geteuid() == 0 else {}),
    }
    parser["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    parser["program:postgres"] = {
        **_program(stack, "postgres", postgres.command),
        "stopsignal": "INT",  # PostgreSQL's fast shutdown
        **({"user": postgres.user, "directory": "/"} if postgres.user else {}),
    }
    # This process holds the lake. Restarted it would be empty, while Airflow's history says that days were
    # done.
    local_aws = (sys.executable, "-m", "local.aws")
    parser["program:local-aws"] = {**_program(stack, "local-aws", local_aws), "autorestart": "false"}
    rekognition = (sys.executable, "-m", "local.aws.rekognition")
    parser["program:local-rekognition"] = _program(stack, "local-rekognition", rekognition)
    for name in AIRFLOW_PROGRAMS:
        component = name.removeprefix("airflow-")
        command = (sys.executable, "-m", "local.stack.launch", component)
        parser[f"program:{name}"] = {**_program(stack, name, command), "autostart": "false"}
        if component in access_keys:
            parser[f"program:{name}"]["environment"] = f'AWS_ACCESS_KEY_ID="{access_keys[component]}"'
    content = StringIO()
    parser.write(content)
    return content.getvalue().replace("%", "%%")


def _program(stack: StackSettings, name: str, command: tuple[str, ...]) -> dict[str, str]:
    return {
        "command": shlex.join(command),
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "100",
        "stopasgroup": "true",
        "killasgroup": "true",
        "stopwaitsecs": "15",
        "redirect_stderr": "true",
        "stdout_logfile": str(stack.logs / f"{name}.log"),
        "stdout_logfile_maxbytes": "0",
    }


class Supervisor:
    """A client of the stack's supervisord."""

    def __init__(self, stack: StackSettings) -> None:
        self._configuration = stack.folder / "supervisord.conf"
        self._socket = f"unix://{stack.runtime / 'supervisor.sock'}"

    def _call(self, method: str, *arguments: object) -> Any:
        """Call a method of supervisord over a new connection: a failed one cannot be used again."""
        with closing(SupervisorTransport(serverurl=self._socket)) as transport:
            supervisor = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
            return getattr(supervisor, method)(*arguments)

    def start_daemon(self, configuration: str, environment: Mapping[str, str]) -> None:
        """Start supervisord in the background, with the programs that start by themselves."""
        self._configuration.write_text(configuration, encoding="utf-8")
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)]
        subprocess.run(command, env=dict(environment), check=True, cwd=PROJECT)

    def is_up(self) -> bool:
        """Return whether supervisord answers."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def start(self, name: str) -> None:
        """Start a program unless it runs, without waiting for it."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise

    def states(self) -> dict[str, ProgramState]:
        """Return the state of every program by its name; empty if supervisord is down."""
        if not self.is_up():
            return {}
        return {
            info["name"]: ProgramState(info["name"], info["statename"], info["description"])
            for info in self._call("getAllProcessInfo")
        }

    def ended(self) -> list[str]:
        """Return the names of the programs that are down and that supervisord will not restart."""
        return [info["name"] for info in self._call("getAllProcessInfo") if info["state"] in STOPPED_STATES]

    def shut_down(self) -> None:
        """Ask supervisord to stop all programs and itself.

        Airflow's are slow to stop and do so at the same time.
        """
        for name in AIRFLOW_PROGRAMS:
            try:
                self._call("stopProcess", name, False)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != Faults.NOT_RUNNING:
                    raise
        self._call("shutdown")
