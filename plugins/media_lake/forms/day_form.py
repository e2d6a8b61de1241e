"""The form with which people choose days of the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Param, get_current_context

from include.core.features import MEDIA_TYPES

if TYPE_CHECKING:
    from include.core.selection import DayRange


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

    :raises include.core.selection.SelectionError: if they make no sense.
    """
    from include.core.selection import DayRange

    params = get_current_context()["params"]
    return DayRange(params["first_day"] or None, params["last_day"] or None)
