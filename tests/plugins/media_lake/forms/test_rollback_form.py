from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.context import set_current_context

from media_lake.forms.rollback_form import chosen_rollback


@pytest.mark.parametrize(
    ("params", "chosen"),
    [
        ({"version": "v1", "as_of": None}, {"version": "v1", "as_of": None}),
        ({"version": "", "as_of": ""}, {"version": None, "as_of": None}),
        (
            {"version": None, "as_of": "2026-11-21T12:00:00+01:00"},
            {"version": None, "as_of": datetime(2026, 11, 21, 11, tzinfo=UTC)},
        ),
        (
            {"version": None, "as_of": "2026-11-21T12:00"},
            {"version": None, "as_of": datetime(2026, 11, 21, 12, tzinfo=UTC)},
        ),
    ],
)
def test_empty_fields_are_none_and_times_without_offset_are_utc(
    params: dict[str, Any], chosen: dict[str, Any]
) -> None:
    context: Any = {"params": params, "ti": SimpleNamespace()}
    with set_current_context(context):
        assert chosen_rollback() == chosen
