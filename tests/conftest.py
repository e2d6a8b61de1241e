"""Order of the tests: what fails fast comes first."""

from __future__ import annotations

import pytest

_SLOW_LAST = ("integration", "end_to_end")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run plain tests first, then those that talk to servers, then those on the real scheduler."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return max(
        (place for place, name in enumerate(_SLOW_LAST, 1) if item.get_closest_marker(name)), default=0
    )
