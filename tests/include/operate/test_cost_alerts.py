"""Alerts about money say what is wrong in one page, and what to do."""

from __future__ import annotations

from datetime import date

from include.operate.cost_alerts import costly_days, old_price_book, unexplained_bill

DAY = {"usage_date": date(2026, 11, 20), "cost_center": "news", "feature": "labels"}


def test_costly_days_are_named_with_what_is_usual() -> None:
    alert = costly_days([{**DAY, "usd": 1234.5, "usual_usd": 10.0}])
    assert alert.subject == "1 day of use costs much more than usual"
    assert alert.lines[0] == "2026-11-20, news, labels: $1,234.50, usually $10.00"


def test_a_message_has_ten_lines_and_tells_how_many_there_are() -> None:
    alert = costly_days([{**DAY, "usd": 20.0, "usual_usd": 10.0}] * 13)
    assert alert.subject == "13 days of use cost much more than usual"
    assert len(alert.lines) == 12
    assert alert.lines[10] == "and 3 more"


def test_a_difference_is_told_in_units_and_dollars() -> None:
    row = {
        "usage_date": date(2026, 11, 20),
        "usage_type": "USE1-Group2-ImagesProcessed",
        "bill_units": 12_000.0,
        "bill_usd": -3.0,
        "lake_units": 11_000.0,
        "lake_usd": 11.0,
    }
    alert = unexplained_bill([row])
    assert alert.subject == "1 difference between bill and lake without a cause"
    assert alert.lines[0] == (
        "2026-11-20, USE1-Group2-ImagesProcessed: the bill has 12000 units and -$3.00, "
        "the lake 11000 and $11.00"
    )


def test_an_old_price_book_is_told_with_its_age() -> None:
    alert = old_price_book("us-east-1-2026-10-07", date(2026, 10, 7), date(2027, 1, 6))
    assert alert.subject == "price book us-east-1-2026-10-07 is 91 days old"
