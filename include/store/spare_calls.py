"""The calls of a run that may be billed again: the upper bound of its plan has room for so many."""

from __future__ import annotations

from include.core.run import Run
from include.store.ledger import Ledger
from include.store.shared_record import Record


class SpareCalls:
    """What is left of them, shared by all tasks of the run.

    :ivar used_up: whether some were asked for and there were not enough.
    """

    def __init__(self, ledger: Ledger, run: Run) -> None:
        self._record = ledger.shared(f"spare-calls#{run.token}")
        self.used_up = False

    def allow(self, calls: int) -> None:
        """Set how many there are, for a plan that is made."""
        self._record.change(lambda _: {"left": calls})

    def take(self, calls: int) -> bool:
        """Take some, and return whether there were enough.

        A run that an earlier version planned has always enough.
        """
        enough = True

        def take(record: Record) -> Record:
            nonlocal enough
            enough = record.get("left", calls) >= calls
            return record | {"left": record["left"] - calls} if enough and record else record

        if calls:
            self._record.change(take)
            self.used_up = self.used_up or not enough
        return enough
