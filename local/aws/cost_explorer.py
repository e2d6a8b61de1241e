"""Cost Explorer's bill of the local Rekognition: what it has answered, day by day, at the lake's price book.

Only GetCostAndUsage, by day, with groups of USAGE_TYPE and RECORD_TYPE, of whatever the filter asks for:
there is one service and one account. Nothing is free and there are no credits. All the time of Custom Labels
models is of today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from include.core.prices import load_price_books
from local.aws.endpoint_errors import AwsError

_REGION = "us-east-1"
_MODEL_HOURS = "custom-labels-inference-hours"
_GROUPS = ("USAGE_TYPE", "RECORD_TYPE")


def cost_and_usage(counters: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer GetCostAndUsage.

    :param counters: of the local Rekognition, with ``daily_units`` and ``models``.
    :raises AwsError: ValidationException if the request is another than this module knows.
    """
    keys = [group.get("Key") for group in request.get("GroupBy", ())]
    if request.get("Granularity") != "DAILY" or not keys or not set(keys) <= set(_GROUPS):
        known = "Granularity DAILY with groups of USAGE_TYPE and RECORD_TYPE"
        raise AwsError("ValidationException", f"The local Cost Explorer knows {known} only.")
    try:
        first, end = (date.fromisoformat(request["TimePeriod"][name]) for name in ("Start", "End"))
    except (KeyError, TypeError, ValueError) as error:
        raise AwsError("ValidationException", "TimePeriod needs Start and End, as YYYY-MM-DD.") from error
    charges = _charges(_daily_units(counters))
    days = (first + timedelta(days=number) for number in range((end - first).days))
    return {
        "GroupDefinitions": request["GroupBy"],
        "ResultsByTime": [_result(day, keys, charges.get(day, {})) for day in days],
        "DimensionValueAttributes": [],
    }


_Charges = dict[date, dict[str, tuple[float, float]]]


def _daily_units(counters: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    daily: dict[str, dict[str, float]] = {day: dict(lines) for day, lines in counters["daily_units"].items()}
    seconds = sum(model["running_seconds"] * model["inference_units"] for model in counters["models"])
    if seconds:
        daily.setdefault(f"{datetime.now(UTC):%Y-%m-%d}", {})[_MODEL_HOURS] = seconds / 3600
    return daily


def _charges(daily_units: Mapping[str, Mapping[str, float]]) -> _Charges:
    """Return units and dollars by day and usage type, tiers counting from the first of a month."""
    books = load_price_books(_REGION)
    used: defaultdict[tuple[str, str], float] = defaultdict(float)
    charges: _Charges = {}
    for name, lines in sorted(daily_units.items()):
        day, book = date.fromisoformat(name), books.on(date.fromisoformat(name))
        found: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for line, units in lines.items():
            sums = found[book.item(line).usage_type]
            # The bill counts the hours of a model in minutes.
            sums[0] += units * 60 if line == _MODEL_HOURS else units
            sums[1] += book.usd(line, units, used[name[:7], line])
            used[name[:7], line] += units
        charges[day] = {usage_type: (units, usd) for usage_type, (units, usd) in found.items()}
    return charges


def _result(day: date, keys: list[Any], charges: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": str(day), "End": str(day + timedelta(days=1))},
        "Total": {},
        "Groups": list(_groups(keys, charges)),
        "Estimated": True,
    }


def _groups(keys: list[Any], charges: Mapping[str, tuple[float, float]]) -> Iterator[dict[str, Any]]:
    for usage_type, (units, usd) in sorted(charges.items()):
        yield {
            "Keys": [usage_type if key == "USAGE_TYPE" else "Usage" for key in keys],
            "Metrics": {
                "UnblendedCost": {"Amount": f"{usd:.10f}", "Unit": "USD"},
                "UsageQuantity": {"Amount": f"{units:.10f}", "Unit": "N/A"},
            },
        }
