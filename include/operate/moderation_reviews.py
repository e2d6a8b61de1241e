"""Decisions of people about files with moderation labels: which files they are asked about, and the record.

View ``moderation_queue`` shows what waits and what was decided. A decision is about a media asset, whose
identity no reprocessing changes, and is added to the day that has the asset in table ``moderation_reviews``.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from include.core.features import MediaType
from include.core.printable import escaped
from include.core.run import Run
from include.core.selection import DayRange
from include.core.settings import Settings
from include.store.objects import Row

if TYPE_CHECKING:
    import boto3

REVIEWS = "moderation_reviews"
FEATURE = "moderation"

# What the record keeps of a file, as it was when a person decided.
_RECORDED = {
    "media_id", "media_type", "content_id", "label", "confidence", "timestamp_ms", "model_version",
}  # fmt: skip

# Lists of Airflow's UI show titles in one line.
_LONGEST_NAME = 60


class FileToReview(BaseModel):
    """A row of the queue that a person is asked about.

    :ivar dt: day of the lake.
    :ivar label: its most confident moderation label; ``parent_label`` is the one above.
    :ivar confidence: in percent.
    :ivar timestamp_ms: where in a video; None for images.
    :ivar findings: how many moderation labels it has.
    :ivar state: ``waiting``, ``approved`` or ``rejected``.
    :ivar decided_by: who decided last; ``reason`` is what they gave.
    """

    model_config = ConfigDict(frozen=True)

    dt: str
    media_id: str
    media_type: MediaType
    content_id: str
    s3_uri: str
    source: str
    label: str
    parent_label: str | None
    confidence: float
    timestamp_ms: int | None
    findings: int
    model_version: str | None
    state: str
    decided_by: str | None
    reason: str | None

    @property
    def title(self) -> str:
        """The file's name and what was found, in a line."""
        name = escaped(self.s3_uri.rsplit("/", 1)[1])
        if len(name) > _LONGEST_NAME:
            name = f"{name[: _LONGEST_NAME - 1]}…"
        return f"{name}: {self.label} ({self.confidence:.1f} %)"

    @property
    def description(self) -> str:
        """What a person needs to know, as Markdown."""
        found = f"{self.label} (below {self.parent_label})" if self.parent_label else self.label
        lines = [
            f"File: {_code(self.s3_uri)}",
            f"Found: {found}, with a confidence of {self.confidence:.1f} %",
            f"Moderation labels in all: {self.findings}",
            f"Source and day: {self.source}, {self.dt}",
            f"Media id: {_code(self.media_id)}",
        ]
        if self.timestamp_ms is not None:
            lines.insert(2, f"Where in the video: {_clock(self.timestamp_ms)}")
        if self.state != "waiting":
            why = f", because: {_code(self.reason)}" if self.reason else ""
            lines.append(f"It was {self.state} by {_code(self.decided_by or '')}{why}")
        return "\n".join(f"- {line}" for line in lines)


class Answer(BaseModel):
    """What a person decided.

    :ivar reason: in the person's words; None if there are none.
    """

    model_config = ConfigDict(frozen=True)

    decision: Literal["approve", "reject"]
    reason: str | None
    decided_by: str
    decided_at: AwareDatetime

    @classmethod
    def of(cls, choice: str, reason: str | None, decided_by: str | None, decided_at: datetime) -> Self:
        """Make an answer from what a form gives.

        :param choice: name of the button.
        """
        return cls.model_validate(
            {
                "decision": choice.lower(),
                "reason": (reason or "").strip() or None,
                "decided_by": decided_by or "somebody in Airflow",
                "decided_at": decided_at,
            }
        )


def files_to_review(
    session: boto3.Session, settings: Settings, day: str | None, media_id: str | None
) -> list[FileToReview]:
    """Return the files that a person is asked about, oldest first, at most as many as the query says.

    :param day: day of the lake; None for all.
    :param media_id: only this file, also if it is decided; None for those that wait.
    :raises include.core.selection.SelectionError: if the day is none.
    """
    # Importing what asks Athena takes a CPU second; the tasks that ask people and record do without.
    from include.store.athena_queries import read_query

    first, last = DayRange(day, day).bounds
    wanted = media_id or ""
    rows = read_query(session, settings, "reports/files_to_review", [first, last, wanted, wanted])
    plain = rows.astype(object).where(rows.notna(), None)
    return [FileToReview.model_validate(row) for row in plain.to_dict("records")]


def review_row(file: FileToReview, answer: Answer, run: Run) -> Row:
    """Return the row of table ``moderation_reviews`` for an answer about a file."""
    return {
        **file.model_dump(include=_RECORDED),
        **answer.model_dump(),
        "feature": FEATURE,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
    }


def review_name(file: FileToReview, answer: Answer, run: Run) -> str:
    """Return the name of the file that holds the row: the same at each attempt, another at each answer."""
    who = hashlib.sha256(f"{file.media_id}/{run.token}".encode()).hexdigest()[:12]
    return f"{answer.decided_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{who}"


def _code(text: str) -> str:
    """Return a text of others as Markdown that shows it as it is."""
    fence = "`"
    while fence in text:
        fence += "`"
    return f"{fence} {escaped(text)} {fence}"


def _clock(milliseconds: int) -> str:
    """Return a time in a video as ``h:mm:ss.mmm``."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}.{rest:03}"
