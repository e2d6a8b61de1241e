"""The archived frames of one analysis: what was paid for is known after any interruption, and is kept.

The responses to a few frames are one object below a prefix of the analysis. Each is written as soon as the
calls have come back, and then the usage so far; so a task that is killed loses what was in flight at most.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from include.core.run import Run, frame_responses_uri
from include.store.ledger import Entry
from include.store.objects import Row, list_uris, put_ndjson
from include.store.response_archive import read_lines
from include.store.usage_log import usage_lines

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from include.analyze.frame_work import FrameAnalysis


class FrameArchive:
    """Archive and usage log of one analysis, which is ours to continue.

    :ivar payer: who pays: the run and asset that paid for the first frame, whoever goes on.
    :ivar frames: frames that were paid for, in all attempts.
    """

    def __init__(self, s3: S3Client, bucket: str, analysis: FrameAnalysis) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._analysis = analysis
        self._uri = frame_responses_uri(bucket, analysis.key)
        self._times: set[int] = set()
        self._first_at = self._last_at = ""
        self._model_version: str | None = None
        self.payer = analysis.payer
        self.frames = 0
        for line in read_lines(s3, self._uri) if list_uris(s3, self._uri) else ():
            self._note(line)

    def __contains__(self, timestamp_ms: int) -> bool:
        """Whether a frame is archived."""
        return timestamp_ms in self._times

    def add(self, lines: list[Row]) -> None:
        """Archive responses, then log the usage of the analysis so far; a repetition replaces its log.

        :param lines: each with its ``timestamp_ms``.
        """
        first = min(line["timestamp_ms"] for line in lines)
        put_ndjson(self._s3, f"{self._uri}frames-{first:09d}-{uuid.uuid4().hex[:8]}.ndjson.gz", lines)
        for line in lines:
            self._note(line)
        self.log_usage()

    def log_usage(self) -> None:
        """Log the frames that were paid for so far, for the run that pays."""
        analysis = self._analysis
        run = Run(self._bucket, self.payer["dag_id"], self.payer["run_id"], self.payer["partition"])
        usage = usage_lines(
            self.payer,
            analysis.key,
            analysis.feature,
            analysis.parameters,
            float(self.frames),
            self._first_at,
            reused=False,
            by_frames=True,
        )
        put_ndjson(self._s3, run.usage_uri(f"frames-{analysis.key}"), list(usage))

    def done(self, claim: Entry) -> Entry:
        """Return the entry of the analysis, all of whose frames are archived."""
        return replace(
            claim,
            state="done",
            payer=orjson.dumps(self.payer).decode(),
            response_uri=self._uri,
            model_version=self._model_version,
            completed_at=self._last_at,
            units=float(self.frames),
        )

    def _note(self, line: dict[str, Any]) -> None:
        if not self.frames or line["at"] < self._first_at:
            self.payer, self._first_at = line["payer"], line["at"]
        self.frames += 1
        self._times.add(line["timestamp_ms"])
        self._last_at = max(self._last_at, line["at"])
        self._model_version = line["model_version"] or self._model_version
