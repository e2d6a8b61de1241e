"""Shows the states of runs as they change: a live table in a terminal, a line per change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.stack.pipeline import PIPELINE, Cell, State

_STYLES: dict[State, str] = {
    "waiting": "dim",
    "queued": "dim",
    "running": "yellow",
    "success": "green",
    "failed": "bold red",
    "not started": "red",
}


class Progress:
    """A context manager whose :meth:`show` takes the present states."""

    def __init__(self, console: Console, days: Sequence[date]) -> None:
        self._console = console
        self._days = days
        self._began = time.monotonic()
        self._last: dict[Cell, State] = {}
        self._live = Live(console=console, transient=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, board: Mapping[Cell, State]) -> None:
        """Draw the states in a terminal; elsewhere print those that changed."""
        if self._live:
            self._live.update(state_table(self._days, board), refresh=True)
            return
        for (dag_id, day), state in board.items():
            if state not in ("waiting", self._last.get((dag_id, day))):
                self._console.print(f"{time.monotonic() - self._began:5.0f} s  {dag_id:15} {day}  {state}")
        self._last = dict(board)


def state_table(days: Sequence[date], board: Mapping[Cell, State]) -> Table:
    """Return a table with a row per Dag and a column per day."""
    table = Table("Dag", *(str(day) for day in days), box=None, pad_edge=False)
    for dag_id in PIPELINE:
        states = [board[dag_id, day] for day in days]
        table.add_row(dag_id, *(Text(state, style=_STYLES[state]) for state in states))
    return table
