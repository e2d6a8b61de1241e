"""One video job, as the local Rekognition keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Job:
    """One analysis of one video.

    :param operation: the Start operation.
    :param params: of the Start request.
    :param extra_seconds: time that it takes beyond its work.
    :param failure: message with which it will fail, None if it will not.
    :param finished_at: time on the clock of :class:`.Jobs`, None while it is in progress.
    :param status: ``IN_PROGRESS``, ``SUCCEEDED`` or ``FAILED``.
    :param message: why it failed.
    :param items: findings, selected by the Start request.
    :param members: further members of the Get reply.
    """

    job_id: str
    operation: str
    params: dict[str, Any]
    region: str
    extra_seconds: float
    failure: str | None
    finished_at: float | None = None
    status: str = "IN_PROGRESS"
    message: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, Any] = field(default_factory=dict)
