"""The batches of a plan, as ``plan`` leaves them for the stages after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from include.store.objects import Row, get_ndjson


def read_plan(s3: Any, uri: str) -> list[Row]:
    """Return the lines of a planned batch (see :mod:`include.plan.planner`)."""
    return list(get_ndjson(s3, uri))


def analyses_of(batch: Iterable[Row], *states: str) -> Iterator[tuple[Row, Row]]:
    """Yield ``(asset, analysis)`` of a batch whose state is one of ``states``."""
    for row in batch:
        for analysis in row["analyses"]:
            if analysis["state"] in states:
                yield row["asset"], analysis
