"""The reported end of a video job, as an item of the ledger's table: written by whoever learns of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

ENDED = ("SUCCEEDED", "FAILED")
_KEPT_SECONDS = 14 * 86_400


def job_end(body: str) -> tuple[str, str] | None:
    """Return ``(JobId, status)`` of a notification, raw or in an SNS envelope; None if it is something else.

    The message's members: https://docs.aws.amazon.com/rekognition/latest/dg/video-notification-payload.html.
    """
    try:
        message = json.loads(body)
        if isinstance(message, dict) and message.get("Type") == "Notification":
            message = json.loads(message["Message"])
        job, status = message["JobId"], message["Status"]
    except (ValueError, KeyError, TypeError):
        return None
    return (job, status) if isinstance(job, str) and job and status in ENDED else None


def job_end_key(job_id: str) -> str:
    """Return the key under which the end of a video job is kept."""
    return f"job#{job_id}"


def job_end_item(job_id: str, status: str, now: float) -> dict[str, Any]:
    """Return the item that records the end of a video job; writing it again changes nothing that matters.

    :param status: SUCCEEDED or FAILED.
    :param now: seconds since the epoch.
    """
    return {
        "key": {"S": job_end_key(job_id)},
        "status": {"S": status},
        "expires_at": {"N": str(int(now) + _KEPT_SECONDS)},
    }


def job_ends(items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return JobId to reported end, from such items."""
    return {item["key"]["S"].removeprefix("job#"): item["status"]["S"] for item in items}
