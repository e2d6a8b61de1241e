"""Start a run for each of many days.

An asset event may carry any partition key, so one task can start the consumers of its asset for many days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Asset, get_current_context
from airflow.sdk.exceptions import AirflowSkipException


def start_runs(asset: Asset, days: Sequence[str], extra: dict[str, Any] | None = None) -> int:
    """Announce an asset for days, so that each of its consumers runs once for each of them.

    The asset has to be an outlet of the task.

    :param extra: what the consumers find in the event.
    :return: number of days.
    :raises AirflowSkipException: if there are none, as a task that succeeds would announce its outlets.
    """
    if not days:
        raise AirflowSkipException("no day is selected, so no run starts")
    event = get_current_context()["outlet_events"][asset]
    event.extra = extra or {}
    event.add_partitions(list(days))
    return len(days)
