from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.context import set_current_context

from include.operate.erasure_request import FORMS, ErasureError
from media_lake.forms.erasure_form import ERASURE_PARAMS, chosen_erasure


def test_the_form_is_a_request_of_the_user() -> None:
    params = {name: param.value for name, param in ERASURE_PARAMS.items()}
    assert params["dry_run"] is True
    assert set(FORMS) <= set(params)
    context: Any = {"params": params | {"face": "ada", "collection": "staff"}, "ti": SimpleNamespace()}
    with set_current_context(context):
        made = chosen_erasure("ann")
    assert (made.kind, made.value, made.collection, made.decided_by) == ("face", "ada", "staff", "ann")
    context["params"] = params
    with set_current_context(context), pytest.raises(ErasureError, match="not nothing"):
        chosen_erasure("ann")
