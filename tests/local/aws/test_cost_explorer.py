"""The bill of the local Rekognition has AWS's form, its usage types, and tiers that count by month."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws.cost_explorer import cost_and_usage
from local.aws.endpoint_errors import AwsError

REQUEST: dict[str, Any] = {
    "TimePeriod": {"Start": "2026-11-01", "End": "2026-11-04"},
    "Granularity": "DAILY",
    "Metrics": ["UnblendedCost", "UsageQuantity"],
    "GroupBy": [{"Type": "DIMENSION", "Key": "USAGE_TYPE"}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}],
}


def billed(daily_units: dict[str, dict[str, float]], **request: Any) -> list[tuple[Any, ...]]:
    """Return day, usage type, units and dollars of each group."""
    answer = cost_and_usage({"daily_units": daily_units, "models": []}, REQUEST | request)
    return [
        (
            result["TimePeriod"]["Start"],
            *group["Keys"],
            float(group["Metrics"]["UsageQuantity"]["Amount"]),
            float(group["Metrics"]["UnblendedCost"]["Amount"]),
        )
        for result in answer["ResultsByTime"]
        for group in result["Groups"]
    ]


def test_days_are_billed_by_usage_type_at_the_months_tiers() -> None:
    days = {
        "2026-11-01": {"image-group-2": 900_000.0},
        "2026-11-02": {"image-group-2": 200_000.0, "video-minutes": 3.0, "video-shot-minutes": 3.0},
        "2026-11-09": {"image-group-2": 1.0},
    }
    assert billed(days) == [
        ("2026-11-01", "USE1-Group2-ImagesProcessed", "Usage", 900_000.0, 900.0),
        ("2026-11-02", "USE1-Group2-ImagesProcessed", "Usage", 200_000.0, 180.0),
        ("2026-11-02", "USE1-MinutesOfVideoProcessed", "Usage", 6.0, 0.45),
    ]


def test_a_model_is_billed_by_the_minute() -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    counters = {"daily_units": {}, "models": [{"running_seconds": 90.0, "inference_units": 2}]}
    period = {"TimePeriod": {"Start": today, "End": f"{today[:4]}-12-31"}}
    (group,) = cost_and_usage(counters, REQUEST | period)["ResultsByTime"][0]["Groups"]
    assert group["Keys"] == ["USE1-inferenceminutes", "Usage"]
    assert float(group["Metrics"]["UsageQuantity"]["Amount"]) == pytest.approx(3.0)
    assert float(group["Metrics"]["UnblendedCost"]["Amount"]) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "other",
    [
        {"Granularity": "MONTHLY"},
        {"GroupBy": []},
        {"GroupBy": [{"Type": "DIMENSION", "Key": "REGION"}]},
        {"TimePeriod": {"Start": "yesterday", "End": "2026-11-04"}},
    ],
)
def test_what_it_does_not_know_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as refused:
        billed({}, **other)
    assert refused.value.code == "ValidationException"
