"""One video job, as the local Rekognition keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Job:
    """One analysis of one video.

    :param operation: that started it.
    :param extra_seconds: that it takes beyond its work.
    :param failure: message with which it is to fail, or None.
    :param finished_at: on the clock of :class:`local.aws.rekognition.jobs.Jobs`, None while it is in progress.
    :param status: ``IN_PROGRESS``, ``SUCCEEDED`` or ``FAILED``.
    :param message: why it failed.
    :param items: findings, as made for the Start request.
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
