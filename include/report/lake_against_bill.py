"""Compare the last days of the lake with the bill: rows of ``bill_daily`` and ``reconciliation``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from include.core.features import FEATURES, MediaType, price_items
from include.core.prices import PriceBooks, load_price_books
from include.core.settings import Settings
from include.report.bill import USAGE_RECORDS, BillRow, read_bill
from include.report.bill_lines import Line
from include.report.reconciliation import Compared, Policy, reconcile
from include.store.athena_queries import read_rows
from include.store.objects import Row
from include.store.workspace import Deployment

BILL, RECONCILIATION = "bill_daily", "reconciliation"

_CREDITS = frozenset({"Credit", "Refund"})
# A charge that the lake does not know of.
_TAX = "Tax"

_Place = tuple[date, str]


class Comparison(NamedTuple):
    """The bill of some days, and what came of comparing it.

    :ivar complete_until: last day of which the bill is taken for complete.
    """

    days: list[date]
    complete_until: date
    bill: list[BillRow]
    compared: list[Compared]

    def rows(self, day: str, at: datetime) -> dict[str, list[Row]]:
        """Return a day's rows of both tables.

        :param day: ``YYYY-MM-DD``.
        :param at: when the bill was read.
        """
        return {
            BILL: [{**row._asdict(), "read_at": at} for row in self.bill if str(row.usage_date) == day],
            RECONCILIATION: [_row(each, at) for each in self.compared if str(each.line.usage_date) == day],
        }


def compare(deployment: Deployment, today: date) -> Comparison:
    """Read the bill of the last days, with all of their months, and compare it with the published usage.

    Nothing is compared before the first price book.

    :raises include.core.prices.PriceError: if there is no price book.
    """
    settings = deployment.settings
    books = load_price_books(settings.region)
    month = (today - timedelta(days=settings.bill_days)).replace(day=1)
    first, end = max(month, books.books[0].effective), today + timedelta(days=1)
    bill = read_bill(deployment, first, end)
    span = [f"{first} 00:00:00", f"{end} 00:00:00"]
    usage = read_rows(deployment.session, settings, "reports/usage_by_type", span)
    without = read_rows(deployment.session, settings, "reports/analyses_without_usage", span)
    lines = _lines(books, usage, without, bill)
    policy = _policy(settings, today)
    compared = list(reconcile(lines.values(), books.on, policy))
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    return Comparison(days, policy.complete_until, bill, compared)


def _policy(settings: Settings, today: date) -> Policy:
    return Policy(
        usd=settings.bill_tolerance_usd,
        share=settings.bill_tolerance_percent / 100,
        complete_until=today - timedelta(days=settings.bill_complete_after_days),
        shared_account=settings.count_account_volume,
    )


def _lines(
    books: PriceBooks, usage: Iterable[Row], without: Iterable[Row], bill: Iterable[BillRow]
) -> Mapping[_Place, Line]:
    """Put together what the lake and the bill have of each day and usage type."""
    names = _price_items(books)
    added: defaultdict[_Place, defaultdict[str, Any]] = defaultdict(lambda: defaultdict(float))
    additions = (*_of_usage(books, usage), *_of_missing(books, without), *_of_bill(books, names, bill))
    for place, values in additions:
        for name, value in values.items():
            added[place][name] += value
    return {
        (day, usage_type): replace(Line(day, usage_type, names.get(usage_type, ())), **values)
        for (day, usage_type), values in added.items()
    }


def _price_items(books: PriceBooks) -> dict[str, tuple[str, ...]]:
    """Return the lines of the price books that are billed as each usage type."""
    names: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for book in books.books:
        for name, item in book.items.items():
            names[item.usage_type][name] = None
    return {usage_type: tuple(items) for usage_type, items in names.items()}


def _of_usage(books: PriceBooks, usage: Iterable[Row]) -> Iterator[tuple[_Place, dict[str, float]]]:
    for row in usage:
        item = books.on(row["usage_date"]).item(row["price_item"])
        whole = {"image": "", "minute": "whole_", "hour": "whole_minutes_"}[item.unit]
        values = {
            "lake_units": row["units"],
            "lake_usd": row["usd"],
            "rounded_units": row[f"{whole}units"],
            "rounded_usd": row[f"{whole}usd"] or 0.0,
        }
        # Days that were published before the column was there have no usage type.
        yield (row["usage_date"], row["usage_type"] or item.usage_type), values


def _of_missing(books: PriceBooks, without: Iterable[Row]) -> Iterator[tuple[_Place, dict[str, float]]]:
    for row in without:
        book = books.on(row["usage_date"])
        for item in _items_of(row["feature"], row["media_type"]):
            place = row["usage_date"], book.item(item).usage_type
            yield place, {"missing_units": row["units"], "missing_usd": book.usd(item, row["units"])}


def _items_of(feature: str, media_type: MediaType) -> Sequence[str]:
    call = FEATURES[feature].analysis(media_type)
    return price_items(call, call.parameters) if call else ()


def _of_bill(
    books: PriceBooks, names: Mapping[str, Sequence[str]], bill: Iterable[BillRow]
) -> Iterator[tuple[_Place, dict[str, float]]]:
    for row in bill:
        if row.record_type == _TAX:
            continue
        place = row.usage_date, row.usage_type
        if row.record_type in USAGE_RECORDS:
            units = _in_units_of_the_book(books, names.get(row.usage_type, ()), row)
            yield place, {"bill_units": units, "usage_usd": row.usd}
        elif row.record_type in _CREDITS:
            yield place, {"credits_usd": row.usd}
        else:
            yield place, {"discounts_usd": row.usd}


def _in_units_of_the_book(books: PriceBooks, items: Sequence[str], row: BillRow) -> float:
    """Return units as the price book counts them: the bill counts the hours of a model in minutes."""
    by_the_hour = any(books.on(row.usage_date).item(item).unit == "hour" for item in items)
    return row.units / 60 if by_the_hour and "minutes" in row.usage_type.lower() else row.units


def _row(compared: Compared, at: datetime) -> dict[str, Any]:
    line = compared.line
    return {
        "usage_date": line.usage_date,
        "usage_type": line.usage_type,
        "price_item": ", ".join(line.price_items) or None,
        "lake_units": line.lake_units,
        "bill_units": line.bill_units,
        "lake_usd": line.lake_usd,
        "bill_usd": line.bill_usd,
        "status": compared.status,
        "cause": ", ".join(dict.fromkeys(part.cause.value for part in compared.parts)) or None,
        "causes": [{**part._asdict(), "cause": part.cause.value} for part in compared.parts],
        "unexplained_units": compared.unexplained_units,
        "unexplained_usd": compared.unexplained_usd,
        "reconciled_at": at,
    }
