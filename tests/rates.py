"""A shared rate for tests, in the memory of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from include.analyze.pace import Record


class LocalRate:
    """Follows :class:`include.analyze.pace.SharedRate`."""

    def __init__(self) -> None:
        self._record: Record = {}
        self._lock = threading.Lock()

    def change(self, change: Callable[[Record], Record]) -> Record:
        with self._lock:
            self._record = change(self._record)
            return self._record
