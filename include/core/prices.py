"""Prices: the dated price books of a region.

``price_books/<region>/<date>.yaml`` holds from its date on, until there is a newer one. AWS prices each line
in tiers of the units that an account uses in a calendar month (UTC). A unit is one image, or one minute of
stored video, for one kind of analysis. Parts of a minute count exactly: AWS prices by the minute, and we
found no rule of rounding (see the notes in ``price_books/``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from include.core.errors import TerminalError

PRICES = Path(__file__).with_name("price_books")


class PriceError(TerminalError, ValueError):
    """A price is missing; the text says which and what to do."""


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

    :ivar usage_type: what the bill calls it; empty in books of earlier versions.
    :ivar free_monthly_units: units without charge in an account's first year; only the low estimate uses
        them.
    :ivar certainty: how sure the prices are, and ``note`` why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    usage_type: str = ""
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
                f"the price book {self.version} has no line {name!r}, only {', '.join(sorted(self.items))}; "
                f"{_to_do(self.region)}"
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


@dataclass(frozen=True)
class PriceBooks:
    """The price books of a region.

    :param books: in the order of their dates, which all differ.
    """

    region: str
    books: tuple[PriceBook, ...]

    def on(self, day: date) -> PriceBook:
        """Return the book that a day's uses are priced by: the newest whose date is not after the day.

        :raises PriceError: if all books are of later dates.
        """
        for book in reversed(self.books):
            if book.effective <= day:
                return book
        raise PriceError(
            f"no price book of {self.region} holds on {day}, the oldest is of {self.books[0].effective}; "
            f"add include/core/price_books/{self.region}/<date>.yaml with the prices of that time"
        )

    @property
    def digest(self) -> str:
        """Of all figures."""
        text = "\n".join(book.model_dump_json() for book in self.books)
        return sha256(text.encode()).hexdigest()

    @property
    def versions(self) -> dict[str, PriceBook]:
        """The books by version."""
        return {book.version: book for book in self.books}


def load_price_books(region: str) -> PriceBooks:
    """Read all price books of a region.

    :raises PriceError: if there is none, or a file is wrong.
    """
    files = sorted(PRICES.glob("*/*.yaml"))
    known = sorted({path.parent.name for path in files})
    if region not in known:
        raise PriceError(
            f"the price books lack region {region!r} and have {', '.join(known)}; prices differ by region: "
            f"{_to_do(region)}"
        )
    return PriceBooks(region, tuple(_read(path) for path in files if path.parent.name == region))


def load_price_book(region: str) -> PriceBook:
    """Read the price book of a region that holds today.

    :raises PriceError: if there is none, or a file is wrong.
    """
    return load_price_books(region).on(datetime.now(UTC).date())


def _read(path: Path) -> PriceBook:
    name = path.relative_to(PRICES)
    try:
        book = PriceBook.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PriceError(f"include/core/price_books/{name} is wrong: {error}") from error
    if (book.region, str(book.effective)) != (path.parent.name, path.stem):
        raise PriceError(
            f"include/core/price_books/{name} is of {book.region}, {book.effective}: "
            "a file has the name of its date, in the folder of its region"
        )
    return book


def _to_do(region: str) -> str:
    return f"`make prices REGION={region}` asks AWS and writes a price book"
