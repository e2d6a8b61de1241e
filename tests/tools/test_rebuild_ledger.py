from __future__ import annotations

import pytest

from tools.rebuild_ledger import main


def test_a_wrong_setting_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_KEPT_DAYS", "x")
    assert main([]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("MEDIA_LAKE_KEPT_DAYS: ")
    assert printed.out == ""
