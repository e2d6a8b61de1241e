from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.context import set_current_context

from media_lake.forms.review_form import chosen_files


@pytest.mark.parametrize("empty", ["", None])
def test_empty_fields_are_none(empty: str | None) -> None:
    context: Any = {"params": {"day": empty, "media_id": empty}, "ti": SimpleNamespace()}
    with set_current_context(context):
        assert chosen_files() == {"day": None, "media_id": None}


def test_a_day_and_a_file_are_passed_on() -> None:
    context: Any = {"params": {"day": "2026-11-20", "media_id": "m1"}, "ti": SimpleNamespace()}
    with set_current_context(context):
        assert chosen_files() == {"day": "2026-11-20", "media_id": "m1"}
