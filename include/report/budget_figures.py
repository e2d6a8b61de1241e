"""How budgets stand, as table ``budgets`` shows it, and for which of them people are told."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.core.budgets import MICROS, Budget, BudgetKind, month_at, month_end
from include.store.athena_queries import read_query
from include.store.budget_records import BudgetRecord, Standing, is_chunk
from include.store.budget_recovery import recover_expired
from include.store.call_prices import note_volume
from include.store.month_to_date import month_to_date_units
from include.store.objects import Row

if TYPE_CHECKING:
    from include.store.workspace import Deployment

TABLE = "budgets"
# Percents of a budget at which people are told.
WARNINGS = (50, 80, 100)


@dataclass(frozen=True)
class BudgetFigures:
    """A budget in a month. Amounts are in millionths of a dollar.

    :ivar spent: of a hard budget what was noted before calling, of a soft one what is reported.
    :ivar reserved: what running tasks hold and have not spent.
    :ivar refused: whether there was no money for an analysis at this limit.
    """

    cost_center: str
    month: str
    kind: BudgetKind
    limit: int
    spent: int
    reserved: int = 0
    refused: bool = False

    @property
    def reached(self) -> int | None:
        """The highest percent of :data:`WARNINGS` that is reached, or None."""
        if self.refused:
            return WARNINGS[-1]
        return max((each for each in WARNINGS if 100 * self.spent >= each * self.limit), default=None)

    def to_row(self, as_of: datetime) -> Row:
        """Return the row of table ``budgets``."""
        return {
            "cost_center": self.cost_center,
            "month": self.month,
            "limit_usd": self.limit / MICROS,
            "kind": self.kind,
            "spent_usd": self.spent / MICROS,
            "reserved_usd": self.reserved / MICROS,
            "as_of": as_of,
        }


def note_reported(deployment: Deployment, now: datetime) -> dict[tuple[str, str], int]:
    """Tell the budgets what is reported of this month and the one before, and return it.

    A budget that is new in the middle of a month starts from this, and prices follow from the volume.

    :param now: in UTC.
    :return: millionths of a dollar by cost center and month.
    """
    session, settings, ledger = deployment.session, deployment.settings, deployment.ledger
    note_volume(ledger, f"{now:%Y-%m}", month_to_date_units(session, settings, f"{now:%Y-%m}", now))
    billed = {}
    for month, begin, end in _months(now):
        usd = read_query(session, settings, "reports/month_spending", [begin, end])
        spent = dict(zip(usd["cost_center"], usd["usd"].astype(float), strict=True))
        for cost_center in deployment.lake.cost_centers:
            billed[cost_center, month] = round(spent.get(cost_center, 0.0) * MICROS)
            ledger.budget(cost_center, month).report(billed[cost_center, month])
    return billed


def budget_figures(
    deployment: Deployment, now: datetime, billed: Mapping[tuple[str, str], int]
) -> list[BudgetFigures]:
    """Return how each budget stands in this month and the one before.

    What tasks that died had reserved returns before.

    :param billed: from :func:`note_reported`.
    """
    return [
        _figures(deployment, cost_center, budget, month, billed[cost_center, month])
        for cost_center, budget in deployment.lake.budgets.items()
        for month, _, _ in _months(now)
    ]


def warn_of(deployment: Deployment, figures: BudgetFigures) -> int | None:
    """Return the percent that a budget has reached, if nobody was told of it yet; it counts as told now.

    A limit that was changed is another one.
    """
    if figures.reached is None:
        return None
    record = deployment.ledger.budget(figures.cost_center, figures.month)
    lower = [each for each in WARNINGS if each <= figures.reached]
    news = [each for each in lower if record.warn(f"{each}% of {figures.limit}")]
    return figures.reached if figures.reached in news else None


def _months(now: datetime) -> Iterator[tuple[str, str, str]]:
    """Yield month, begin and end of the month before and of this one, as queries take them."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for begin in ((first - timedelta(days=1)).replace(day=1), first):
        end = datetime.fromtimestamp(month_end(begin.timestamp()), UTC)
        yield month_at(begin.timestamp()), f"{begin:%Y-%m-%d} 00:00:00", f"{end:%Y-%m-%d} 00:00:00"


def _figures(
    deployment: Deployment, cost_center: str, budget: Budget, month: str, billed: int
) -> BudgetFigures:
    limit = budget.limit_micros(month)
    record = deployment.ledger.budget(cost_center, month)
    standing = record.read()
    if budget.kind == "soft" or standing.committed is None:
        return BudgetFigures(cost_center, month, budget.kind, limit, billed)
    if recover_expired(record, standing, deployment.ledger, time.time()):
        standing = record.read()
    held = _held(record, standing)
    spent = (standing.committed or 0) - held
    return BudgetFigures(cost_center, month, budget.kind, limit, spent, held, standing.refused == limit)


def _held(record: BudgetRecord, standing: Standing) -> int:
    """Return what is reserved and not noted as spent."""
    return sum(
        each.micros - (record.noted(token) if is_chunk(token) else 0)
        for token, each in standing.reserved.items()
    )
