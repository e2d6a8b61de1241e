"""Publishes what a run staged, and is killed before a pointer moves: to be run in a process of its own.

``python -m tests.integration.publishing_process RUN_ID DAY POINTERS``: the process kills itself before so
many pointers have moved, as a machine that loses its power does.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from typing import Any

import boto3

from include.core.run import Run
from include.core.settings import Settings
from include.publish.publisher import publish
from include.store.audited_tables import read_audit
from tests.workspaces import make_workspace


def main(run_id: str, day: str, pointers: int) -> None:
    settings, session = Settings(), boto3.Session(region_name="us-east-1")
    glue = session.client("glue")
    moved = count()

    def die(**_: Any) -> None:
        if next(moved) >= pointers:
            os.kill(os.getpid(), signal.SIGKILL)

    for operation in ("CreatePartition", "UpdatePartition"):
        glue.meta.events.register(f"before-send.glue.{operation}", die)
    run = Run(settings.bucket, "enrich_images", run_id, day)
    workspace = make_workspace(run, session, settings, glue=glue)
    publish(workspace, read_audit(workspace.s3, run, "image"), "image")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
