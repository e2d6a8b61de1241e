"""The form with which people choose the files that they want to be asked about."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, get_current_context

REVIEW_PARAMS: dict[str, Param] = {
    "day": Param(
        None, type=["string", "null"], format="date", title="Day",
        description="Empty: the files that have waited longest, of all days.",
    ),
    "media_id": Param(
        None, type=["string", "null"], title="Media id",
        description="Only this file, as view moderation_queue names it, also if it is decided already.",
    ),
}  # fmt: skip


def chosen_files() -> dict[str, Any]:
    """Return what the run's form asks for, as :func:`files_to_review` takes it.

    The function is in :mod:`include.operate.moderation_reviews`.
    """
    params = get_current_context()["params"]
    return {name: params[name] or None for name in REVIEW_PARAMS}
