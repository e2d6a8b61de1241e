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
from include.store.month_to_date import month_to_date_units
from include.store.objects import Row
from include.store.reported_months import ReportedMonth

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


def read_months(deployment: Deployment, now: datetime) -> dict[str, ReportedMonth]:
    """Return what is reported of this month and the one before, and tell the budgets of it.

    A budget that is new in the middle of a month starts from this, and prices follow from the volume.

    :param now: in UTC.
    """
    session, settings = deployment.session, deployment.settings
    months = {}
    for month, begin, end in _months(now):
        span = [f"{at:%Y-%m-%d} 00:00:00" for at in (begin, end)]
        found = read_query(session, settings, "reports/month_spending", span)
        spent = dict(zip(found["cost_center"], found["usd"].astype(float), strict=True))
        months[month] = ReportedMonth(
            units=month_to_date_units(session, settings, month, end),
            micros={name: round(usd * MICROS) for name, usd in spent.items()},
        )
        deployment.ledger.note_reported(month, months[month])
    return months


def budget_figures(deployment: Deployment, months: Mapping[str, ReportedMonth]) -> list[BudgetFigures]:
    """Return how each budget stands in some months.

    What tasks that died had reserved returns before.

    :param months: from :func:`read_months`.
    """
    return [
        _figures(deployment, cost_center, budget, month, reported.micros.get(cost_center, 0))
        for cost_center, budget in deployment.lake.budgets.items()
        for month, reported in months.items()
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


def _months(now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield month, begin and end of the month before and of this one."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for begin in ((first - timedelta(days=1)).replace(day=1), first):
        end = datetime.fromtimestamp(month_end(begin.timestamp()), UTC)
        yield month_at(begin.timestamp()), begin, end


def _figures(
    deployment: Deployment, cost_center: str, budget: Budget, month: str, reported: int
) -> BudgetFigures:
    limit = budget.limit_micros(month)
    record = deployment.ledger.budget(cost_center, month)
    standing = record.read()
    if budget.kind == "soft" or standing.committed is None:
        return BudgetFigures(cost_center, month, budget.kind, limit, reported)
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
