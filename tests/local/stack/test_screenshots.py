"""Pictures for the docs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from local.stack import browser, screenshots
from local.stack.browser import find_browser
from local.stack.screenshots import FOLDER, MOST_BYTES, small
from local.stack.stack_settings import StackError


def test_a_missing_browser_is_one_sentence_with_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(StackError, match="apt-get install chromium"):
        find_browser()
    assert screenshots.main() == 1
    assert capsys.readouterr().err.startswith("screenshots: Chromium takes the pictures and is missing: ")


def test_a_picture_keeps_its_size_and_few_colors() -> None:
    written = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(written, "PNG")
    with Image.open(io.BytesIO(small(written.getvalue()))) as image:
        assert image.size == (256, 256)
        assert len(image.getcolors(256) or []) <= screenshots.COLORS


def test_the_pictures_of_the_docs_are_few_bytes_and_each_is_shown() -> None:
    pages = "".join(
        path.read_text(encoding="utf-8")
        for path in (screenshots.PROJECT / "README.md", *Path(FOLDER).parent.glob("*.md"))
    )
    shown = {path.name for path in FOLDER.iterdir() if path.name in pages}
    assert shown == {path.name for path in FOLDER.iterdir()}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MOST_BYTES
