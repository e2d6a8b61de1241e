"""The browser in which tests look at pages."""

from __future__ import annotations

import shutil

MISSING = "Chromium is missing, and tests that look at pages need it: apt-get install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the path of Chromium, or None if it is not installed."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


def chromium() -> str:
    """Return the path of Chromium.

    :raises AssertionError: if it is not installed; the message names the command that installs it.
    """
    path = find_chromium()
    assert path is not None, MISSING
    return path
