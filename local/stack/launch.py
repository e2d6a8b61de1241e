"""``python -m local.stack.launch COMPONENT``: end what the last one left, and become an Airflow component.

A killed scheduler leaves the task workers that it forked. A killed scheduler or triggerer also leaves the
server of its logs, which keeps its port. All of them are in the process group in which the component was
started.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from local.stack.environment import PROCESS_MARK

TERMINATION_SECONDS = 5


def main() -> None:
    component = sys.argv[1]
    record = Path(os.environ[PROCESS_MARK]) / f"{component}.pgid"
    if record.exists():
        end_group(int(record.read_text(encoding="ascii")))
    record.write_text(str(os.getpgrp()), encoding="ascii")
    os.execv(sys.executable, [sys.executable, "-m", "airflow", component])


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
