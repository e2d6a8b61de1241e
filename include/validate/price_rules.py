"""Rules of the prices in table ``usage``: each follows from the price book and the units used before.

They share nothing with what prices the usage (:mod:`include.report.pricing`), and hold whatever the units
before are. Of these the rows of one day show only that they rise by what the day itself used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from include.core.prices import PriceBook, PriceItem
from include.validate.arrow_masks import Mask, Numbers, as_mask
from include.validate.cost_rules import RELATIVE, ROUNDING, of_usage
from include.validate.rule_results import RuleResult

# The column that each rule is about.
_COLUMNS = {
    "dollars_are_units_times_a_price_of_the_book": "usd",
    "list_dollars_are_those_of_the_first_tier": "list_usd",
    "usage_is_named_as_on_the_bill": "price_tier",
    "prices_do_not_rise_within_a_month": "usd",
    "units_before_rise_within_a_month": "units_before",
}
_WANTED = (
    "at", "usage_id", "media_id", "analysis_key", "price_item", "price_version", "units", "usd", "saved_usd",
    "reused", "billing_month", "usage_type", "price_tier", "list_usd", "units_before",
)  # fmt: skip
_OF_A_LINE = ["price_version", "price_item", "month"]
# Units are counted to a billionth.
_UNITS_ROUNDING = 1e-8


def price_results(usage: pa.Table, books: Mapping[str, PriceBook]) -> Iterator[RuleResult]:
    """Yield the result of each rule.

    :param usage: the rows of table ``usage``.
    :param books: the price books that the day may be priced with, by version.
    """
    rows = _rows(usage)
    found = {rule: np.zeros(len(rows), bool) for rule in _COLUMNS}
    groups: dict[Any, Any] = rows.groupby(_OF_A_LINE, dropna=True).indices
    for (version, name, month), places in groups.items():
        item = books[version].items.get(name) if version in books else None
        if item is None:
            continue  # another rule says so
        of_line = rows.iloc[np.sort(places)]
        for rule, broken in _broken(of_line, item, month).items():
            found[rule][of_line["place"]] = broken
    for rule, broken in found.items():
        yield of_usage(rule, usage, broken, _COLUMNS[rule])


def _rows(usage: pa.Table) -> pd.DataFrame:
    """Return what the rules look at, in the order of use, with the place of each row in the table."""
    rows: pd.DataFrame = usage.select(_WANTED).to_pandas()
    reused = rows["reused"].fillna(False).astype(bool)
    rows = rows.assign(place=np.arange(len(rows)), reused=reused, month=rows["at"].dt.strftime("%Y-%m"))
    rows = rows.sort_values(["at", "usage_id"], kind="stable")
    again = rows["reused"] & rows.duplicated(["media_id", "analysis_key", "price_item"])
    dollars = rows["usd"].where(~rows["reused"], rows["saved_usd"])
    return rows.assign(again=again, dollars=dollars)


def _broken(rows: pd.DataFrame, item: PriceItem, month: str) -> dict[str, Mask]:
    """Return which rows of a line of the price book break which rule."""
    units, before = rows["units"].to_numpy(float), rows["units_before"].to_numpy(float)
    wanted = np.where(rows["again"], 0.0, _usd(item, before + units) - _usd(item, before))
    list_wanted = np.where(rows["reused"], 0.0, units * float(item.tiers[0].usd))
    named = (rows["billing_month"] == month) & (rows["usage_type"] == item.usage_type)
    named &= rows["price_tier"] == _tier_names(item, before)
    paid = (~rows["reused"] & (rows["units"] > 0)).to_numpy()
    risen = np.zeros(len(rows), bool)
    risen[paid] = _dearer_than_before(item, rows[paid])
    return {
        "dollars_are_units_times_a_price_of_the_book": _differ(rows["dollars"], wanted),
        "list_dollars_are_those_of_the_first_tier": _differ(rows["list_usd"], list_wanted),
        "usage_is_named_as_on_the_bill": as_mask(~named),
        "prices_do_not_rise_within_a_month": risen,
        "units_before_rise_within_a_month": _falls(before, np.where(paid, units, 0.0)),
    }


def _differ(found: pd.Series, wanted: Numbers) -> Mask:
    dollars = found.to_numpy(float)
    return as_mask(~(np.abs(dollars - wanted) <= ROUNDING + RELATIVE * np.abs(dollars)))


def _usd(item: PriceItem, units: Numbers) -> Numbers:
    """Return what units cost from the beginning of a month on."""
    cost = np.zeros(len(units))
    for low, high, price in item.bands():
        cost += np.clip(units, low, np.inf if high is None else high) * float(price) - low * float(price)
    return cost


def _tier_names(item: PriceItem, before: Numbers) -> NDArray[np.object_]:
    names = np.full(len(before), "", object)
    for low, high, _ in item.bands():
        names[before >= low] = f"{low}-{'Inf' if high is None else high}"
    return names


def _dearer_than_before(item: PriceItem, rows: pd.DataFrame) -> Mask:
    """A unit costs no more than one that was paid at an earlier instant of the month, where tiers fall.

    :param rows: that were paid, in the order of their instants.
    """
    prices = [tier.usd for tier in item.tiers]
    if prices != sorted(prices, reverse=True) or rows.empty:
        return np.zeros(len(rows), bool)
    at, units, dollars = (rows[name].to_numpy() for name in ("at", "units", "dollars"))
    unit_usd, tolerance = dollars / units, ROUNDING / units
    least_so_far = np.concatenate([[np.inf], np.fmin.accumulate(unit_usd + tolerance)])
    earlier = np.searchsorted(at, at, side="left")  # how many came before this instant
    return as_mask(unit_usd - tolerance > least_so_far[earlier])


def _falls(before: Numbers, paid: Numbers) -> Mask:
    """Which rows have fewer units before them than the row before has with its own."""
    found = np.zeros(len(before), bool)
    found[1:] = before[1:] < before[:-1] + paid[:-1] - _UNITS_ROUNDING * np.maximum(before[1:], 1.0)
    return found
