"""Alerts that are sent once: a marker in S3 for each occasion, below ``reports/alerts/``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from include.core.errors import error_code

_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


def first_occasions(s3: Any, bucket: str, kind: str, occasions: Iterable[str]) -> list[str]:
    """Note occasions, and return those that nobody has noted before.

    Of callers at the same time, one gets an occasion. One that is killed before it sends its alert has noted
    it all the same: an alert is rather lost than sent twice, and the tables go on saying what it is about.

    :param kind: of alert, such as ``anomaly``.
    :param occasions: what an alert is about, in words that do not change.
    """
    return [occasion for occasion in occasions if _is_first(s3, bucket, kind, occasion)]


def _is_first(s3: Any, bucket: str, kind: str, occasion: str) -> bool:
    name = hashlib.sha256(occasion.encode()).hexdigest()[:32]
    key = f"reports/alerts/{kind}/{name}"
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=occasion.encode(), IfNoneMatch="*")
    except ClientError as error:
        if error_code(error) in _TAKEN:
            return False
        raise
    return True
