"""The usage log of a day as rows of table ``usage``, without their prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any

import pyarrow as pa

from include.core.schemas import TABLES

_PRICED = (
    "usd", "saved_usd", "price_version", "billing_month", "usage_type", "price_tier", "list_usd",
    "units_before",
)  # fmt: skip

USED = tuple(name for name in TABLES["usage"].column_types if name not in _PRICED)
_SCHEMA = pa.schema(TABLES["usage"].arrow_schema.field(name) for name in USED)
_INSTANTS = ("at", "ended_at")
_LINES_AT_ONCE = 50_000


def usage_rows(lines: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Read lines of the usage log into columns ``USED`` of table ``usage``.

    Lines are taken a block at a time, and one that a retried task logged twice counts once. A member that
    earlier versions did not log is null.

    :param lines: mappings whose instants are ISO 8601 text in UTC.
    """
    seen: set[bytes] = set()
    fresh = (line for line in lines if _is_new(line["usage_id"], seen))
    blocks = []
    while block := list(islice(fresh, _LINES_AT_ONCE)):
        columns = {name: [line.get(name) for line in block] for name in USED}
        columns |= {name: [_instant(text) for text in columns[name]] for name in _INSTANTS}
        blocks.append(pa.table(columns, schema=_SCHEMA))
    return pa.concat_tables(blocks or [_SCHEMA.empty_table()])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is_new(usage_id: str, seen: set[bytes]) -> bool:
    """Note an id, by a digest that takes little memory, and return whether it was not there yet."""
    digest = blake2b(usage_id.encode(), digest_size=16).digest()
    before = len(seen)
    seen.add(digest)
    return len(seen) > before
