"""Which contents were erased, as items of the ledger's table: they are not analyzed again until allowed.

An item tells nothing of a content: its key is a hash of the content's identity.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

# How the pseudonym of what was erased begins, where money keeps its row.
ERASED_NAME = "erased-"

# Whether there is, or was, any such item.
ANYTHING_ERASED = "erased#any"

ERASED = (
    "Erased",
    "the content was erased on purpose and is not analyzed again; `make erase ... ALLOW=yes` allows it",
)


def erased_key(content_id: str) -> str:
    """Return the key of the item of an erased content."""
    return f"erased#{hashlib.sha256(content_id.encode()).hexdigest()}"


def erased_items(content_ids: Iterable[str], erasure_id: str) -> Iterator[dict[str, Any]]:
    """Yield the items that say that contents were erased.

    :param erasure_id: as table ``erasures`` names it.
    """
    for key in (ANYTHING_ERASED, *sorted(map(erased_key, content_ids))):
        yield {"key": {"S": key}, "erasure_id": {"S": erasure_id}}
