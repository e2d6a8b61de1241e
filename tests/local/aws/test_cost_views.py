"""What finance reads: months by team, unit costs, savings, drivers, forecast and anomalies."""

from __future__ import annotations

import calendar
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from include.store.objects import delete_prefix
from include.store.sql import load_sql
from local.questions.written_lake import Row, WrittenLake
from tests.focus_rules import violations
from tools.query import run_query

pytestmark = pytest.mark.integration

VIEWS = (
    "cost_by_team_month", "cost_by_feature", "cost_by_source", "unit_costs", "savings", "cost_drivers",
    "forecast_monthly", "cost_anomalies", "focus_costs", "budget_status", "analyses_by_day",
    "dashboard_readers",
)  # fmt: skip

DAY = "2025-06-10"
Z_OF_80_PERCENT = 1.2816


def cost(day: date, usd: float, **more: Any) -> Row:
    """Return a row of ``costs_daily``, all of one partition."""
    return {
        "dt": DAY,
        "usage_date": day,
        "cost_center": "news",
        "source": "shop",
        "feature": "labels",
        "media_type": "image",
        "price_item": "image-group-2",
        "units": usd * 1000,
        "usd": usd,
        **more,
    }


def use(media_id: str, key: str, **more: Any) -> Row:
    """Return a row of ``usage`` for an image that was paid for."""
    row = {
        "dt": DAY,
        "at": datetime(2025, 6, 10, 9),
        "usage_id": f"{media_id}-{key}",
        "media_id": media_id,
        "media_type": "image",
        "analysis_key": key,
        "cost_center": "news",
        "feature": "labels",
        "operation": "DetectLabels",
        "price_item": "image-group-2",
        "units": 1.0,
        "usd": 0.001,
        "saved_usd": 0.0,
        "list_usd": 0.001,
        "reused": False,
    }
    return row | more


def reuse(media_id: str, key: str, hour: int) -> Row:
    at = datetime(2025, 6, 10, hour)
    free = {"usd": 0.0, "list_usd": 0.0, "saved_usd": 0.001, "reused": True}
    return use(media_id, key, at=at, usage_id=f"{media_id}-{key}-{hour}", **free)


def asset(media_id: str, **more: Any) -> Row:
    return {"dt": DAY, "media_type": "image", "media_id": media_id, "content_id": media_id, **more}


Query = Callable[[str], list[tuple[Any, ...]]]


class CostLake(WrittenLake):
    """A lake with the views of costs, which the tests of this module write one after the other."""

    def __init__(self, client: Callable[[str], Any], name: str) -> None:
        self.bucket, self.s3, self._athena = name, client("s3"), client("athena")
        self.s3.create_bucket(Bucket=name)
        client("glue").create_database(DatabaseInput={"Name": name})
        output = {"ResultConfiguration": {"OutputLocation": f"s3://{name}/athena/"}}
        self._athena.create_work_group(Name=name, Configuration=output)
        super().__init__(self.s3, name, name, self.query)
        self.make_views(*VIEWS)

    def records(self, sql: str) -> list[dict[str, Any]]:
        """Run a query and return its rows by the names of their columns, instants as such."""
        result = run_query(self._athena, sql, database=self.bucket, workgroup=self.bucket)
        rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
        return [{name: _instant(name, value) for name, value in row.items()} for row in rows]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows, their numbers rounded to a millionth."""
        rows = run_query(self._athena, sql, database=self.bucket, workgroup=self.bucket).rows
        return [
            tuple(round(value, 6) if isinstance(value, float) else value for value in row) for row in rows
        ]


def _instant(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if "Period" in name else value


@pytest.fixture(scope="module")
def cost_lake(client: Callable[[str], Any]) -> CostLake:
    return CostLake(client, f"costs-{uuid4().hex[:8]}")


@pytest.fixture
def lake(cost_lake: CostLake) -> CostLake:
    """A lake with views and without rows."""
    delete_prefix(cost_lake.s3, f"s3://{cost_lake.bucket}/curated/")
    return cost_lake


@pytest.fixture
def query(lake: CostLake) -> Query:
    return lake.query


def test_months_are_summed_by_team_by_feature_and_by_source(lake: CostLake, query: Query) -> None:
    lake.insert(
        "costs_daily",
        cost(date(2025, 5, 31), 1.0),
        cost(date(2025, 6, 1), 2.0),
        cost(date(2025, 6, 2), 1.0, source="site", feature="text", units=2000.0),
        cost(date(2025, 6, 2), 1.0, cost_center="archive", media_type="video", price_item="video-minutes"),
    )
    assert query("SELECT * FROM cost_by_team_month ORDER BY 1, 2") == [
        ("2025-05", "news", 1.0, 100.0),
        ("2025-06", "archive", 1.0, 25.0),
        ("2025-06", "news", 3.0, 75.0),
    ]
    columns = "feature, media_type, units, usd, usd_per_unit"
    june = "WHERE billing_month = '2025-06' ORDER BY 1, 2"
    assert query(f"SELECT {columns} FROM cost_by_feature {june}") == [
        ("labels", "image", 2000.0, 2.0, 0.001),
        ("labels", "video", 1000.0, 1.0, 0.001),
        ("text", "image", 2000.0, 1.0, 0.0005),
    ]
    assert query(f"SELECT source, cost_center, usd, share_percent FROM cost_by_source {june}") == [
        ("shop", "archive", 1.0, 25.0),
        ("shop", "news", 2.0, 50.0),
        ("site", "news", 1.0, 25.0),
    ]


def test_a_minute_of_film_counts_once_whatever_is_asked_of_it(lake: CostLake, query: Query) -> None:
    video = {"media_type": "video", "operation": "StartLabelDetection", "price_item": "video-minutes"}
    minutes = {**video, "units": 0.4, "usd": 0.04}
    lake.insert(
        "media_assets",
        asset("a"),
        asset("copy", content_id="a"),
        asset("v", media_type="video", duration_ms=24_000),
        asset("w", media_type="video", content_id="v", duration_ms=24_000),
    )
    lake.insert(
        "usage",
        use("a", "1"),
        use("a", "2", feature="text"),
        use("b", "3"),  # its day no longer has it
        reuse("copy", "1", 10),
        use("arn:model", "4", operation="StartProjectVersion", price_item="hours", units=10.0, usd=0.5),
        *(use("v", f"5{feature}", feature=feature, **minutes) for feature in ("labels", "text", "faces")),
        use("w", "6", feature="segments", **minutes),
        use("gone", "7", **{**minutes, "units": 1.6, "usd": 0.16}),
    )
    assert query("SELECT * FROM unit_costs ORDER BY media_type") == [
        ("2025-06", "news", "image", 2.0, None, 0.503, 251.5, None),
        ("2025-06", "news", "video", 2.0, 2.0, 0.32, None, 0.16),
    ]


def test_a_day_that_is_run_ten_times_saves_nothing_and_a_copy_of_a_file_saves_once(
    lake: CostLake, query: Query
) -> None:
    lake.insert(
        "usage",
        use("a", "1"),
        *(reuse("a", "1", hour) for hour in range(10, 20)),
        use("first", "2"),
        *(reuse("copy", "2", hour) for hour in (11, 12)),
    )
    columns = "kind, is_saving, analyses, usd"
    assert query(f"SELECT {columns} FROM savings ORDER BY kind") == [
        ("duplicate content", True, 1.0, 0.001),
        ("re-run", False, 2.0, 0.011),
    ]


def test_what_is_rejected_before_paying_and_what_frames_save_is_at_the_list_price(
    lake: CostLake, query: Query
) -> None:
    job = {"operation": "StartLabelDetection", "price_item": "video-minutes", "media_type": "video"}
    frames = {"media_type": "video", "units": 30.0, "usd": 0.03, "list_usd": 0.03}
    lake.insert(
        "media_assets",
        asset("bad"),
        asset("odd", media_type="video", duration_ms=120_000),
        asset("cheap", media_type="video", duration_ms=60_000),
        asset("dear", media_type="video", duration_ms=12_000),
    )
    rejected = {"status": "rejected", "feature": "labels"}
    lake.insert(
        "analyses",
        {**asset("bad"), **rejected},
        {**asset("bad"), **rejected, "feature": "custom_labels"},  # never paid for: no price
        {**asset("bad"), **rejected, "dt": "2025-06-11"},  # found again the next day
        {**asset("odd", media_type="video"), **rejected},
    )
    lake.insert("media_assets", asset("bad", dt="2025-06-11"))
    lake.insert(
        "usage",
        use("a", "1", usd=0.0006),  # at the third tier
        use("v", "2", **job, units=3.0, usd=0.3, list_usd=0.3),
        use("cheap", "3", **frames),
        use("dear", "4", **frames),
    )
    assert query("SELECT kind, analyses, usd FROM savings ORDER BY kind") == [
        ("cheaper route", 1.0, 0.07),
        ("rejected before paying", 2.0, 0.201),
    ]


def test_a_change_is_split_into_volume_and_price_and_a_running_month_meets_the_same_days(
    lake: CostLake, query: Query
) -> None:
    lake.insert(
        "costs_daily",
        cost(date(2025, 4, 30), 1.0),
        cost(date(2025, 5, 3), 2.0),
        cost(date(2025, 5, 20), 4.0),
        cost(date(2025, 6, 2), 2.4, units=3000.0),
        cost(date(2025, 6, 10), 1.0, feature="text"),
        cost(date(2025, 5, 9), 5.0, feature="faces"),
    )
    columns = "billing_month, feature, usd, previous_usd, change_usd, volume_usd, price_usd"
    assert query(f"SELECT {columns} FROM cost_drivers ORDER BY 1, 2") == [
        ("2025-04", "labels", 1.0, 0.0, 1.0, 1.0, 0.0),
        ("2025-05", "faces", 5.0, 0.0, 5.0, 5.0, 0.0),
        ("2025-05", "labels", 6.0, 1.0, 5.0, 5.0, 0.0),
        ("2025-06", "faces", 0.0, 5.0, -5.0, -5.0, 0.0),
        ("2025-06", "labels", 2.4, 2.0, 0.4, 1.0, -0.6),
        ("2025-06", "text", 1.0, 0.0, 1.0, 1.0, 0.0),
    ]


def test_a_whole_month_is_compared_with_all_of_the_month_before(lake: CostLake, query: Query) -> None:
    lake.insert("costs_daily", cost(date(2025, 5, 31), 2.0), cost(date(2025, 6, 30), 3.0))
    (row,) = query("SELECT usd, previous_usd FROM cost_drivers WHERE billing_month = '2025-06'")
    assert row == (3.0, 2.0)


def test_the_forecast_hits_the_month_and_its_band_holds_eight_of_ten(lake: CostLake, query: Query) -> None:
    """A backtest: 300 teams whose weekdays cost 10 and weekends 2, each day 30 percent more or less."""
    chance, as_of, end = random.Random(7), date(2025, 6, 10), date(2025, 6, 30)
    first = as_of - timedelta(days=69)
    known, ends = [], {}
    for number in range(300):
        team = f"team-{number:03}"
        days = [first + timedelta(days=each) for each in range((end - first).days + 1)]
        usd = {day: (10.0 if day.weekday() < 5 else 2.0) * chance.uniform(0.7, 1.3) for day in days}
        known += [cost(day, usd[day], cost_center=team) for day in days if day <= as_of]
        ends[team] = sum(value for day, value in usd.items() if day.month == end.month)
    lake.insert("costs_daily", *known)
    rows = query("SELECT cost_center, forecast_usd, low_usd, high_usd FROM forecast_monthly")
    found = {row[0]: row[1:] for row in rows}
    assert set(found) == {None, *ends}
    held = [found[team][1] <= total <= found[team][2] for team, total in ends.items()]
    assert 0.75 <= sum(held) / len(held) <= 0.87
    forecast, low, high = found[None]
    assert forecast == pytest.approx(sum(ends.values()), rel=0.01)
    assert low < forecast < high


def test_the_forecast_adds_weekday_means_to_what_was_paid(lake: CostLake, query: Query) -> None:
    as_of = date(2025, 6, 27)
    days = [as_of - timedelta(days=number) for number in range(28)]
    lake.insert("costs_daily", *(cost(day, float(day.isoweekday())) for day in days))
    so_far = sum(day.isoweekday() for day in days if day.month == as_of.month)
    to_come = sum(
        date(2025, 6, day).isoweekday()
        for day in range(as_of.day + 1, calendar.monthrange(as_of.year, as_of.month)[1] + 1)
    )
    rows = query("SELECT * FROM forecast_monthly WHERE cost_center = 'news'")
    assert rows == [
        ("2025-06", "news", "2025-06-27", so_far, so_far + to_come, so_far + to_come, so_far + to_come, 28.0)
    ]


def test_a_team_of_some_days_has_a_forecast_without_a_band(lake: CostLake, query: Query) -> None:
    lake.insert("costs_daily", *(cost(date(2025, 6, day), 1.0) for day in range(1, 11)))
    columns = "forecast_usd, low_usd, high_usd, learned_days"
    rows = query(f"SELECT {columns} FROM forecast_monthly WHERE cost_center = 'news'")
    assert rows == [(30.0, None, None, 10.0)]


def test_a_jump_is_an_anomaly_on_both_of_its_days_and_ordinary_days_are_none(
    lake: CostLake, query: Query
) -> None:
    chance = random.Random(3)
    days = [date(2025, 5, 1) + timedelta(days=number) for number in range(41)]
    jump = {days[-1]: 30.0, days[-2]: 25.0, days[20]: 40.0}
    lake.insert(
        "costs_daily",
        *(cost(day, jump.get(day, chance.uniform(9.0, 11.0))) for day in days),
        *(cost(day, 0.02 if day == days[-1] else 0.001, feature="text") for day in days),
        *(cost(day, 100.0, feature="faces") for day in days[-10:]),  # too new to judge
    )
    columns = "usage_date, feature, is_recent"
    odd = query(f"SELECT {columns} FROM cost_anomalies WHERE is_anomaly ORDER BY usage_date")
    assert odd == [
        (days[20].isoformat(), "labels", False),
        (days[-2].isoformat(), "labels", True),
        (days[-1].isoformat(), "labels", True),
    ]
    assert query("SELECT count(*) FROM cost_anomalies WHERE feature = 'faces'") == [(0,)]
    judged = query("SELECT count(*), min(usage_date) FROM cost_anomalies WHERE feature = 'labels'")
    assert judged == [(26, days[15].isoformat())]


def test_days_without_use_count_as_nothing_in_what_is_usual(lake: CostLake, query: Query) -> None:
    days = [date(2025, 5, 1) + timedelta(days=number) for number in range(0, 41, 5)]
    lake.insert("costs_daily", *(cost(day, 5.0) for day in days))
    (row,) = query("SELECT usual_usd, spread_usd, usd FROM cost_anomalies ORDER BY usage_date DESC LIMIT 1")
    assert [row] == [(0.0, 0.1, 5.0)]


MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/logos.1/1700000000000"


def budget(as_of: datetime, cost_center: str, spent_usd: float, **more: Any) -> Row:
    row = {"dt": DAY, "month": "2025-06", "cost_center": cost_center, "kind": "soft", "limit_usd": 100.0}
    return row | {"spent_usd": spent_usd, "reserved_usd": 0.0, "as_of": as_of} | more


def test_a_budget_stands_as_the_last_report_found_it(lake: CostLake, query: Query) -> None:
    first, last = datetime(2025, 6, 10, 8), datetime(2025, 6, 10, 9)
    lake.insert(
        "budgets",
        budget(first, "news", 10.0),
        budget(last, "news", 70.0, reserved_usd=10.0, kind="hard"),
        budget(first, "archive", 101.0),
        budget(first, "promo", 40.0),
        budget(first, "shop", 0.0, limit_usd=0.0),
    )
    # Fourteen days of use: June will cost promo 150 dollars.
    lake.insert("costs_daily", *(cost(date(2025, 6, day), 5.0, cost_center="promo") for day in range(1, 15)))
    assert query(
        "SELECT cost_center, kind, left_usd, used_percent, forecast_usd, state FROM budget_status ORDER BY 1"
    ) == [
        ("archive", "soft", -1.0, 101.0, None, "exceeded"),
        ("news", "hard", 20.0, 80.0, None, "nearly used"),
        ("promo", "soft", 60.0, 40.0, 150.0, "will be exceeded"),
        ("shop", "soft", 0.0, None, None, "nearly used"),
    ]


def test_analyses_are_counted_by_day_team_and_how_they_ended(lake: CostLake, query: Query) -> None:
    lake.insert(
        "media_assets",
        *(asset(media_id, cost_center="news", source="shop") for media_id in ("a", "b")),
    )
    analysis = {"dt": DAY, "media_type": "image", "feature": "labels", "units": 1.0, "findings": 3}
    failed = {"status": "failed", "error_code": "AccessDenied", "units": None, "findings": None}
    lake.insert(
        "analyses",
        analysis | {"media_id": "a", "status": "succeeded"},
        analysis | {"media_id": "b", "status": "succeeded"},
        analysis | {"media_id": "b", "feature": "text"} | failed,
    )
    assert query("SELECT * FROM analyses_by_day ORDER BY feature") == [
        (DAY, "shop", "news", "image", "labels", "succeeded", None, 2, 2.0, 6),
        (DAY, "shop", "news", "image", "text", "failed", "AccessDenied", 1, None, None),
    ]


def test_each_team_has_a_group_of_readers_and_finance_sees_all(lake: CostLake, query: Query) -> None:
    lake.insert("media_assets", asset("a", cost_center="news"), asset("b", cost_center="news"))
    lake.insert("costs_daily", cost(date(2025, 6, 1), 1.0, cost_center="finance"))
    assert query("SELECT groupname, cost_center FROM dashboard_readers ORDER BY 1") == [
        ("media-lake-finance", None),
        ("media-lake-team-finance", "finance"),
        ("media-lake-team-news", "news"),
    ]


def billed(media_id: str, key: str, usage_type: str, tier: str, **more: Any) -> Row:
    row = use(media_id, key, price_version="us-east-1-2025-06-01", source="shop")
    return {**row, "usage_type": f"USE1-{usage_type}", "price_tier": tier, "billing_month": "2025-06", **more}


def focus_usage() -> list[Row]:
    """Return usage of each kind: images at two tiers, minutes, hours, and what was reused."""
    job = {"media_type": "video", "operation": "StartLabelDetection", "price_item": "video-minutes"}
    hours = {"operation": "StartProjectVersion", "price_item": "custom-labels-inference-hours"}
    images = "Group2-ImagesProcessed"
    return [
        *(billed(f"i{number}", f"{number}", images, "0-1000000") for number in range(7)),
        billed("i8", "8", images, "1000000-5000000", usd=0.0008),
        billed("i9", "9", images, "0-1000000", at=datetime(2025, 6, 30, 23, 59), cost_center="archive"),
        billed("v", "10", "MinutesOfVideoProcessed", "0-Inf", **job, units=0.4, usd=0.04, list_usd=0.04),
        billed(MODEL, "11", "inferenceminutes", "0-Inf", **hours, units=1 / 3, usd=4 / 3, list_usd=4 / 3),
        billed("zero", "12", "MinutesOfVideoProcessed", "0-Inf", **job, units=0.0, usd=0.0, list_usd=0.0),
        {**billed("copy", "1", images, "0-1000000"), **reuse("copy", "1", 11)},
    ]


def test_the_cost_page_reads_the_newest_budgets_the_bill_by_month_and_14_months_of_costs(
    lake: CostLake, query: Query
) -> None:
    june = {"dt": DAY, "month": "2025-06", "cost_center": "news", "kind": "hard"}
    lake.insert(
        "budgets",
        {**june, "limit_usd": 10.0, "as_of": datetime(2025, 6, 9)},
        {**june, "limit_usd": 20.0, "as_of": datetime(2025, 6, 10)},
        {**june, "limit_usd": 5.0, "as_of": datetime(2025, 6, 1), "month": "2025-05"},
    )
    line = {"dt": DAY, "usage_type": "USE1-Group2", "lake_usd": 1.0, "bill_usd": 1.5, "unexplained_usd": 0.5}
    lake.insert(
        "reconciliation",
        {**line, "usage_date": date(2025, 6, 1), "cause": None},
        {**line, "usage_date": date(2025, 6, 2), "cause": None},
        {**line, "usage_date": date(2025, 6, 3), "cause": "rounding", "unexplained_usd": 0.0},
    )
    lake.insert(
        "costs_daily", *(cost(day, 1.0) for day in (date(2024, 4, 30), date(2024, 5, 1), date(2025, 6, 9)))
    )

    def read(name: str) -> list[tuple[Any, ...]]:
        return query(load_sql(f"reports/{name}", database=lake.bucket))

    assert read("page_budgets") == [("2025-05", "news", "hard", 5.0), ("2025-06", "news", "hard", 20.0)]
    assert sorted(read("page_bill"), key=str) == [
        ("2025-06", "USE1-Group2", "rounding", 1, 1.0, 1.5, 0.0),
        ("2025-06", "USE1-Group2", None, 2, 2.0, 3.0, 1.0),
    ]
    assert [str(row[0]) for row in read("costs")] == ["2024-05-01", "2025-06-09"]
    assert [row[:1] + row[6:8] for row in read("page_drivers")] == [
        ("2024-04", 0.0, 1.0),
        ("2024-05", 1.0, 0.0),
        ("2024-06", 1.0, -1.0),
        ("2025-06", 0.0, 1.0),
    ]
    assert {row[1] for row in read("page_forecast")} == {"news", None}
    assert [row[2:] for row in read("page_anomalies")] == [("news", "labels", 1.0, 0.0)]
    assert read("page_unit_costs") == read("page_savings") == []


def test_charges_keep_the_rules_of_focus(lake: CostLake) -> None:
    lake.insert("usage", *focus_usage())
    charges = lake.records("SELECT * FROM focus_costs")
    assert len(charges) == 5
    assert list(violations(list(charges[0]), charges)) == []
    assert sum(charge["BilledCost"] for charge in charges) == pytest.approx(
        sum(row["usd"] for row in focus_usage())
    )
    by_tier = {charge["SkuPriceId"]: charge for charge in charges if charge["x_CostCenter"] == "news"}
    second = by_tier["USE1-Group2-ImagesProcessed/image-group-2/1000000-5000000"]
    assert (second["ListUnitPrice"], second["ContractedUnitPrice"]) == (0.001, 0.0008)
    (model,) = (charge for charge in charges if charge["ResourceId"])
    assert (model["ResourceName"], model["PricingUnit"]) == ("logos/version/logos.1", "Hours")
    assert model["Tags"] == '{"cost_center":"news","feature":"labels","source":"shop"}'


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ListCost": 0.0071}, "ListUnitPrice x PricingQuantity is"),
        ({"ChargeClass": "None"}, "ChargeClass is 'None'"),
        ({"SkuId": None}, "SkuId is null"),
        ({"RegionName": None}, "only one of RegionId and RegionName is null"),
        ({"BillingCurrency": "usd"}, "BillingCurrency is no code"),
        ({"PricingUnit": "image"}, "PricingUnit is 'image'"),
        ({"Tags": '{"a": ["b"]}'}, "Tags is no JSON object of scalars"),
        ({"ChargePeriodEnd": datetime(2025, 7, 2)}, "is not within the billing period"),
        ({"EffectiveCost": "0.007"}, "EffectiveCost is '0.007'"),
        ({"CostCenter": "news"}, "CostCenter is neither of FOCUS nor x_"),
    ],
)
def test_the_rules_of_focus_are_told_when_they_are_broken(
    focus_charge: dict[str, Any], change: dict[str, Any], told: str
) -> None:
    broken = {**focus_charge, **change}
    assert any(told in text for text in violations(list(broken), [broken]))
    without = {name: value for name, value in focus_charge.items() if name != "ServiceName"}
    assert "ServiceName is missing" in violations(list(without), [])


@pytest.fixture(scope="module")
def focus_charge(cost_lake: CostLake) -> dict[str, Any]:
    """A charge that breaks no rule."""
    cost_lake.insert("usage", *focus_usage()[:7])
    (charge,) = cost_lake.records("SELECT * FROM focus_costs")
    assert list(violations(list(charge), [charge])) == []
    return charge
