"""The usage of analyses of videos that were paid for before: it costs nothing, and shows what was saved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from include.core.run import Run
from include.store.ledger import Entry
from include.store.objects import Row, put_ndjson
from include.store.response_archive import now
from include.store.usage_log import usage_lines

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class VideoWork(Protocol):
    """An analysis of a video, by a job or by frames."""

    @property
    def key(self) -> str: ...
    @property
    def feature(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def asset(self) -> Row: ...
    @property
    def payer(self) -> Row: ...


def log_reused(
    s3: S3Client, run: Run, done: Iterable[tuple[VideoWork, Entry]], *, by_frames: bool = False
) -> int:
    """Log what was reused, by the plan or because another run paid meanwhile, and return the number.

    :param done: analyses that are done, with their entries; what this run paid for itself is passed over.
    """
    reused = [(item, entry) for item, entry in done if entry.saves(run.run_id, item.asset["media_id"])]
    at = now()
    lines: list[Row] = []
    for item, entry in reused:
        lines += usage_lines(
            item.payer, item.key, item.feature, item.parameters, entry.units, at, True, by_frames=by_frames
        )
    if lines:
        media_ids = "".join(sorted(item.payer["media_id"] for item, _ in reused))
        name = hashlib.sha256(media_ids.encode()).hexdigest()[:12]
        put_ndjson(s3, run.usage_uri(f"reused-{'frames-' if by_frames else ''}{name}"), lines)
    return len(reused)
