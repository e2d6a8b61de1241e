"""Alerts about money: days that cost too much, a bill that differs, and a price book that is old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from include.operate.alerts import SUBJECT_CHARACTERS, Alert

# Of one message; the view or table that it names has all.
MOST_LINES = 10


def costly_days(anomalies: Sequence[Mapping[str, Any]]) -> Alert:
    """Return the alert about days on which a feature cost a team much more than usual.

    :param anomalies: rows of view ``cost_anomalies``.
    """
    return _alert(
        _counted(len(anomalies), "day of use costs", "days of use cost") + " much more than usual",
        (
            f"{row['usage_date']}, {row['cost_center']}, {row['feature']}: {_usd(row['usd'])}, "
            f"usually {_usd(row['usual_usd'])}"
            for row in anomalies
        ),
        "View cost_anomalies has the days, cost_by_source and cost_by_asset what was paid for.",
    )


def unexplained_bill(differences: Sequence[Mapping[str, Any]]) -> Alert:
    """Return the alert about what the bill has otherwise than the lake, without a known cause.

    :param differences: rows of table ``reconciliation``.
    """
    return _alert(
        _counted(len(differences), "difference", "differences") + " between bill and lake without a cause",
        (
            f"{row['usage_date']}, {row['usage_type']}: the bill has {row['bill_units']:.6g} units and "
            f"{_usd(row['bill_usd'])}, the lake {row['lake_units']:.6g} and {_usd(row['lake_usd'])}"
            for row in differences
        ),
        "Table reconciliation has the rest, and the causes that are known. RUNBOOK.md says what to look for.",
    )


def old_price_book(version: str, effective: date, today: date) -> Alert:
    """Return the alert about a price book that nobody has compared with AWS's prices for long."""
    return _alert(
        f"price book {version} is {(today - effective).days} days old",
        (f"The prices of {version} hold since {effective}; AWS may have changed them.",),
        "Run `make prices REGION=...`, which asks AWS; where they hold, add a book of today's date.",
    )


def _alert(subject: str, lines: Iterable[str], advice: str) -> Alert:
    found = list(lines)
    more = [f"and {len(found) - MOST_LINES} more"] if len(found) > MOST_LINES else []
    return Alert(subject[:SUBJECT_CHARACTERS], (*found[:MOST_LINES], *more, advice))


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _usd(dollars: float) -> str:
    return f"-${-dollars:,.2f}" if dollars < 0 else f"${dollars:,.2f}"
