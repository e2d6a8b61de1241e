"""The AWS CLI in processes that are forked from one that has loaded it, which takes a third of the time."""

from __future__ import annotations

import io
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import awscli.clidriver  # noqa: F401  (what is loaded before the fork)

PROGRAM = Path(sys.executable).with_name("aws")
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


def command_line(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run ``aws`` and return its exit code and what it printed, errors and all.

    :raises EOFError: if the process ended without an exit code.
    """
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_run, args=(theirs, arguments, environment))
    process.start()
    theirs.close()
    with ours:
        code, output = ours.recv()
    process.join()
    return code, output


def _run(answer: Connection, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    data = os.environ["AWS_DATA_PATH"]  # set when the CLI was loaded
    os.environ.clear()
    os.environ.update({**environment, "AWS_DATA_PATH": data})
    sys.argv = [str(PROGRAM), *arguments]
    output = io.StringIO()
    code: object = 0
    with redirect_stdout(output), redirect_stderr(output):
        try:
            runpy.run_path(str(PROGRAM), run_name="__main__")
        except SystemExit as end:
            code = end.code
    answer.send((code or 0, output.getvalue()))
