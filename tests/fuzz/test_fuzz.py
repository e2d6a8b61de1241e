"""Whatever is fed to the readers of the project ends as they document, soon and in little memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz.kinds import KINDS

ROOT = Path(__file__).parents[2]


def test_nothing_escapes(tmp_path: Path) -> None:
    options = ["--seconds", "8", "--seed", "1", "--processes", "1", "--escapes", tmp_path]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *options], cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in KINDS:
        assert re.search(rf"^{re.escape(name)} +[1-9][\d,]* inputs +0 escapes", ended.stdout, re.M), name


def test_an_escape_is_shown_and_can_be_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    kinds = ["--kinds", "tests.fuzz.bad_kinds"]
    fuzz = ["--seconds", "2", "--seed", "3", "--processes", "1", "--escapes", str(tmp_path)]
    assert command.main([*kinds, *fuzz]) == 1
    shown = capsys.readouterr().out
    assert "ZeroDivisionError: 7 is escaping" in shown
    assert "its process ended with status -9" in shown
    again = re.search(r"--play raising 3 (\d+)", shown)
    assert again
    assert again[0] in (tmp_path / f"raising-3-{again[1]}.txt").read_text(encoding="utf-8")
    assert command.main([*kinds, "--play", "raising", "3", again[1]]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
