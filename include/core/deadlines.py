"""Deadlines: after how many hours a run that has not ended is reported as late.

Dag files read them while they are parsed, so this module stands apart from the other settings and is light.
"""

from __future__ import annotations

import os
from datetime import timedelta

from include.core.errors import TerminalError

# A Dag's own hours, where it has any, are in the variable of this name and the Dag's id in upper case.
PREFIX = "MEDIA_LAKE_DEADLINE_HOURS_"

DEFAULT_HOURS = 6.0

# Dags that usually take much less time, or more.
HOURS = {
    "discover_media": 2.0,
    "discover_events": 2.0,
    "enrich_videos": 24.0,
    "redrive_failed": 1.0,
    "resume_stopped": 1.0,
    "reprocess_days": 1.0,
    "rollback_day": 1.0,
    "expire_versions": 1.0,
    "apply_retention": 12.0,
    "erase_media": 12.0,
    "report_costs": 2.0,
    "reconcile_costs": 2.0,
    # People have seven days to answer.
    "review_moderation": 192.0,
}


# How long people have to answer whether a run may pay, or publish.
ANSWER_HOURS = 168.0


class DeadlineError(TerminalError, ValueError):
    """A variable holds no number of hours; the text names it."""


def deadline_of(dag_id: str) -> timedelta:
    """Return how long a run of a Dag may take from when it is queued.

    :raises DeadlineError: if the Dag's variable holds no number above 0.
    """
    return _time_of(dag_id, HOURS.get(dag_id, DEFAULT_HOURS))


def answer_time() -> timedelta:
    """Return how long a task waits for a person.

    :raises DeadlineError: if the variable for ``answer`` holds no number above 0.
    """
    return _time_of("answer", ANSWER_HOURS)


def _time_of(what: str, default: float) -> timedelta:
    name = f"{PREFIX}{what.upper()}"
    text = os.environ.get(name)
    if text is None:
        return timedelta(hours=default)
    try:
        hours = float(text)
        if not 0 < hours < float("inf"):
            raise ValueError
        return timedelta(hours=hours)
    except (ValueError, OverflowError):
        raise DeadlineError(f"{name} is {text!r}; give hours above 0, such as 6 or 0.5") from None
