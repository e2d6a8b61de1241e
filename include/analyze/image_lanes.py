"""The work of a batch of images: its analyses, by operation, and what became of each."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Literal

from include.core.error_counts import ErrorCounts
from include.core.features import ImageCall
from include.store.ledger import Entry
from include.store.objects import Row

GATHER_SECONDS = 0.02


@dataclass(frozen=True)
class ImageWork:
    """One analysis to pay for."""

    key: str
    feature: str
    call: ImageCall
    parameters: Row
    asset: Row
    payer: Row

    @property
    def request(self) -> Row:
        image: Row = {"Bucket": self.asset["bucket"], "Name": self.asset["key"]}
        if self.asset["version_id"]:
            image["Version"] = self.asset["version_id"]
        return {"Image": {"S3Object": image}, **self.parameters}

    @property
    def archived_request(self) -> Row:
        """The request as the archive keeps it."""
        return self.request


@dataclass(frozen=True)
class Outcome:
    """How one piece of work went; ``line`` is set if it was paid for, ``entry`` if it failed.

    It is stopped if a budget has no money for it.
    """

    work: ImageWork
    kind: Literal["paid", "failed", "exists", "leased", "stopped"]
    line: Row | None = None
    entry: Entry | None = None


@dataclass
class BatchCounts:
    """What became of the analyses of one batch, small enough for an XCom.

    :ivar stopped: analyses that a budget has no money for.
    :ivar interrupted: analyses that an earlier attempt had claimed when it ended, and had not recorded: at
        most these were paid for twice.
    """

    reused: int = 0
    failed: int = 0
    stopped: int = 0
    throttled: int = 0
    interrupted: int = 0
    errors: ErrorCounts = field(default_factory=ErrorCounts)

    def to_xcom(self) -> dict[str, Any]:
        counts = {name: value for name, value in vars(self).items() if name != "errors"}
        return counts | self.errors.to_xcom()


@dataclass
class Summary(BatchCounts):
    """Counts of one batch of images.

    :ivar calls: calls that were paid for.
    """

    calls: int = 0


class Lane:
    """The work of one operation: open, then claimed, then in the hands of a thread.

    :ivar in_flight: what is claimed and whose outcome has not been received.
    """

    def __init__(self, operation: str, work: Iterable[ImageWork]) -> None:
        self.operation = operation
        self.open = deque(work)
        self.claimed: SimpleQueue[tuple[ImageWork, Entry] | None] = SimpleQueue()
        self.in_flight = 0

    @property
    def left(self) -> int:
        """What is open or in flight."""
        return len(self.open) + self.in_flight

    def next_open(self, most: int) -> list[ImageWork]:
        """Take some of the open work."""
        return [self.open.popleft() for _ in range(min(most, len(self.open)))]

    def hand_over(self, work: ImageWork, claim: Entry) -> None:
        """Give what is claimed to the threads."""
        self.in_flight += 1
        self.claimed.put((work, claim))


Outcomes = SimpleQueue[tuple[Lane, Outcome | BaseException]]


def lanes_of(work: Iterable[ImageWork]) -> list[Lane]:
    """Return the work by operation."""
    by_operation: dict[str, list[ImageWork]] = {}
    for item in work:
        by_operation.setdefault(item.call.operation, []).append(item)
    return [Lane(operation, items) for operation, items in by_operation.items()]


def received(outcomes: Outcomes) -> Iterator[tuple[Lane, Outcome | BaseException]]:
    """Wait for an outcome, and yield all that have come: taking several at a time disturbs callers less."""
    try:
        yield outcomes.get(timeout=0.5)
        time.sleep(GATHER_SECONDS)
        while True:
            yield outcomes.get_nowait()
    except Empty:
        return
