"""Prices against arithmetic done by hand, or by a second, slower way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from include.core.features import FEATURES, ImageCall, VideoJob
from include.core.prices import PRICES, PriceBook, PriceError, load_price_book

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


def lines_of(call: ImageCall | VideoJob) -> tuple[str, ...]:
    """Return every line that a call can be billed by, whatever its request chooses."""
    kinds = call.choice.kinds.values() if call.choice else ()
    return (*call.price_items, *(kind.price_item for kind in kinds))


@pytest.mark.parametrize("region", sorted(path.name for path in PRICES.iterdir()))
def test_the_book_of_a_region_has_every_line_that_features_are_billed_by(region: str) -> None:
    book = load_price_book(region)
    assert book.region == region
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
    with pytest.raises(PriceError, match=r"no line 'image-group-9'.*image-group-2.*REGION=us-east-1`"):
        book.usd("image-group-9", 1)
    with pytest.raises(PriceError, match=r"lack region 'mars-north-1' .*`make prices REGION=mars-north-1`"):
        load_price_book("mars-north-1")
    with pytest.raises(PriceError, match=r"the price books lack region '\.\./prices"):
        load_price_book("../prices/us-east-1")
    with pytest.raises(PriceError, match="no line"):
        book.usd("unknown", 1)
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
    (tmp_path / "us-east-1").mkdir()
    (tmp_path / "us-east-1" / "2026-10-07.yaml").write_text("version: 1")
    monkeypatch.setattr("include.core.prices.PRICES", tmp_path)
    with pytest.raises(PriceError, match=r"include/core/price_books/us-east-1/2026-10-07\.yaml is wrong"):
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
