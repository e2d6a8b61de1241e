"""The form with which people choose failed analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Param, get_current_context

from include.core.features import FEATURES
from media_lake.forms.day_form import DAY_PARAMS

if TYPE_CHECKING:
    from include.core.selection import Selection


REDRIVE_PARAMS: dict[str, Param] = {
    "dry_run": Param(
        True, type="boolean", title="Dry run",
        description="Only show what is selected and what it is likely to cost.",
    ),
    **DAY_PARAMS,
    "features": Param(
        None, type=["array", "null"], title="Features", description="Empty: all.",
        items={"type": "string", "enum": list(FEATURES)}, examples=list(FEATURES),
    ),
    "error_codes": Param(
        None, type=["array", "null"], title="Error codes", items={"type": "string"},
        description="One a line, such as VideoJobFailed. Empty: all.",
    ),
}  # fmt: skip


def chosen_failures() -> Selection:
    """Return the failed analyses that the run's form asks for.

    :raises include.core.selection.SelectionError: if a feature does not exist.
    """
    from include.core.selection import Selection

    params = get_current_context()["params"]
    return Selection.of(params["features"], params["error_codes"])
