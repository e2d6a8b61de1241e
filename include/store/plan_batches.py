"""The batches of a plan: ``plan`` writes them, the stages after it read them.

A batch is one gzip-compressed NDJSON object with a line for each asset::

    {"asset": row of the manifest, "analyses": [{feature, parameters, analysis_key, state, code, message},
    ...]}

All analyses of an asset are in one batch. An analysis of a video that is made by frames instead of a job has
``frames``, which says which (:mod:`include.core.frame_sampling`). The state of an analysis is one of

- ``planned``: the run may pay for it. ``duplicate`` is true if an asset before it in the plan has the same
  content: whichever batch comes first pays. ``failures`` counts the attempts at a video job that failed, if
  any did.
- ``reused``: it is paid for already.
- ``rejected``: the file is defective or beyond a limit of Rekognition; ``code`` and ``message`` say why.
- ``not_selected``: this run may not pay for it and leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from include.core.run import Run
from include.store.objects import Ndjson, Row, get_ndjson

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PlannedState = Literal["planned", "reused", "rejected", "not_selected"]


def write_plan(s3: S3Client, run: Run, rows: Iterable[Row], size: int) -> Iterator[Row]:
    """Write the lines of a plan in batches of ``size``; without a line there is no batch.

    :return: yields the claim check of each batch, ``{uri, rows, bytes}``, after it is written.
    """
    left = iter(rows)
    number, line = 0, next(left, None)
    while line is not None:
        batch = Ndjson()
        while line is not None and batch.rows < size:
            batch.add(line)
            line = next(left, None)
        uri = run.plan_uri(number)
        yield {"uri": uri, "rows": batch.rows, "bytes": batch.put(s3, uri)}
        number += 1


def read_plan(s3: S3Client, uri: str) -> list[Row]:
    """Return the lines of a batch.

    Version 0.1 wrote ``kept`` for ``not_selected`` and ``again`` for ``duplicate``. A run that it planned
    goes on.
    """
    rows = list(get_ndjson(s3, uri))
    for row in rows:
        for analysis in row["analyses"]:
            if analysis["state"] == "kept":
                analysis["state"] = "not_selected"
            if "again" in analysis:
                analysis["duplicate"] = analysis.pop("again")
    return rows


def takes_frames(analysis: Row) -> bool:
    """Whether an analysis of a plan is made by frames of a video instead of a job."""
    return bool(analysis.get("frames"))


def analyses_of(batch: Iterable[Row], *states: PlannedState) -> Iterator[tuple[Row, Row]]:
    """Yield ``(asset, analysis)`` for each analysis of a batch that is in one of ``states``."""
    for row in batch:
        for analysis in row["analyses"]:
            if analysis["state"] in states:
                yield row["asset"], analysis
