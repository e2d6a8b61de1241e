"""Costs: what planned analyses may cost, and what used ones did, from a dated price book.

AWS prices each line of the price book in tiers of the units that an account uses in a calendar month (UTC). A unit is
one image, or one minute of stored video, for one kind of analysis. Parts of a minute are counted exactly: AWS prices by
the minute, and a rule of rounding could not be found (see the notes in ``prices/``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from include.schemas import TABLES

PRICES = Path(__file__).with_name("prices")

# The upper estimate allows for image calls whose answer is lost on the way: they are made, and billed, again.
RETRY_MARGIN = Decimal("0.05")

# Dollars are kept to a billionth: the cheapest unit costs a quarter of a thousandth.
DOLLAR_DECIMALS = 9

_PRICED = ("usd", "saved_usd", "price_version")
_LOG_SCHEMA = pa.schema(field for field in TABLES["usage"].arrow_schema if field.name not in _PRICED)
_LINES_AT_ONCE = 50_000


class PriceError(ValueError):
    """There is no price for what was asked; the text says what is missing and what to do."""


class Tier(BaseModel):
    """A price that holds until a number of units in the month.

    :ivar up_to: units at which the tier ends; None for the last.
    :ivar usd: dollars per unit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    up_to: Annotated[int, Field(gt=0)] | None = None
    usd: Annotated[Decimal, Field(gt=0)]


class PriceItem(BaseModel):
    """A line of the price book.

    :ivar free_monthly_units: units without charge in an account's first year; only the lower estimate counts on them.
    :ivar certainty: how sure the prices are, and ``note`` why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    unit: Literal["image", "minute", "hour"]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    free_monthly_units: Annotated[int, Field(ge=0)] = 0
    source: str
    certainty: Literal["high", "medium", "low"]
    note: str = ""

    @model_validator(mode="after")
    def _tiers_rise(self) -> Self:
        ends = [tier.up_to for tier in self.tiers]
        closed = [end for end in ends[:-1] if end is not None]
        if ends[-1] is not None or len(closed) != len(ends) - 1:
            raise ValueError("every tier but the last needs up_to, and the last must not have it")
        if any(first >= second for first, second in pairwise(closed)):
            raise ValueError("tiers must rise in up_to")
        return self

    def bands(self) -> Iterator[tuple[int, int | None, Decimal]]:
        """Yield ``(first unit, end or None, dollars per unit)`` of each tier."""
        start = 0
        for tier in self.tiers:
            yield start, tier.up_to, tier.usd
            start = tier.up_to or 0


class PriceBook(BaseModel):
    """The prices of one region from a date on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    effective: date
    region: str
    currency: Literal["USD"]
    items: dict[str, PriceItem]

    def item(self, name: str) -> PriceItem:
        """Return a line.

        :raises PriceError: if the book has none of this name.
        """
        if name not in self.items:
            raise PriceError(
                f"the price book {self.version} has no line {name!r}; it has {', '.join(sorted(self.items))}. "
                f"Add it to include/prices/{self.region}.yaml"
            )
        return self.items[name]

    def exact_usd(self, item: str, units: float, used_before: float = 0.0) -> Decimal:
        """Return the price of units, each at the tier it falls in.

        :param used_before: units of the line that the account used earlier in the month.
        :raises PriceError: if the book has no such line.
        """
        start = Decimal(str(used_before))
        end = start + Decimal(str(units))
        if not end.is_finite() or start < 0 or end < start:
            raise ValueError(f"units must be zero or more, not {units} after {used_before}")
        price = Decimal(0)
        for low, high, usd in self.item(item).bands():
            within = (end if high is None else min(end, Decimal(high))) - max(start, Decimal(low))
            price += max(within, Decimal(0)) * usd
        return price

    def usd(self, item: str, units: float, used_before: float = 0.0) -> float:
        """Return :meth:`exact_usd` as a float."""
        return float(self.exact_usd(item, units, used_before))


def load_price_book(region: str) -> PriceBook:
    """Read the price book of a region.

    :raises PriceError: if there is none, or its file is wrong.
    """
    path = PRICES / f"{region}.yaml"
    known = sorted(file.stem for file in PRICES.glob("*.yaml"))
    if region not in known:
        raise PriceError(
            f"there are no prices for region {region!r}, only for {', '.join(known)}; "
            f"add include/prices/{region}.yaml (prices differ by region)"
        )
    try:
        return PriceBook.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PriceError(f"include/prices/{path.name} is wrong: {error}") from error


class EstimateLine(NamedTuple):
    """One line of an estimate; see :class:`Estimate`."""

    item: str
    units: float
    low: float
    likely: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What planned units may cost, in dollars.

    :param low: with what is left of this month's free tier, which AWS grants in an account's first year.
    :param likely: every unit billed once, at the tiers that the month's volume has reached.
    :param high: every unit at the list price of the first tier, plus 5 % for calls that have to be made again.
    :param lines: the same for each line of the price book.
    """

    low: float
    likely: float
    high: float
    lines: tuple[EstimateLine, ...]


def estimate(units: Mapping[str, float], used_before: Mapping[str, float], book: PriceBook) -> Estimate:
    """Price planned units.

    :param units: images or minutes by line of the price book.
    :param used_before: units already used this month, by line.
    :raises PriceError: if the book has no such line.
    """
    lines = tuple(
        _estimate_line(book, item, units[item], used_before.get(item, 0.0)) for item in sorted(units)
    )
    return Estimate(
        low=_sum(line.low for line in lines),
        likely=_sum(line.likely for line in lines),
        high=_sum(line.high for line in lines),
        lines=lines,
    )


def _estimate_line(book: PriceBook, item: str, units: float, used: float) -> EstimateLine:
    line = book.item(item)
    free = min(units, max(0.0, line.free_monthly_units - used))
    high = Decimal(str(units)) * line.tiers[0].usd * (1 + RETRY_MARGIN)
    return EstimateLine(
        item=item,
        units=units,
        low=book.usd(item, units - free, used + free),
        likely=book.usd(item, units, used),
        high=float(high),
    )


def _sum(dollars: Iterable[float]) -> float:
    return float(sum((Decimal(str(value)) for value in dollars), Decimal(0)))


def usage_frame(lines: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Read lines of the usage log into a frame of columns as in table ``usage``, without the priced ones.

    Lines are taken a block at a time, and one that a retried task logged twice counts once.

    :param lines: mappings whose ``at`` is ISO 8601 text in UTC.
    """
    seen: set[bytes] = set()
    fresh = (line for line in lines if _is_new(line["usage_id"], seen))
    blocks = []
    while block := list(islice(fresh, _LINES_AT_ONCE)):
        columns = {field.name: [line[field.name] for line in block] for field in _LOG_SCHEMA}
        columns["at"] = pd.to_datetime(pd.Series(columns["at"], dtype="str"), format="ISO8601").to_list()
        blocks.append(pa.table(columns, schema=_LOG_SCHEMA))
    table = pa.concat_tables(blocks or [_LOG_SCHEMA.empty_table()])
    del blocks
    return table.to_pandas(self_destruct=True, split_blocks=True)


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

    Rows are billed in the order of ``at``, so that tiers apply as AWS applies them. A reused row costs nothing, saves
    what it would have cost at that moment, and moves no tier.

    :param usage: from :func:`usage_frame`.
    :param used_before: units used earlier in a month, outside this frame, by ``(YYYY-MM, price item)``.
    :raises PriceError: if the book has no such line.
    """
    prices = pd.Series(0.0, index=usage.index)
    in_order = usage[["at", "price_item", "units", "reused"]].sort_values("at", kind="stable")
    month = in_order["at"].dt.strftime("%Y-%m")
    for (name, item), rows in in_order.groupby([month, "price_item"]):
        billed = rows["units"].where(~rows["reused"], 0.0)
        before = used_before.get((str(name), str(item)), 0.0) + billed.cumsum() - billed
        prices[rows.index] = _marginal_usd(book.item(str(item)), before.to_numpy(), rows["units"].to_numpy())
    return usage.assign(
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
