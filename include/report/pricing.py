"""Price what was used: the usage log of a day becomes rows of tables ``usage`` and ``costs_daily``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from include.core.prices import PriceBook, PriceItem
from include.core.schemas import TABLES

# Dollars are kept to a billionth: the cheapest unit costs a quarter of a thousandth.
DOLLAR_DECIMALS = 9

_PRICED = (
    "usd", "saved_usd", "price_version", "billing_month", "usage_type", "price_tier", "list_usd",
    "units_before",
)  # fmt: skip

_LOG_SCHEMA = pa.schema(field for field in TABLES["usage"].arrow_schema if field.name not in _PRICED)
_INSTANTS = ("at", "ended_at")

_LINES_AT_ONCE = 50_000


def usage_frame(lines: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Read lines of the usage log into a frame of columns as in table ``usage``, without the priced ones.

    Lines are taken a block at a time, and one that a retried task logged twice counts once.

    :param lines: mappings whose ``at`` is ISO 8601 text in UTC.
    """
    seen: set[bytes] = set()
    fresh = (line for line in lines if _is_new(line["usage_id"], seen))
    blocks = []
    while block := list(islice(fresh, _LINES_AT_ONCE)):
        columns = {field.name: [line.get(field.name) for line in block] for field in _LOG_SCHEMA}
        columns |= {name: _instants(columns[name]) for name in _INSTANTS}
        blocks.append(pa.table(columns, schema=_LOG_SCHEMA))
    table = pa.concat_tables(blocks or [_LOG_SCHEMA.empty_table()])
    del blocks
    frame: pd.DataFrame = table.to_pandas(self_destruct=True, split_blocks=True)
    return frame


def _instants(texts: list[str | None]) -> list[datetime | None]:
    return [datetime.fromisoformat(text) if text else None for text in texts]


def _is_new(usage_id: str, seen: set[bytes]) -> bool:
    """Note an id, by a digest that takes little memory, and return whether it was not there yet."""
    digest = blake2b(usage_id.encode(), digest_size=16).digest()
    before = len(seen)
    seen.add(digest)
    return len(seen) > before


class BillingMonth(NamedTuple):
    """A calendar month in which a usage frame has rows.

    :param name: ``YYYY-MM``.
    :param start: first instant of the month.
    :param first_use: when the frame's first row of the month was used.
    """

    name: str
    start: pd.Timestamp
    first_use: pd.Timestamp


def billing_months(usage: pd.DataFrame) -> list[BillingMonth]:
    """Return the months of a usage frame: what the volume used before has to be looked up for."""
    first_uses = usage["at"].groupby(usage["at"].dt.strftime("%Y-%m")).min()
    return [
        BillingMonth(str(month), pd.Timestamp(f"{month}-01"), first) for month, first in first_uses.items()
    ]


def price_usage(
    usage: pd.DataFrame, book: PriceBook, used_before: Mapping[tuple[str, str], float]
) -> pd.DataFrame:
    """Add ``usd``, ``saved_usd`` and ``price_version`` to a usage frame, rows in the order given.

    Rows are billed in the order of ``at``, so that tiers apply as AWS applies them. A reused row costs
    nothing, saves what it would have cost at that moment, and moves no tier.

    :param usage: from :func:`usage_frame`.
    :param used_before: units used earlier in a month, outside this frame, by ``(YYYY-MM, price item)``.
    :raises PriceError: if the book has no such line.
    """
    prices, units_before = pd.Series(0.0, index=usage.index), pd.Series(0.0, index=usage.index)
    tiers, usage_types = pd.Series("", index=usage.index), pd.Series("", index=usage.index)
    list_prices = pd.Series(0.0, index=usage.index)
    in_order = usage[["at", "price_item", "units", "reused"]].sort_values("at", kind="stable")
    month = in_order["at"].dt.strftime("%Y-%m")
    for (name, item), rows in in_order.groupby([month, "price_item"]):
        billed = rows["units"].where(~rows["reused"], 0.0)
        before = used_before.get((str(name), str(item)), 0.0) + billed.cumsum() - billed
        line = book.item(str(item))
        prices[rows.index] = _marginal_usd(line, before.to_numpy(), rows["units"].to_numpy())
        units_before[rows.index] = before
        tiers[rows.index] = _tiers(line, before.to_numpy())
        usage_types[rows.index] = line.usage_type
        list_prices[rows.index] = rows["units"] * float(line.tiers[0].usd)
    return usage.assign(
        billing_month=usage["at"].dt.strftime("%Y-%m"),
        usage_type=usage_types,
        price_tier=tiers,
        list_usd=list_prices.where(~usage["reused"], 0.0).round(DOLLAR_DECIMALS),
        units_before=units_before,
        usd=prices.where(~usage["reused"], 0.0),
        saved_usd=prices.where(usage["reused"], 0.0),
        price_version=book.version,
    )


def _marginal_usd(item: PriceItem, before: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return the price of each row's units after the units before it."""
    usd = np.zeros(len(units))
    for low, high, price in item.bands():
        # The distance to the tier's edges, not to zero: it keeps small units exact after a great volume.
        room = np.inf if high is None else high - before
        usd += np.clip(np.minimum(units, room) - np.maximum(low - before, 0.0), 0.0, None) * float(price)
    return usd.round(DOLLAR_DECIMALS)


def _tiers(item: PriceItem, before: np.ndarray) -> np.ndarray:
    """Return the name of the tier that each row begins in, such as ``0-1000000`` or ``35000000-Inf``."""
    bands = list(item.bands())
    names = np.array([f"{low}-{high or 'Inf'}" for low, high, _ in bands], dtype=object)
    ends = [high for _, high, _ in bands if high is not None]
    return names[np.searchsorted(ends, before, side="right")]


def daily_costs(usage: pd.DataFrame) -> pd.DataFrame:
    """Sum priced usage into the rows of table ``costs_daily``.

    :param usage: from :func:`price_usage`.
    """
    table = TABLES["costs_daily"]
    paid, reused = ~usage["reused"], usage["reused"]
    rows = usage.assign(
        usage_date=usage["at"].dt.date,
        analyses=paid.astype("int64"),
        units=usage["units"].where(paid, 0.0),
        reused_analyses=reused.astype("int64"),
        reused_units=usage["units"].where(reused, 0.0),
    )
    sums = ("analyses", "units", "usd", "reused_analyses", "reused_units", "saved_usd")
    daily = rows.groupby(list(table.unique), sort=True, as_index=False).agg(
        {**dict.fromkeys(sums, "sum"), "price_version": "max"}
    )
    rounded = daily.round({"usd": DOLLAR_DECIMALS, "saved_usd": DOLLAR_DECIMALS})
    return rounded[[column.name for column in table.columns]]
