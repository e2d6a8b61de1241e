"""The analyses of a batch that a budget stopped: analyze notes them, normalize makes rows of them.

They leave nothing in the ledger: any later run may pay for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson

from include.core.run import Run
from include.store.objects import get, put

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def frames_of(batch: str) -> str:
    """Return the name under which the analyses of a batch by frames are noted, beside those by jobs."""
    return f"{batch}-frames"


def note_stopped(s3: S3Client, run: Run, batch: str, stopped: Mapping[str, str]) -> None:
    """Note what a budget stopped in a batch, in place of what an earlier attempt noted.

    :param stopped: analysis key to the cost center whose budget is reached.
    """
    if stopped or stopped_analyses(s3, run, batch):
        put(s3, run.stopped_uri(batch), orjson.dumps(dict(stopped)), "application/json")


def stopped_analyses(s3: S3Client, run: Run, batch: str) -> dict[str, str]:
    """Return what a budget stopped in a batch: analysis key to cost center."""
    try:
        return dict(orjson.loads(get(s3, run.stopped_uri(batch))))
    except FileNotFoundError:
        return {}
