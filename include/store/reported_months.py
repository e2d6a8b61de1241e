"""What is reported of a month: written by each report of costs, read by those who pay under a budget.

It is less than what was used so far, as the newest usage is not reported yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.store.shared_record import SharedRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


@dataclass(frozen=True)
class ReportedMonth:
    """What is reported of a month.

    :param units: billed so far, by line of the price book.
    :param micros: millionths of a dollar spent so far, by cost center.
    """

    units: Mapping[str, float] = field(default_factory=dict)
    micros: Mapping[str, int] = field(default_factory=dict)


def reported_month(client: DynamoDBClient, table: str, month: str) -> ReportedMonth:
    """Return what is reported of a month, ``YYYY-MM``."""
    return ReportedMonth(**_record(client, table, month).read())


def note_reported(client: DynamoDBClient, table: str, month: str, reported: ReportedMonth) -> None:
    """Record what is reported of a month, in place of what was."""
    record = {"units": dict(reported.units), "micros": dict(reported.micros)}
    _record(client, table, month).change(lambda _: record)


def _record(client: DynamoDBClient, table: str, month: str) -> SharedRecord:
    return SharedRecord(client, table, f"reported#{month}")
