"""Slots for video jobs: an account may run so many at once, and AWS does not tell how many are free.

AWS answers a Start request without a free slot with LimitExceededException
(https://docs.aws.amazon.com/rekognition/latest/dg/limits.html). So that few requests end like that, all
batches of all runs share what they know, in one record of the ledger's table: how many slots are known to be
free, because a job ended there, and until when the account is taken to be full. Only after that time, one
request at a time tries whether there are more. The record is a hint: if it is wrong, a request is refused, or
a slot stays free until the next try.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from include.store.shared_record import Record, SharedRecord

KEY = "slots#video-jobs"
FIRST_PAUSE = 30.0  # seconds until the next try after a refusal; doubled after each
LONGEST_PAUSE = 300.0
TRY_SECONDS = 10.0  # how long a try keeps others from trying


class JobSlots:
    """The slots as one batch sees them. Whoever takes one says next what came of it.

    :param record: shared by all batches.
    :param clock: seconds since the epoch.
    """

    def __init__(self, record: SharedRecord, clock: Callable[[], float] = time.time) -> None:
        self._record = record
        self._clock = clock
        self._trying = False

    def take(self) -> bool:
        """Take a slot that is known to be free, or else the turn to try; return whether there was either."""
        now = self._clock()
        if not _offers(self._record.read(), now):
            return False
        taken = False

        def take(record: Record) -> Record:
            nonlocal taken
            taken = _offers(record, now)
            self._trying = taken and not record.get("free")
            if self._trying:
                return record | {"full_until": now + TRY_SECONDS}
            return record | {"free": record["free"] - 1} if taken else record

        self._record.change(take)
        return taken

    def used(self) -> None:
        """A job was started in the slot. If that was a try, anybody may try again: there may be more."""
        if self._trying:
            self._trying = False
            self._record.change(lambda record: record | {"full_until": 0, "pause": FIRST_PAUSE})

    def unused(self) -> None:
        """No job was started, for a reason that has nothing to do with slots."""
        trying, self._trying = self._trying, False
        if trying:
            self._record.change(lambda record: record | {"full_until": 0})
        else:
            self.freed()

    def refused(self) -> None:
        """AWS has no slot: the account is full until a job ends, or until it is time to try."""
        self._trying = False
        now = self._clock()

        def refuse(record: Record) -> Record:
            pause = record.get("pause", FIRST_PAUSE)
            return {"free": 0, "full_until": now + pause, "pause": min(2 * pause, LONGEST_PAUSE)}

        self._record.change(refuse)

    def freed(self) -> None:
        """A job has ended: its slot is free."""
        self._record.change(lambda record: record | {"free": record.get("free", 0) + 1})


def _offers(record: Record, now: float) -> bool:
    return bool(record.get("free")) or record.get("full_until", 0) <= now
