"""The AWS CLI in processes that are forked from one that has loaded it, which takes a third of the time."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import awscli.clidriver  # noqa: F401  (what is loaded before the fork)

PROGRAM = Path(sys.executable).with_name("aws")
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


def command_line(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run ``aws`` and return its exit code and what it printed, errors and all."""
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_run, args=(theirs, arguments, environment))
    process.start()
    theirs.close()
    with ours, os.fdopen(os.dup(ours.fileno()), encoding="utf-8") as output:
        text = output.read()
    process.join()
    return process.exitcode or 0, text


def _run(output: Connection, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    data = os.environ["AWS_DATA_PATH"]  # set when the CLI was loaded
    os.environ.clear()
    os.environ.update({**environment, "AWS_DATA_PATH": data})
    for stream in (1, 2):
        os.dup2(output.fileno(), stream)
    output.close()
    sys.argv = [str(PROGRAM), *arguments]
    runpy.run_path(str(PROGRAM), run_name="__main__")
