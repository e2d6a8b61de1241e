from __future__ import annotations

import pytest

from include.core.dag_switches import QUICKSIGHT_REFRESH, refreshes_quicksight
from include.core.settings import Settings


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", "on", "y", "t", "0", "false", "no", "Off"])
def test_a_switch_is_read_as_the_settings_read_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(QUICKSIGHT_REFRESH, text)
    assert refreshes_quicksight() is Settings().quicksight_refresh


def test_switches_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(QUICKSIGHT_REFRESH, raising=False)
    assert not refreshes_quicksight()
    assert not Settings().quicksight_refresh
