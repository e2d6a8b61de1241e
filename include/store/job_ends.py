"""The reported end of a video job, as an item of the ledger's table: written by whoever learns of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from include.store.messages import UnreadableMessageError, unwrapped

ENDED = ("SUCCEEDED", "FAILED")
_JOB_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
_LATEST = 253_402_300_800_000  # the year 10000
_KEPT_SECONDS = 14 * 86_400


class JobEnd(NamedTuple):
    """The end of a job.

    :ivar status: SUCCEEDED or FAILED.
    :ivar ended_at: in milliseconds since the epoch; None if the notification does not say.
    """

    job_id: str
    status: str
    ended_at: int | None


def job_end(body: str) -> JobEnd:
    """Return what a notification tells, raw or in an SNS envelope.

    The message's members: https://docs.aws.amazon.com/rekognition/latest/dg/video-notification-payload.html.

    :raises include.store.messages.UnreadableMessageError: if it is something else.
    """
    message = unwrapped(body)
    job, status = message.get("JobId"), message.get("Status")
    if not isinstance(job, str) or not _JOB_ID.fullmatch(job):
        raise UnreadableMessageError(
            f"it has no JobId, which is 1 to 64 letters, digits, - and _: {job!a:.80}"
        )
    if status not in ENDED:
        raise UnreadableMessageError(f"its Status is not {' or '.join(ENDED)}: {status!a:.80}")
    instant = message.get("Timestamp")
    return JobEnd(job, str(status), instant if type(instant) is int and 0 < instant < _LATEST else None)


def job_end_key(job_id: str) -> str:
    """Return the key under which the end of a video job is kept."""
    return f"job#{job_id}"


def job_end_item(job_id: str, status: str, now: float, ended_at: int | None = None) -> dict[str, Any]:
    """Return the item that records the end of a video job; writing it again changes nothing that matters.

    :param status: SUCCEEDED or FAILED.
    :param now: seconds since the epoch.
    :param ended_at: when it ended, in milliseconds since the epoch; None if only now is known.
    """
    return {
        "key": {"S": job_end_key(job_id)},
        "status": {"S": status},
        "ended_at": {"N": str(int(now * 1000) if ended_at is None else ended_at)},
        "expires_at": {"N": str(int(now) + _KEPT_SECONDS)},
    }


def job_ends(items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return JobId to reported end, from such items."""
    return {item["key"]["S"].removeprefix("job#"): item["status"]["S"] for item in items}


def job_end_times(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return JobId to when it ended, in milliseconds since the epoch; earlier versions did not say."""
    return {
        item["key"]["S"].removeprefix("job#"): int(item["ended_at"]["N"])
        for item in items
        if "ended_at" in item
    }
