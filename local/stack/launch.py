"""``python -m local.stack.launch COMPONENT``: end what the last one left, and become an Airflow component.

A killed scheduler leaves the task workers that it forked. They are in the process group in which it was
started. The scheduler and the triggerer would serve logs on every address of the machine, so `logs` does it
for both, on one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from local.stack.environment import PROCESS_MARK
from local.stack.loopback import HOST

TERMINATION_SECONDS = 5
_LOG_SERVER = "airflow.utils.serve_logs.log_server:get_app"
_NO_LOG_SERVER = ("--skip-serve-logs",)


def main() -> None:
    component = sys.argv[1]
    record = Path(os.environ[PROCESS_MARK]) / f"{component}.pgid"
    if record.exists():
        end_group(int(record.read_text(encoding="ascii")))
    record.write_text(str(os.getpgrp()), encoding="ascii")
    os.execv(sys.executable, [sys.executable, "-m", *command(component)])


def command(component: str) -> tuple[str, ...]:
    """Return the module that runs a component, and its arguments."""
    if component == "logs":
        port = os.environ["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"]
        address = ("--host", HOST, "--port", port)
        return ("uvicorn", "--factory", _LOG_SERVER, *address, "--no-access-log", "--log-level", "warning")
    return ("airflow", component, *(_NO_LOG_SERVER if component in ("scheduler", "triggerer") else ()))


def end_group(group: int) -> None:
    """Kill this stack's processes in a process group."""
    mark = os.environ[PROCESS_MARK]
    left = [
        process
        for process in marked_processes(mark)
        if _group(process.pid) == group and process.pid != os.getpid()
    ]
    for process in left:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(left, timeout=TERMINATION_SECONDS)


def marked_processes(mark: str) -> list[psutil.Process]:
    """Return the processes that a stack started: those with its mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(PROCESS_MARK) == mark:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


if __name__ == "__main__":
    main()
