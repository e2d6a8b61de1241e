"""Budgets: the dollars that a cost center may spend in a calendar month (UTC), as ``lake.yaml`` says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# The error code of an analysis that is not paid for because a hard budget has no money left for it.
BUDGET_REACHED = "BudgetReached"
# Budgets are counted in whole millionths of a dollar, which sums of prices are and floats are not.
MICROS = 1_000_000

BudgetKind = Literal["hard", "soft"]
Usd = Annotated[float, Field(strict=True, ge=0, le=1e9, allow_inf_nan=False)]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]

_USD = "dollars as a number of 0 or more"


class Budget(BaseModel):
    """What a cost center may spend in a month.

    :ivar usd: dollars in every month that ``months`` does not name.
    :ivar kind: a hard budget stops analyses before they are paid for, a soft one only warns.
    :ivar months: dollars in single months.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    usd: Usd = Field(description=_USD, examples=["500"])
    kind: BudgetKind = Field(description="hard or soft", examples=["hard"])
    months: dict[Month, Usd] = Field({}, description=f"{_USD}, by month", examples=['{"2026-12": 800}'])

    def limit_usd(self, month: str) -> float:
        """Return the dollars of a month, ``YYYY-MM``."""
        return self.months.get(month, self.usd)

    def limit_micros(self, month: str) -> int:
        """Return the millionths of a dollar of a month, ``YYYY-MM``."""
        return int(Decimal(str(self.limit_usd(month))) * MICROS)


def hard_budgets(budgets: Mapping[str, Budget]) -> dict[str, Budget]:
    """Return the budgets that stop analyses, by cost center."""
    return {name: budget for name, budget in budgets.items() if budget.kind == "hard"}


def month_at(at: float) -> str:
    """Return the calendar month (UTC) by which AWS bills what happens at a moment, ``YYYY-MM``.

    :param at: seconds since the epoch.
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def month_before(month: str) -> str:
    """Return the month before one, both ``YYYY-MM``."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return f"{first - timedelta(days=1):%Y-%m}"


def month_end(at: float) -> float:
    """Return when the month of a moment ends; both in seconds since the epoch."""
    first = datetime.fromtimestamp(at, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=31)).replace(day=1).timestamp()
