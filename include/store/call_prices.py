"""What a call or job costs at most, at the tiers that the month has reached for certain."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

from include.core.budgets import MICROS
from include.core.features import ImageCall, VideoJob, price_items
from include.core.prices import PriceBook, load_price_book

if TYPE_CHECKING:
    from include.store.workspace import Deployment


class MonthPrices:
    """Upper bounds of prices by month; what is reported of a month is read once."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._months: dict[str, CallPrices] = {}

    def of(self, month: str) -> CallPrices:
        """Return the prices of a month, ``YYYY-MM``.

        :raises include.core.prices.PriceError: if the price books lack the region.
        """
        if month not in self._months:
            book = load_price_book(self._deployment.settings.region)
            self._months[month] = CallPrices(book, self._deployment.ledger.reported_month(month).units)
        return self._months[month]


class CallPrices:
    """Upper bounds of prices: tiers fall, so that further units cost at most what the next one would.

    :param volume: units that the month has reached for certain, by line of the price book.
    """

    def __init__(self, book: PriceBook, volume: Mapping[str, float]) -> None:
        self._book = book
        self._volume = volume
        self._micros: dict[tuple[tuple[str, ...], float], int] = {}

    def micros(self, call: ImageCall | VideoJob, parameters: Mapping[str, Any], units: float) -> int:
        """Return millionths of a dollar.

        :param parameters: members of the request; what is billed follows from them.
        :param units: images or minutes.
        :raises include.core.prices.PriceError: if the price book lacks a line.
        """
        return self.of_items(price_items(call, parameters), units)

    def of_items(self, items: tuple[str, ...], units: float) -> int:
        """Return millionths of a dollar for units of each of some lines of the price book."""
        if (items, units) not in self._micros:
            usd = sum((self._usd(item, units) for item in items), Decimal(0))
            self._micros[items, units] = int((usd * MICROS).to_integral_value(ROUND_CEILING))
        return self._micros[items, units]

    def _usd(self, item: str, units: float) -> Decimal:
        return self._book.exact_usd(item, units, self._volume.get(item, 0.0))
