"""The form with which people go back to an earlier version of a day."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, get_current_context

ROLLBACK_PARAMS: dict[str, Param] = {
    "day": Param(type="string", format="date", title="Day", description="Day of the lake."),
    "version": Param(
        None, type=["string", "null"], title="Version",
        description="As table publications names it; the tables that it belongs to go back to it.",
    ),
    "as_of": Param(
        None, type=["string", "null"], format="date-time", title="As of",
        description="Instead of a version: all tables go back to what readers had at this time.",
    ),
}  # fmt: skip


def chosen_rollback() -> dict[str, Any]:
    """Return what the run's form asks for, as :func:`include.publish.earlier_versions.roll_back` takes it."""
    from include.publish.earlier_versions import instant

    params = get_current_context()["params"]
    as_of = instant(params["as_of"]) if params["as_of"] else None
    return {"version": params["version"] or None, "as_of": as_of}
