"""What of a wanted state is not so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of what is wanted and found otherwise.

    Members that only the found state has are no difference: QuickSight adds defaults to what it was given.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, value in wanted.items():
            yield from differences(value, found.get(name), f"{path}.{name}" if path else name)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, pair in enumerate(zip(wanted, found, strict=True)):
            yield from differences(*pair, f"{path}[{index}]")
    elif wanted != found:
        yield path
