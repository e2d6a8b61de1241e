"""Every difference between the lake and the bill has its cause, and what has none is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from include.core.prices import PriceBook, load_price_book
from include.report.bill_lines import Line
from include.report.reconciliation import Cause, Compared, Policy, reconcile

IMAGES, FACES, VIDEO, MODELS = (
    f"USE1-{name}"
    for name in (
        "Group2-ImagesProcessed",
        "Group1-ImagesProcessed",
        "MinutesOfVideoProcessed",
        "inferenceminutes",
    )
)
ITEMS = {
    IMAGES: ("image-group-2",),
    FACES: ("image-group-1",),
    VIDEO: ("video-minutes", "video-shot-minutes"),
    MODELS: ("custom-labels-inference-hours",),
}
DAYS_AROUND_A_MONTHS_END = (date(2026, 10, 31), date(2026, 11, 1))
POLICY = Policy(usd=0.01, share=0.005, complete_until=date(2026, 11, 25))


def _book() -> PriceBook:
    book = load_price_book("us-east-1")
    free = {IMAGES: 1000, FACES: 0, VIDEO: 0, MODELS: 0}
    items = {
        name: book.item(name).model_copy(update={"free_monthly_units": free[usage_type]})
        for usage_type, names in ITEMS.items()
        for name in names
    }
    return book.model_copy(update={"items": items})


BOOK = _book()


def november(day: int) -> date:
    return date(2026, 11, day)


def agreed(usage_type: str, day: int, units: float, usd: float) -> Line:
    """Return a line on which lake and bill agree."""
    return Line(
        november(day),
        usage_type,
        ITEMS.get(usage_type, ()),
        lake_units=units,
        lake_usd=usd,
        rounded_units=units,
        rounded_usd=usd,
        bill_units=units,
        usage_usd=usd,
    )


def month() -> dict[tuple[str, int], Line]:
    """Return three weeks on which lake and bill agree: a dollar of images a day, two of faces, and so on."""
    daily = {IMAGES: (2000.0, 2.0), FACES: (2000.0, 2.0), VIDEO: (30.0, 2.5), MODELS: (3.0, 12.0)}
    return {
        (usage_type, day): agreed(usage_type, day, units, usd)
        for usage_type, (units, usd) in daily.items()
        for day in range(1, 22)
    }


def compare(lines: dict[tuple[str, int], Line], **policy: Any) -> dict[tuple[str, int], Compared]:
    found = reconcile(lines.values(), lambda _: BOOK, replace(POLICY, **policy))
    return {(each.line.usage_type, each.line.usage_date.day): each for each in found}


def causes(lines: dict[tuple[str, int], Line], **policy: Any) -> dict[tuple[str, int], Any]:
    """Return the causes of every line that does not agree; ``unexplained`` where there is a rest."""
    return {
        place: tuple(part.cause for part in each.parts)
        + (("unexplained",) if each.status == "unexplained" else ())
        for place, each in compare(lines, **policy).items()
        if each.status != "agrees"
    }


def plant(lines: dict[tuple[str, int], Line], usage_type: str, day: int, **values: float) -> None:
    """Add to the values of a line."""
    line = lines[usage_type, day]
    added = {name: getattr(line, name) + value for name, value in values.items()}
    lines[usage_type, day] = replace(line, **added)


def test_a_lake_that_agrees_with_its_bill_has_no_causes() -> None:
    assert causes(month()) == {}
    assert {each.status for each in compare(month()).values()} == {"agrees"}


def test_eight_planted_differences_have_their_eight_causes_and_there_are_none_besides() -> None:
    bill = month()
    plant(bill, IMAGES, 1, usage_usd=-1.0)
    plant(bill, IMAGES, 5, bill_units=80, usage_usd=0.08)
    plant(bill, IMAGES, 9, credits_usd=-1.5)
    plant(bill, VIDEO, 4, bill_units=6.4, rounded_units=6.4, rounded_usd=0.64, usage_usd=0.64)
    plant(bill, VIDEO, 12, bill_units=10, missing_units=10, missing_usd=1.0, usage_usd=1.0)
    plant(bill, FACES, 20, bill_units=-300, usage_usd=-0.3)
    plant(bill, FACES, 21, bill_units=300, usage_usd=0.3)
    for day in (15, 16):
        plant(bill, MODELS, day, usage_usd=1.2)
    other_region = "EUW1-Group2-ImagesProcessed"
    bill[other_region, 7] = Line(november(7), other_region, bill_units=5000, usage_usd=6.25)

    assert causes(bill) == {
        (IMAGES, 1): (Cause.FREE_TIER,),
        (IMAGES, 5): (Cause.REPEATED_CALLS,),
        (IMAGES, 9): (Cause.CREDITS,),
        (VIDEO, 4): (Cause.ROUNDING,),
        (VIDEO, 12): (Cause.MISSING_USAGE,),
        (FACES, 20): (Cause.LATE_USAGE,),
        (FACES, 21): (Cause.LATE_USAGE,),
        (MODELS, 15): (Cause.PRICE,),
        (MODELS, 16): (Cause.PRICE,),
        (other_region, 7): (Cause.OTHER_USERS,),
    }
    found = {part.cause for each in compare(bill).values() for part in each.parts}
    assert found == set(Cause)


@pytest.mark.parametrize(
    ("usage_type", "planted", "why"),
    [
        (IMAGES, {"bill_units": 101, "usage_usd": 0.101}, "one image above 5 % of 2000"),
        (IMAGES, {"bill_units": -50, "usage_usd": -0.05}, "less on a bill that is complete"),
        (VIDEO, {"bill_units": 7, "rounded_units": 5, "usage_usd": 0.7}, "more than rounding makes"),
        (MODELS, {"usage_usd": 1.2}, "another price, but on no other day"),
        (MODELS, {"usage_usd": -12.0}, "nothing charged for what is not free"),
        (IMAGES, {"usage_usd": -1.0}, "the price of the free units, which were used up on the first"),
    ],
)
def test_what_no_rule_explains_is_said(usage_type: str, planted: dict[str, float], why: str) -> None:
    bill = month()
    plant(bill, usage_type, 10, **planted)
    assert causes(bill) == {(usage_type, 10): ("unexplained",)}, why
    found = compare(bill)[usage_type, 10]
    assert found.unexplained_usd == pytest.approx(planted["usage_usd"])
    assert found.unexplained_units == pytest.approx(planted.get("bill_units", 0.0))


def test_differences_within_the_tolerance_are_none() -> None:
    bill = month()
    plant(bill, IMAGES, 10, bill_units=9, usage_usd=0.009)
    plant(bill, MODELS, 10, usage_usd=0.059)
    assert causes(bill) == {}
    assert causes(bill, share=0.0) == {(MODELS, 10): ("unexplained",)}


def test_a_shared_account_has_other_users_where_one_that_is_not_has_a_riddle() -> None:
    bill = month()
    plant(bill, IMAGES, 10, bill_units=9000, usage_usd=9.0)
    assert causes(bill) == {(IMAGES, 10): ("unexplained",)}
    assert causes(bill, shared_account=True) == {(IMAGES, 10): (Cause.OTHER_USERS,)}


def test_a_usage_type_that_the_lake_never_has_is_of_others() -> None:
    bill = {place: line for place, line in month().items() if line.usage_type != FACES}
    bill[FACES, 3] = Line(november(3), FACES, ITEMS[FACES], bill_units=100, usage_usd=0.1)
    assert causes(bill) == {(FACES, 3): (Cause.OTHER_USERS,)}


def test_others_move_the_tiers_of_later_days() -> None:
    bill = {(IMAGES, day): agreed(IMAGES, day, 600_000, 600.0) for day in (2, 3)}
    plant(bill, IMAGES, 2, bill_units=400_000, usage_usd=400.0)
    plant(bill, IMAGES, 3, usage_usd=-120.0)
    found = compare(bill, shared_account=True)
    assert [part._replace(reason="") for part in found[IMAGES, 2].parts] == [
        (Cause.OTHER_USERS, 400_000, 400.0, "")
    ]
    assert [part._replace(reason="") for part in found[IMAGES, 3].parts] == [
        (Cause.OTHER_USERS, 0.0, -120.0, "")
    ]
    assert {each.status for each in found.values()} == {"explained"}


def test_a_bill_that_is_not_complete_lacks_the_last_days() -> None:
    bill = month()
    for usage_type in ITEMS:
        line = bill[usage_type, 21]
        bill[usage_type, 21] = replace(line, bill_units=0.0, usage_usd=0.0)
    unfinished = causes(bill, complete_until=november(20))
    assert unfinished == {(usage_type, 21): (Cause.LATE_USAGE,) for usage_type in ITEMS}
    assert causes(bill) == {(usage_type, 21): ("unexplained",) for usage_type in ITEMS}


def test_one_line_can_have_several_causes_whose_parts_make_up_the_difference() -> None:
    bill = month()
    plant(bill, VIDEO, 10, bill_units=12, missing_units=10, missing_usd=0.5, usage_usd=0.7)
    plant(bill, VIDEO, 10, rounded_units=2, rounded_usd=0.2, credits_usd=-0.3, discounts_usd=-0.05)
    found = compare(bill)[VIDEO, 10]
    assert [(part.cause, part.units, round(part.usd, 9)) for part in found.parts] == [
        (Cause.MISSING_USAGE, 10, 0.5),
        (Cause.ROUNDING, 2, 0.2),
        (Cause.CREDITS, 0, -0.3),
        (Cause.PRICE, 0, -0.05),
    ]
    assert sum(part.usd for part in found.parts) == pytest.approx(found.line.bill_usd - found.line.lake_usd)
    assert found.status == "explained"


def test_units_that_move_to_the_next_month_are_late_too() -> None:
    last, first = (replace(agreed(VIDEO, 1, 30.0, 3.0), usage_date=day) for day in DAYS_AROUND_A_MONTHS_END)
    moved = [
        replace(last, bill_units=10.0, usage_usd=1.0),
        replace(first, bill_units=50.0, usage_usd=5.0),
    ]
    found = list(reconcile(moved, lambda _: BOOK, POLICY))
    assert [[part.cause for part in each.parts] for each in found] == [[Cause.LATE_USAGE]] * 2
