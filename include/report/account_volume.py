"""What other users of the account used: AWS counts tiers by account, and the lake may not be alone in it.

Cost Explorer has the account's units by day and usage type, some hours late ("GetCostAndUsage",
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html). What is above
the units that the lake knows of is taken to be used by others at the end of its day. A request costs a cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from include.core.prices import PriceBook
from include.report.pricing import BILLION
from include.store.month_volumes import Curve

DAY_MS = 86_400_000
_SERVICE = "Amazon Rekognition"

# Billionths of a unit by price item and day, which is counted from the epoch.
Daily = Mapping[str, Mapping[int, int]]


def others_used(client: Any, month: str, book: PriceBook, lake: Daily) -> dict[str, Curve]:
    """Return what others used in a month, by price item; only lines with tiers are asked for.

    :param month: ``YYYY-MM``.
    :param client: of Cost Explorer.
    :param lake: what the lake used.
    """
    items = {line.usage_type: name for name, line in book.items.items() if len(line.tiers) > 1}
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for day, usage_type, units in _account_used(client, month):
        item = items.get(usage_type)
        others = round(units * BILLION) - lake.get(item or "", {}).get(day, 0)
        if item and others > 0:
            found[item][day] = others
    return {item: _curve(days) for item, days in found.items()}


def _account_used(client: Any, month: str) -> Iterator[tuple[int, str, float]]:
    """Yield day, usage type and units of the account, as far as the month has come."""
    first = date.fromisoformat(f"{month}-01")
    after = min((first + timedelta(days=31)).replace(day=1), datetime.now(UTC).date() + timedelta(days=1))
    if after <= first:
        return
    token: dict[str, str] = {}
    while True:
        page = client.get_cost_and_usage(
            TimePeriod={"Start": str(first), "End": str(after)},
            Granularity="DAILY",
            Metrics=["UsageQuantity"],
            GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
            Filter={"Dimensions": {"Key": "SERVICE", "Values": [_SERVICE]}},
            **token,
        )
        for result in page["ResultsByTime"]:
            day = (date.fromisoformat(result["TimePeriod"]["Start"]) - date(1970, 1, 1)).days
            for group in result["Groups"]:
                yield day, group["Keys"][0], float(group["Metrics"]["UsageQuantity"]["Amount"])
        if not page.get("NextPageToken"):
            return
        token = {"NextPageToken": page["NextPageToken"]}


def _curve(days: Mapping[int, int]) -> Curve:
    ordered = sorted(days)
    ends = np.array([(day + 1) * DAY_MS - 1 for day in ordered], np.int64)
    return Curve(ends, np.array([days[day] for day in ordered], np.int64))
