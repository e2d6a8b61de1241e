"""What tests of erasing share: its writes, where it may be killed, and a lake without what chance makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_WRITES = {
    "BatchWriteItem",
    "CreatePartition",
    "DeleteMessage",
    "DeleteObject",
    "PutItem",
    "PutObject",
    "UpdatePartition",
}
# Ids, salts and names of an erasure, times, versions.
_CHANCE = re.compile(
    r"erased-[0-9a-f]{16}|[0-9a-f]{32}(?=\.parquet)|'(erasure_id|selector_\w+)': .*?[,}]|Timestamp\(.*?\)"
    r"|datetime\.datetime\(.*?\)|(?<=curated/erasures/)dt=[\d-]+|'version': {'N': '\d+'}"
    r"|(?<=responses/erased/)\w+-\w+"
)


@contextmanager
def watched_writes(clients: Sequence[Any], see: Callable[[str], object]) -> Iterator[None]:
    """Call something with an operation's name before each request of these clients that changes something."""

    def watch(model: Any, **_: Any) -> None:
        if model.name in _WRITES:
            see(model.name)

    for client in clients:
        client.meta.events.register("before-call", watch)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", watch)


def without_chance(texts: dict[str, str]) -> dict[str, str]:
    """Return names and contents without what chance or the clock makes."""
    return {_CHANCE.sub("", name): _CHANCE.sub("", text) for name, text in texts.items()}
