"""The queries of the lake's views, for tests that read them without an endpoint."""

from __future__ import annotations

from pathlib import Path

from include.store.sql import load_view, view_names

VIEWS = {Path(name).name: name for name in view_names()}


def query_of(view: str) -> str:
    """Return what a view selects, over tables of the schema ``main``."""
    return load_view(VIEWS[view], "main", "123456789012").partition(" AS\n")[2]
