"""Switches that give Dags other tasks.

Dag files read them while they are parsed, so this module stands apart from the other settings and is light.
Who does not use QuickSight does not pay for a process in each run that finds nothing to do.
"""

from __future__ import annotations

import os

QUICKSIGHT_REFRESH = "MEDIA_LAKE_QUICKSIGHT_REFRESH"

# What pydantic takes for true; the settings refuse what is neither true nor false.
_TRUE = {"1", "on", "t", "true", "y", "yes"}


def refreshes_quicksight() -> bool:
    """Return whether each report of costs loads QuickSight's data sets again."""
    return os.environ.get(QUICKSIGHT_REFRESH, "").lower() in _TRUE
