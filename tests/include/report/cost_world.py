"""A lake of usage in memory: what months have, and what readers have. Reports of it can meet at any step."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pyarrow as pa

from include.core.prices import PriceBook, PriceBooks
from include.report.month_report import DayCosts, DayUsage, MonthReport, OthersUsed
from include.report.usage_rows import USED, usage_rows
from include.store.month_volumes import MonthVolumes
from include.store.objects import Row

IMAGES, MINUTES = "image-group-2", "video-minutes"


def a_book(effective: str, **prices: list[tuple[int | None, str]]) -> PriceBook:
    """Return a price book.

    :param prices: by line with ``_`` for ``-``: ends of tiers and dollars.
    """
    items = {
        name.replace("_", "-"): {
            "title": name, "usage_type": f"TEST-{name}", "unit": "image", "source": "test",
            "certainty": "high",
            "tiers": [{"usd": usd} | ({"up_to": end} if end else {}) for end, usd in tiers],
        }
        for name, tiers in prices.items()
    }  # fmt: skip
    return PriceBook.model_validate(
        {
            "version": f"test-{effective}", "effective": effective, "region": "test", "currency": "USD",
            "items": items,
        }
    )  # fmt: skip


SMALL_TIERS = PriceBooks(
    "test",
    (
        a_book(
            "2026-01-01",
            image_group_2=[(5, "0.001"), (20, "0.0008"), (None, "0.0002")],
            video_minutes=[(2, "0.10"), (None, "0.07")],
        ),
    ),
)


def a_line(usage_id: str, at: str, **changes: Any) -> Row:
    """Return a line of the usage log."""
    return {
        "usage_id": usage_id, "at": at, "dag_id": "enrich_images", "run_id": "r", "source": "sample",
        "cost_center": "team", "media_id": f"m-{usage_id}", "media_type": "image",
        "analysis_key": f"k-{usage_id}", "feature": "labels", "operation": "DetectLabels",
        "price_item": IMAGES, "units": 1.0, "reused": False, **changes,
    }  # fmt: skip


class Records:
    """Records that many change, as the ledger's table has them."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[int, str]] = {}

    def __call__(self, name: str) -> _Record:
        return _Record(self._records, name)


class _Record:
    def __init__(self, records: dict[str, tuple[int, str]], name: str) -> None:
        self._records = records
        self._name = name

    def read(self) -> dict[str, Any]:
        return dict(json.loads(self._records.get(self._name, (0, "{}"))[1]))

    def change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        while True:
            version, text = self._records.get(self._name, (0, "{}"))
            changed = change(json.loads(text))
            if self._records.get(self._name, (0, "{}"))[0] == version:
                self._records[self._name] = version + 1, json.dumps(changed)
                return changed


class World:
    """Usage logs, months and published tables.

    :ivar logs: lines by day of the lake.
    :ivar published: location of the usage, and both tables, by day.
    :ivar meet: called before each step that others can see; runs another report there, or nothing.
    :ivar publications: days in the order of their publication.
    """

    def __init__(self, books: PriceBooks = SMALL_TIERS) -> None:
        self.books = books
        self.logs: dict[str, list[Row]] = {}
        self.published: dict[str, tuple[str, pa.Table, pa.Table]] = {}
        self.publications: list[str] = []
        self.files: dict[str, bytes] = {}
        self.others_used: OthersUsed | None = None
        self.meet: Callable[[], None] = lambda: None
        self._planned: dict[str, datetime] = {}
        self._names = count()
        self._now = datetime(2026, 12, 1, tzinfo=UTC)
        self.store = MonthVolumes(self, Records(), "volumes/")

    def add(self, day: str, *lines: Row) -> None:
        self.logs.setdefault(day, []).extend(lines)

    def report(self, *days: str) -> MonthReport:
        """Report days, as one run does."""
        report = MonthReport(self.store, self.books, self, self.others_used)
        report.report({day: self._read(day) for day in days})
        return report

    def table(self, name: str) -> dict[str, list[Row]]:
        """Return the published rows of a table, by day."""
        tables = {
            day: {"usage": usage, "costs_daily": costs}
            for day, (_, usage, costs) in sorted(self.published.items())
        }
        return {day: found[name].to_pylist() for day, found in tables.items()}

    def sum_of(self, month: str) -> float:
        """Return what a month cost, of what readers have."""
        rows = [row for rows in self.table("usage").values() for row in rows]
        return float(sum(row["usd"] for row in rows if row["billing_month"] == month))

    def in_one_pass(self) -> dict[tuple[str, str], tuple[float, float]]:
        """Return units before and dollars of each use, counted one by one over all days, by day and id."""
        before: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        found = {}
        lines = [(line["at"], day, line["usage_id"], line) for day, log in self.logs.items() for line in log]
        for at, day, usage_id, line in sorted(lines, key=lambda use: use[:3]):
            used, units = before[at[:7], line["price_item"]], Decimal(str(round(line["units"], 9)))
            book = self.books.on(datetime.fromisoformat(at).date())
            usd = 0.0 if line["reused"] else book.usd(line["price_item"], float(units), float(used))
            found[day, usage_id] = float(used), usd
            before[at[:7], line["price_item"]] += 0 if line["reused"] else units
        return found

    def priced(self) -> dict[tuple[str, str], tuple[float, float]]:
        """Return the same of what readers have."""
        return {
            (day, row["usage_id"]): (row["units_before"], row["usd"])
            for day, rows in self.table("usage").items()
            for row in rows
        }

    def _read(self, day: str) -> DayUsage:
        self._now += timedelta(seconds=1)
        rows = usage_rows(self.logs.get(day, []))
        return DayUsage(self._now, lambda: rows)

    # What months are kept in.

    def put(self, uri: str, body: bytes) -> None:
        self.meet()
        self.files[uri] = body

    def get(self, uri: str) -> bytes:
        self.meet()
        if uri not in self.files:
            raise FileNotFoundError(uri)
        return self.files[uri]

    def delete(self, uris: list[str]) -> None:
        self.meet()
        for uri in uris:
            self.files.pop(uri, None)

    # What readers have.

    def days_of(self, month: str) -> list[str]:
        return [day for day, (_, usage, _) in self.published.items()
                if any(f"{at:%Y-%m}" == month for at in usage["at"].to_pylist())]  # fmt: skip

    def location(self, day: str) -> str | None:
        self.meet()
        return self.published[day][0] if day in self.published else None

    def usage(self, day: str) -> pa.Table:
        return self.published[day][1].select(USED)

    def check(self, costs: DayCosts) -> None:
        self.meet()

    def publish(self, costs: DayCosts) -> str | None:
        self.meet()
        if costs.planned_at < self._planned.get(costs.day, costs.planned_at):
            return None
        self._planned[costs.day] = costs.planned_at
        location = f"usage/{costs.day}/{next(self._names)}"
        self.published[costs.day] = location, costs.usage, costs.costs
        self.publications.append(costs.day)
        return location
