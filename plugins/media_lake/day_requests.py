"""Requests for days of the lake: the form of a Dag that people start, and the events that start a run for each day.

An asset event may carry any partition key, so one task starts the consumers of its asset for as many days as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, Param, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from include.features import MEDIA_TYPES

if TYPE_CHECKING:
    from include.selection import DayRange


# Empty fields of the form are null: an empty string would be taken for a missing value.
def _day(title: str, description: str) -> Param:
    return Param(None, type=["string", "null"], format="date", title=title, description=description)


DAY_PARAMS: dict[str, Param] = {
    "first_day": _day("First day", "Empty: from the first there is."),
    "last_day": _day("Last day", "Empty: to the last there is."),
    "media_type": Param(
        None,
        type=["string", "null"],
        enum=[*MEDIA_TYPES, None],
        title="Media type",
        description="Empty: both.",
    ),
}


def chosen_days() -> DayRange:
    """Return the days that the run's form asks for.

    :raises include.selection.SelectionError: if they make no sense.
    """
    from include.selection import DayRange

    params = get_current_context()["params"]
    return DayRange(params["first_day"] or None, params["last_day"] or None)


def start_runs(asset: Asset, days: Sequence[str], extra: dict[str, Any] | None = None) -> int:
    """Announce an asset for days, so that each of its consumers runs once for each of them.

    The asset has to be an outlet of the task.

    :param extra: what the consumers find in the event.
    :return: number of days.
    :raises AirflowSkipException: if there are none, as a task that succeeds would announce its outlets.
    """
    if not days:
        raise AirflowSkipException("there is no day to start a run for")
    event = get_current_context()["outlet_events"][asset]
    event.extra = extra or {}
    event.add_partitions(list(days))
    return len(days)
