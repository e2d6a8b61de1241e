"""Messages of the lake's queues: read strictly, or set aside with the reason.

Whoever may send to a queue can send anything. What cannot be used is kept under ``quarantine/messages/`` and
never comes back::

    quarantine/messages/<queue>/<digest>.ndjson.gz      lines {body, reason}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from include.store.objects import put_by_digest

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class UnreadableMessageError(ValueError):
    """A message is not what its queue is for."""


class OddMessage(NamedTuple):
    """A message to set aside, and why."""

    body: str
    reason: str


def unwrapped(body: str) -> dict[str, Any]:
    """Return the JSON object of a message, also from within an envelope of SNS.

    :raises UnreadableMessageError: if there is none.
    """
    try:
        message = json.loads(body)
        if isinstance(message, dict) and message.get("Type") == "Notification" and "Message" in message:
            message = json.loads(message["Message"])
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableMessageError(reason_of(error)) from error
    if not isinstance(message, dict):
        raise UnreadableMessageError(f"a JSON object was expected, not {type(message).__name__}")
    return message


def reason_of(error: Exception) -> str:
    """Return an error in one line, without surrogates, which JSON cannot hold."""
    if isinstance(error, ValidationError):
        text = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    else:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return _plain(text)[:500]


def set_aside(s3: S3Client, bucket: str, queue: str, messages: Sequence[OddMessage]) -> None:
    """Keep odd messages for a person to look at; keeping them again changes nothing.

    :param bucket: of the lake.
    :param queue: name of the queue.
    """
    if messages:
        rows = [{"body": _plain(each.body), "reason": each.reason} for each in messages]
        put_by_digest(s3, folder(bucket, queue), rows)


def folder(bucket: str, queue: str) -> str:
    """Return where the odd messages of a queue are."""
    return f"s3://{bucket}/quarantine/messages/{queue}/"


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
