"""Price what was used: rows of table ``usage`` get their prices, and are summed up for ``costs_daily``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.prices import PriceBook, PriceBooks, PriceItem
from include.core.schemas import TABLES
from include.report.volumes import curve_of
from include.store.month_volumes import Curve, Integers
from include.store.parquet import file_schema
from include.store.usage_log import MODEL_TIME

# Dollars are kept to a billionth: the cheapest unit costs a quarter of a thousandth.
DOLLAR_DECIMALS = 9

# Units are counted in billionths: whole numbers, whose sums do not depend on an order.
BILLION = 1_000_000_000

_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
# What the lines of one analysis have in common.
_ANALYSIS = ("media_id", "analysis_key", "run_id", "at", "reused")

# More units than an account can use; the audit refuses such a row.
_MOST_UNITS = 1e9

Mask = NDArray[np.bool_]
Dollars = NDArray[np.float64]

# Gives the billionths of a unit that others used: (month, price item, instants of uses) -> before each.
UnitsBefore = Callable[[str, str, Integers], Integers]


def in_order_of_use(usage: pa.Table) -> pa.Table:
    """Return usage rows in the order of their instants, and at one instant in that of their ids."""
    return usage.combine_chunks().sort_by([("at", "ascending"), ("usage_id", "ascending")])


def curves_of(usage: pa.Table) -> dict[tuple[str, str], Curve]:
    """Return what was used, by billing month and price item."""
    at, units = _instants(usage), _billed(usage)
    return {group: curve_of(at[rows], units[rows]) for group, rows in _groups(usage)}


def price_usage(usage: pa.Table, books: PriceBooks, before: UnitsBefore) -> pa.Table:
    """Return rows of table ``usage`` in the order of their use.

    Tiers apply as AWS applies them: by the volume that the month has had before each use. A reused row costs
    nothing, saves what it would have cost at that moment, and moves no tier. It saves nothing if it was there
    before: that is the same day once more.

    :param usage: columns :data:`include.report.usage_rows.USED`.
    :param before: what the month had from elsewhere.
    :raises include.core.prices.PriceError: if no book knows what was used.
    """
    usage = in_order_of_use(usage)
    at, units = _instants(usage), _billionths(usage)
    billed = _billed(usage)
    prices = _Prices(len(usage))
    for (month, item), rows in _groups(usage):
        own = np.cumsum(billed[rows]) - billed[rows]
        prices.units_before[rows] = before(month, item, at[rows]) + own
        for book, held in _by_book(books, at[rows]):
            places = np.flatnonzero(rows)[held]
            prices.set(places, book, book.item(item), units[places])
    return _table(usage, prices)


class _Prices:
    """Columns that pricing fills, in the order of the rows."""

    def __init__(self, rows: int) -> None:
        self.units_before = np.zeros(rows, np.int64)
        self.usd, self.list_usd = np.zeros(rows), np.zeros(rows)
        self.tier = np.full(rows, "", object)
        self.version = np.full(rows, "", object)
        self.usage_type = np.full(rows, "", object)

    def set(self, places: Integers, book: PriceBook, line: PriceItem, units: Integers) -> None:
        before = self.units_before[places]
        self.usd[places] = _marginal_usd(line, before, units)
        self.list_usd[places] = (units / BILLION * float(line.tiers[0].usd)).round(DOLLAR_DECIMALS)
        self.tier[places] = _tiers(line, before)
        self.version[places] = book.version
        self.usage_type[places] = line.usage_type


def _table(usage: pa.Table, prices: _Prices) -> pa.Table:
    reused = np.asarray(usage["reused"])
    saves = reused & _is_first(usage, ("media_id", "analysis_key", "price_item"))
    filled = {
        "usd": np.where(reused, 0.0, prices.usd),
        "saved_usd": np.where(saves, prices.usd, 0.0),
        "price_version": prices.version,
        "billing_month": pc.strftime(usage["at"], format="%Y-%m"),
        "usage_type": prices.usage_type,
        "price_tier": prices.tier,
        "list_usd": np.where(reused, 0.0, prices.list_usd),
        "units_before": prices.units_before / BILLION,
    }
    schema = file_schema(TABLES["usage"])
    columns = {name: filled[name] if name in filled else usage[name] for name in schema.names}
    return pa.table({name: pa.array(column) if isinstance(column, np.ndarray) else column
                     for name, column in columns.items()}).cast(schema)  # fmt: skip


def _is_first(usage: pa.Table, columns: tuple[str, ...]) -> Mask:
    """Return which rows have values that no row before them has."""
    joined = pc.binary_join_element_wise(*(pc.cast(usage[name], pa.string()) for name in columns), " ")
    codes = np.asarray(joined.combine_chunks().dictionary_encode().indices)
    first = np.zeros(len(usage), bool)
    first[np.unique(codes, return_index=True)[1]] = True
    return first


def _instants(usage: pa.Table) -> Integers:
    """Return when each row was used, in milliseconds since the epoch."""
    milliseconds = pc.cast(usage["at"], pa.timestamp("ms"))
    return np.asarray(pc.cast(milliseconds, pa.int64()), dtype=np.int64)


def _billionths(usage: pa.Table) -> Integers:
    units = np.asarray(usage["units"])
    countable = np.isfinite(units) & (units >= 0) & (units <= _MOST_UNITS)
    billionths: Integers = np.rint(np.where(countable, units, 0.0) * BILLION).astype(np.int64)
    return billionths


def _billed(usage: pa.Table) -> Integers:
    """Return the billionths of a unit that move tiers: none of what is reused."""
    billed: Integers = np.where(np.asarray(usage["reused"]), 0, _billionths(usage))
    return billed


def _groups(usage: pa.Table) -> Iterator[tuple[tuple[str, str], Mask]]:
    """Yield the billing months and price items of usage rows, and which rows they have."""
    month = pc.strftime(usage["at"], format="%Y-%m")
    encoded = (
        pc.binary_join_element_wise(month, usage["price_item"], " ").combine_chunks().dictionary_encode()
    )
    codes = np.asarray(encoded.indices)
    for code, name in enumerate(encoded.dictionary.to_pylist()):
        yield tuple(name.split(" ", 1)), codes == code


def _by_book(books: PriceBooks, at: Integers) -> Iterator[tuple[PriceBook, Mask]]:
    """Yield the books that hold at some instants, and at which."""
    days = at // _DAY_MS
    dates = [(book.effective - _EPOCH).days for book in books.books]
    not_after = np.searchsorted(dates, days, side="right")
    for count in np.unique(not_after):
        rows = not_after == count
        yield books.on(_EPOCH + timedelta(days=int(days[rows][0]))), rows


def _marginal_usd(item: PriceItem, before: Integers, units: Integers) -> Dollars:
    """Return the price of each row's units after the units before it, all in billionths."""
    usd = np.zeros(len(units))
    for low, high, price in item.bands():
        room = np.int64(_MOST_UNITS) * BILLION if high is None else high * BILLION - before
        within = np.minimum(units, room) - np.maximum(low * BILLION - before, 0)
        usd += np.clip(within, 0, None) / BILLION * float(price)
    return usd.round(DOLLAR_DECIMALS)


def _tiers(item: PriceItem, before: Integers) -> NDArray[np.object_]:
    """Return the name of the tier that each row begins in, such as ``0-1000000`` or ``35000000-Inf``."""
    bands = list(item.bands())
    names = np.array([f"{low}-{'Inf' if high is None else high}" for low, high, _ in bands], object)
    ends = [high * BILLION for _, high, _ in bands if high is not None]
    return names[np.searchsorted(np.array(ends, np.int64), before, side="right")]


def daily_costs(usage: pa.Table) -> pa.Table:
    """Sum priced usage into the rows of table ``costs_daily``.

    An analysis of several price lines counts at the first of them, and the time of a model at none.

    :param usage: from :func:`price_usage`.
    """
    table = TABLES["costs_daily"]
    reused = usage["reused"]
    counts = pa.array(_counts_as_analysis(usage).astype(np.int64))
    nothing, none = pa.scalar(0.0), pa.scalar(0, pa.int64())
    sums = {
        "analyses": pc.if_else(reused, none, counts),
        "units": pc.if_else(reused, nothing, usage["units"]),
        "usd": usage["usd"],
        "reused_analyses": pc.if_else(reused, counts, none),
        "reused_units": pc.if_else(reused, usage["units"], nothing),
        "saved_usd": usage["saved_usd"],
    }
    dated = {"usage_date": pc.cast(pc.floor_temporal(usage["at"], unit="day"), pa.date32())}
    keys = {name: dated[name] if name in dated else usage[name] for name in table.unique}
    rows = pa.table(keys | sums | {"price_version": usage["price_version"]})
    # Threads would add floats in an order of their own.
    grouped = rows.group_by(list(keys), use_threads=False).aggregate(
        [*((name, "sum") for name in sums), ("price_version", "max")]
    )
    daily = grouped.rename_columns([*keys, *sums, "price_version"])
    for name in ("usd", "saved_usd"):
        place = daily.schema.get_field_index(name)
        daily = daily.set_column(place, name, pc.round(daily[name], DOLLAR_DECIMALS))
    ordered = daily.sort_by([(name, "ascending") for name in keys])
    schema = file_schema(table)
    return ordered.select(schema.names).cast(schema)


def _counts_as_analysis(usage: pa.Table) -> Mask:
    """Return which rows stand for an analysis: of the rows of one analysis at one time, one."""
    by_line = pc.sort_indices(usage, sort_keys=[("price_item", "ascending")])
    first = np.zeros(len(usage), bool)
    first[np.asarray(by_line)] = _is_first(usage.take(by_line), _ANALYSIS)
    counts: Mask = first & np.asarray(pc.not_equal(usage["operation"], MODEL_TIME))
    return counts
