"""Prices against arithmetic done by hand, or by a second, slower way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from include.core.features import FEATURES, ImageCall, VideoJob
from include.core.prices import PRICES, PriceBook, PriceError, estimate, load_price_book
from include.core.schemas import TABLES
from include.report.pricing import billing_months, daily_costs, price_usage, usage_frame

IMAGES = "image-group-2"


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return load_price_book("us-east-1")


def a_book(**items: list[dict[str, Any]]) -> PriceBook:
    lines = {
        name: {
            "title": name, "usage_type": f"TEST-{name}", "unit": "image", "tiers": tiers, "source": "test",
            "certainty": "high",
        }
        for name, tiers in items.items()
    }  # fmt: skip
    return PriceBook.model_validate(
        {"version": "test-1", "effective": "2026-01-01", "region": "test", "currency": "USD", "items": lines}
    )


def log_line(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "usage_id": f"u{number:06d}",
        "at": (datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=number)).strftime(
            "%Y-%m-%dT%H:%M:%S.000"
        ),
        "dag_id": "enrich_images",
        "run_id": "run-1",
        "source": "sample",
        "cost_center": "media-team",
        "media_id": f"m{number}",
        "media_type": "image",
        "analysis_key": f"k{number}",
        "feature": "labels",
        "operation": "DetectLabels",
        "price_item": IMAGES,
        "units": 1.0,
        "reused": False,
        **changes,
    }


def lines_of(call: ImageCall | VideoJob) -> tuple[str, ...]:
    """Return every line that a call can be billed by, whatever its request chooses."""
    kinds = call.choice.kinds.values() if call.choice else ()
    return (*call.price_items, *(kind.price_item for kind in kinds))


@pytest.mark.parametrize("path", sorted(PRICES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_book_is_valid_and_has_every_line_that_features_are_billed_by(path: Any) -> None:
    book = load_price_book(path.stem)
    assert book.region == path.stem
    for feature in FEATURES.values():
        for call in (feature.image, feature.video):
            for item in lines_of(call) if call else ():
                assert book.usd(item, 1) > 0


@pytest.mark.parametrize(
    ("units", "before", "expected"),
    [
        (1, 0, 0.001),
        (1_000_000, 0, 1_000.0),
        (2_500_000, 0, 1_000 + 1_200),  # the worked example on AWS's page: 1 M at .001 and 1.5 M at .0008
        (2, 999_999, 0.001 + 0.0008),
        (1, 1_000_000, 0.0008),
        (40_000_000, 0, 1_000 + 3_200 + 18_000 + 1_250),
        (35_000_000, 5_000_000, 18_000 + 1_250),
        (0, 123, 0.0),
    ],
)
def test_images_cost_what_their_tiers_say(book: PriceBook, units: int, before: int, expected: float) -> None:
    assert book.usd(IMAGES, units, before) == expected


def test_video_is_priced_by_exact_minutes(book: PriceBook) -> None:
    assert book.usd("video-minutes", 90 / 60) == 0.15
    assert book.usd("video-shot-minutes", 2.5) + book.usd("video-technical-cue-minutes", 2.5) == 0.25


def test_what_has_no_price_is_an_error_and_never_free(book: PriceBook) -> None:
    with pytest.raises(PriceError, match=r"no line 'image-group-9'.*image-group-2"):
        book.usd("image-group-9", 1)
    with pytest.raises(PriceError, match=r"the price books lack region 'mars-north-1' and have .*us-east-1"):
        load_price_book("mars-north-1")
    with pytest.raises(PriceError, match=r"the price books lack region '\.\./prices"):
        load_price_book("../prices/us-east-1")
    with pytest.raises(PriceError, match="no line"):
        estimate({"unknown": 1}, {}, book)
    with pytest.raises(PriceError, match="no line"):
        price_usage(usage_frame([log_line(1, price_item="unknown")]), book, {})
    with pytest.raises(ValueError, match="zero or more"):
        book.usd(IMAGES, -1)
    with pytest.raises(ValueError, match="zero or more"):
        book.usd(IMAGES, float("nan"))


@pytest.mark.parametrize(
    "tiers",
    [
        [],
        [{"up_to": 10, "usd": "1"}],
        [{"usd": "1"}, {"usd": "2"}],
        [{"up_to": 10, "usd": "1"}, {"up_to": 10, "usd": "1"}, {"usd": "1"}],
        [{"usd": "0"}],
    ],
)
def test_a_book_with_wrong_tiers_is_refused(tiers: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        a_book(x=tiers)


def test_a_wrong_file_is_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "us-east-1.yaml").write_text("version: 1")
    monkeypatch.setattr("include.core.prices.PRICES", tmp_path)
    with pytest.raises(PriceError, match=r"include/core/price_books/us-east-1\.yaml is wrong"):
        load_price_book("us-east-1")


@given(
    edges=st.lists(st.integers(1, 50), min_size=1, max_size=4, unique=True).map(sorted),
    before=st.integers(0, 60),
    units=st.integers(0, 60),
)
def test_tiers_agree_with_pricing_unit_by_unit(edges: list[int], before: int, units: int) -> None:
    dollars = ["0.7", "0.31", "0.29", "0.11", "0.03"][: len(edges) + 1]
    tiers = [{"up_to": edge, "usd": usd} for edge, usd in zip(edges, dollars, strict=False)] + [
        {"usd": dollars[-1]}
    ]
    one_by_one = sum(
        Decimal(dollars[sum(number >= edge for edge in edges)]) for number in range(before, before + units)
    )
    assert a_book(x=tiers).exact_usd("x", units, before) == one_by_one


def test_an_estimate_is_honest_about_its_range(book: PriceBook) -> None:
    price = estimate({IMAGES: 1_500, "video-minutes": 10}, {IMAGES: 400}, book)
    assert price.likely == 1.5 + 1.0
    assert price.low == 0.9 + 0.0  # 600 images and all ten minutes are within the free tier
    assert price.high == pytest.approx((1.5 + 1.0) * 1.05)
    assert [(line.item, line.units) for line in price.lines] == [(IMAGES, 1_500), ("video-minutes", 10)]
    assert estimate({}, {}, book).high == 0.0


def test_an_estimate_at_volume_is_likely_cheap_and_at_most_list_price(book: PriceBook) -> None:
    price = estimate({IMAGES: 1_000}, {IMAGES: 36_000_000}, book)
    assert (price.low, price.likely, price.high) == (0.25, 0.25, 1.05)


@given(units=st.floats(0, 5e6), used=st.floats(0, 4e7))
@settings(deadline=None)
def test_low_likely_and_high_are_in_order(units: float, used: float) -> None:
    price = estimate({IMAGES: units}, {IMAGES: used}, load_price_book("us-east-1"))
    assert price.low <= price.likely <= price.high


def test_usage_is_priced_in_order_of_use_whatever_its_order_in_the_log(book: PriceBook) -> None:
    lines = [log_line(2), log_line(0), log_line(1)]
    priced = price_usage(usage_frame(lines), book, {("2026-11", IMAGES): 999_998.0})
    assert priced[["usage_id", "usd"]].values.tolist() == [
        ["u000002", 0.0008],
        ["u000000", 0.001],
        ["u000001", 0.001],
    ]
    assert set(priced["price_version"]) == {book.version}


def test_reuse_costs_nothing_saves_the_marginal_price_and_moves_no_tier(book: PriceBook) -> None:
    lines = [log_line(0, reused=True), log_line(1), log_line(2, reused=True), log_line(3)]
    priced = price_usage(usage_frame(lines), book, {("2026-11", IMAGES): 999_999.0})
    assert priced["usd"].tolist() == [0.0, 0.001, 0.0, 0.0008]
    assert priced["saved_usd"].tolist() == [0.001, 0.0, 0.0008, 0.0]


def test_each_month_starts_at_the_first_tier(book: PriceBook) -> None:
    lines = [log_line(0, at="2026-11-30T23:59:59.999"), log_line(1, at="2026-12-01T00:00:00.000")]
    usage = usage_frame(lines)
    priced = price_usage(usage, book, {("2026-11", IMAGES): 2_000_000.0})
    assert priced["usd"].tolist() == [0.0008, 0.001]
    assert billing_months(usage) == [
        ("2026-11", pd.Timestamp("2026-11-01"), pd.Timestamp("2026-11-30T23:59:59.999")),
        ("2026-12", pd.Timestamp("2026-12-01"), pd.Timestamp("2026-12-01")),
    ]


def test_a_line_logged_twice_by_a_retry_is_paid_once(book: PriceBook) -> None:
    assert price_usage(usage_frame([log_line(1), log_line(1)]), book, {})["usd"].tolist() == [0.001]


def test_row_prices_add_up_to_the_price_of_the_whole(book: PriceBook) -> None:
    minutes = [0.1 * number + 1 / 3 for number in range(1_000)]
    lines = [log_line(n, price_item="video-minutes", units=units) for n, units in enumerate(minutes)]
    lines += [log_line(1_000 + number) for number in range(3_000)]
    priced = price_usage(usage_frame(lines), book, {("2026-11", IMAGES): 4_999_000.0})
    assert priced["usd"].sum() == pytest.approx(sum(minutes) / 10 + 1_000 * 0.0008 + 2_000 * 0.0006, abs=1e-6)


def test_daily_costs_sum_by_day_team_and_line(book: PriceBook) -> None:
    lines = [
        log_line(0),
        log_line(1, reused=True),
        log_line(2, reused=True),
        log_line(3, cost_center="news"),
        log_line(4, at="2026-11-21T00:00:00.000"),
        log_line(5, media_type="video", feature="segments", operation="StartSegmentDetection",
                 price_item="video-shot-minutes", units=0.25),
    ]  # fmt: skip
    costs = daily_costs(price_usage(usage_frame(lines), book, {}))
    found = {
        (str(row.usage_date), row.cost_center, row.price_item): (
            row.analyses, row.units, row.usd, row.reused_analyses, row.reused_units, row.saved_usd,
        )
        for row in costs.itertuples()
    }  # fmt: skip
    assert found == {
        ("2026-11-20", "media-team", IMAGES): (1, 1.0, 0.001, 2, 2.0, 0.002),
        ("2026-11-20", "news", IMAGES): (1, 1.0, 0.001, 0, 0.0, 0.0),
        ("2026-11-21", "media-team", IMAGES): (1, 1.0, 0.001, 0, 0.0, 0.0),
        ("2026-11-20", "media-team", "video-shot-minutes"): (1, 0.25, 0.0125, 0, 0.0, 0.0),
    }


@pytest.mark.parametrize(
    "lines", [[], [log_line(1), log_line(2, reused=True)]], ids=["nothing used", "two rows"]
)
def test_rows_fit_the_tables_they_are_written_to(book: PriceBook, lines: list[dict[str, Any]]) -> None:
    usage = price_usage(usage_frame(lines), book, {})
    costs = daily_costs(usage)
    for frame, table in ((usage, TABLES["usage"]), (costs, TABLES["costs_daily"])):
        written = pa.Table.from_pandas(frame, schema=table.arrow_schema, preserve_index=False)
        written.validate(full=True)
        assert written.num_rows == len(frame)


def test_the_log_is_read_as_a_stream() -> None:
    def lines() -> Iterator[dict[str, Any]]:
        for number in range(120_000):
            yield log_line(number)

    frame = usage_frame(lines())
    assert len(frame) == 120_000
    assert str(frame["at"].iloc[-1]) == "2026-11-21 09:19:59"
