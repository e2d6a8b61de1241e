"""Corruptions of the costs of a clean day, each found by the rule that is there for it."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from include.core.validation_rules import RULES
from include.store.objects import Row
from tests.include.validate.clean_costs import CostDay, make_cost_day

USAGE, COSTS = "usage", "costs_daily"
PRICES = "dollars_are_units_times_a_price_of_the_book"
SUMS, KEYS = "costs_are_the_sum_of_the_usage", "costs_have_the_keys_of_the_usage"
LOST = "what_was_paid_for_is_in_the_usage"

Change = Callable[[CostDay], None]


@pytest.fixture(scope="module")
def clean_day() -> CostDay:
    return make_cost_day()


@pytest.fixture
def day(clean_day: CostDay) -> CostDay:
    return copy.deepcopy(clean_day)


def test_clean_costs_break_no_rule(day: CostDay) -> None:
    found = day.results()
    assert [result for result in found if not result.success] == []
    layer = {name for name, rule in RULES.items() if rule.layer == "costs"}
    assert layer <= {result.rule for result in found}
    assert day.asked == []  # a sound day asks the ledger nothing


def test_a_day_without_usage_breaks_no_rule() -> None:
    assert CostDay([], [], [], {}).broken() == {}


def every(change: Callable[[Row], Row]) -> Change:
    """Change every row of usage, and the sums with them."""

    def change_all(day: CostDay) -> None:
        for row in day.usage:
            row.update(change(row))
        day.add_up()

    return change_all


def one_paid(**values: Any) -> Change:
    """Change the first row that was paid for, and the sums with it."""

    def change(day: CostDay) -> None:
        day.paid()[0].update(values)
        day.add_up()

    return change


def one_reused(**values: Any) -> Change:
    def change(day: CostDay) -> None:
        day.reused()[0].update(values)
        day.add_up()

    return change


def one_cost(**values: Any) -> Change:
    return lambda day: day.costs[0].update(values)


def usage_without(is_lost: Callable[[Row], bool]) -> Change:
    def change(day: CostDay) -> None:
        day.usage = [row for row in day.usage if not is_lost(row)]
        day.add_up()

    return change


def half_lost(day: CostDay) -> None:
    day.usage = day.usage[::2]
    day.add_up()


def counted_twice(day: CostDay) -> None:
    day.usage.append(day.paid()[0] | {"usage_id": "another"})
    day.add_up()


def of_nothing(day: CostDay) -> None:
    day.usage.append(day.paid()[0] | {"usage_id": "another", "media_id": "no-file", "analysis_key": "nobody"})
    day.add_up()


def dearer_later(day: CostDay) -> None:
    """The prices of the volume at the month's beginning, on its last calls."""
    for row in [row for row in day.paid() if row["price_item"] == "image-group-2"][-3:]:
        row["usd"] = 0.001
    day.add_up()


def reused_once_more(day: CostDay) -> None:
    """The day ran again: that saves nothing."""
    again = day.reused()[-1]
    day.usage.append(again | {"usage_id": "again", "run_id": "r2", "at": again["at"] + timedelta(hours=1)})
    day.add_up()


def a_cost_lost(day: CostDay) -> None:
    del day.costs[0]


def a_cost_doubled(day: CostDay) -> None:
    day.costs.append(dict(day.costs[0]))


def a_cost_made_up(day: CostDay) -> None:
    day.costs.append(day.costs[0] | {"price_item": "image-group-1"})


def teams_swapped(day: CostDay) -> None:
    day.costs[0]["cost_center"] = "others"


def all_published_as_reused(day: CostDay) -> None:
    """Reprocessing published the day again, and its usage log is gone: the ledger knows who paid."""
    for row in day.analyses:
        if row["status"] == "succeeded":
            row["status"] = "reused"
    usage_without(lambda row: not row["reused"])(day)


def a_line_of_two_lost(day: CostDay) -> None:
    """Labels with image properties are billed by two lines."""
    lost = next(row for row in day.paid() if row["feature"] == "labels"
                and row["price_item"] == "image-properties")  # fmt: skip
    usage_without(lambda row: row["usage_id"] == lost["usage_id"])(day)


CORRUPTIONS: list[tuple[str, str, str, Change]] = [
    ("dollars times ten", USAGE, PRICES, every(lambda row: {"usd": row["usd"] * 10})),
    ("a price of cents for dollars", USAGE, PRICES, every(lambda row: {"usd": row["usd"] / 100})),
    ("nothing has a price", USAGE, PRICES, every(lambda row: {"usd": 0.0})),
    ("prices between the tiers", USAGE, PRICES,
     every(lambda row: {"usd": row["usd"] * 0.9 if row["price_item"] == "image-group-2" else row["usd"]})),
    ("savings times ten", USAGE, PRICES, every(lambda row: {"saved_usd": row["saved_usd"] * 10})),
    ("units that were not priced", USAGE, PRICES,
     every(lambda row: {"units": row["units"] * 2 if row["media_type"] == "video" else row["units"]})),
    ("a tier that was not reached", USAGE, PRICES,
     every(lambda row: {"units_before": row["units_before"] + 2_000_000})),
    ("list prices of another tier", USAGE, "list_dollars_are_those_of_the_first_tier",
     every(lambda row: {"list_usd": row["list_usd"] * 0.8})),
    ("another month of the bill", USAGE, "usage_is_named_as_on_the_bill",
     one_paid(billing_month="2026-10")),
    ("another region of the bill", USAGE, "usage_is_named_as_on_the_bill",
     every(lambda row: {"usage_type": row["usage_type"].replace("USE1", "USW2")})),
    ("another tier of the bill", USAGE, "usage_is_named_as_on_the_bill", one_paid(price_tier="0-Inf")),
    ("a volume that does not rise", USAGE, "units_before_rise_within_a_month",
     every(lambda row: {"units_before": 0.0})),
    ("a saving of what was reused before", USAGE, PRICES, reused_once_more),
    ("a dearer price after a cheaper one", USAGE, "prices_do_not_rise_within_a_month", dearer_later),
    ("a reused row with a price", USAGE, "what_is_reused_costs_nothing", one_reused(usd=0.001)),
    ("a paid row with a saving", USAGE, "what_is_paid_saves_nothing", one_paid(saved_usd=0.001)),
    ("infinite dollars", USAGE, "amounts_are_finite", one_paid(usd=float("inf"))),
    ("dollars that are no number", USAGE, "amounts_are_finite", one_paid(usd=float("nan"))),
    ("negative dollars", USAGE, "amounts_are_finite", one_paid(usd=-0.001)),
    ("negative units in the sums", COSTS, "amounts_are_finite", one_cost(units=-1.0)),
    ("a price book of nobody", USAGE, "the_price_book_is_known", one_paid(price_version="us-west-9")),
    ("a price book of nobody in the sums", COSTS, "the_price_book_is_known", one_cost(price_version="x")),
    ("the line of another operation", USAGE, "the_price_line_is_of_the_feature",
     one_paid(price_item="video-minutes")),
    ("an operation that is not billed", USAGE, "the_price_line_is_of_the_feature",
     one_paid(operation="DetectNothing")),
    ("a feature of nobody", USAGE, "the_price_line_is_of_the_feature", one_paid(feature="smells")),
    ("a source of nobody", USAGE, "the_payer_is_in_lake_yaml", one_paid(source="gone")),
    ("the team of another source", COSTS, "the_payer_is_in_lake_yaml", teams_swapped),
    ("used in the future", USAGE, "the_time_of_use_is_possible",
     every(lambda row: {"at": row["at"] + timedelta(days=36_500)})),
    ("seconds for milliseconds", USAGE, "the_time_of_use_is_possible",
     every(lambda row: {"at": row["at"] - timedelta(days=20_000)})),
    ("the same use under two ids", USAGE, "usage_is_counted_once", counted_twice),
    ("a row twice", USAGE, "expect_column_values_to_be_unique", lambda day: day.usage.append(day.usage[0])),
    ("a sum twice", COSTS, "expect_compound_columns_to_be_unique", a_cost_doubled),
    ("sums of other dollars", COSTS, SUMS, one_cost(usd=99.0)),
    ("sums of other units", COSTS, SUMS, one_cost(units=99.0)),
    ("sums of other counts", COSTS, SUMS, one_cost(analyses=99)),
    ("sums of other savings", COSTS, SUMS, one_cost(saved_usd=99.0)),
    ("sums of other reused units", COSTS, SUMS, one_cost(reused_units=99.0)),
    ("a sum that is missing", COSTS, KEYS, a_cost_lost),
    ("a sum of nothing", COSTS, KEYS, a_cost_made_up),
    ("sums of another day", COSTS, KEYS, one_cost(usage_date=date(2026, 11, 22))),
    ("a team in the sums that used nothing", COSTS, KEYS, teams_swapped),
    ("half the usage log lost", USAGE, LOST, half_lost),
    ("all of the usage log lost", USAGE, LOST, usage_without(lambda row: True)),
    ("one line of two lost", USAGE, LOST, a_line_of_two_lost),
    ("what was paid for lost, then published again", USAGE, LOST, all_published_as_reused),
    ("what was reused lost", USAGE, "what_was_reused_is_in_the_usage",
     usage_without(lambda row: row["reused"])),
    ("usage of nothing", USAGE, "usage_is_of_a_known_analysis", of_nothing),
    ("two units for an image", USAGE, "units_are_those_of_the_analysis",
     every(lambda row: {"units": row["units"] * 2 if row["feature"] == "faces" else row["units"]})),
    ("seconds for minutes", USAGE, "units_are_those_of_the_analysis",
     every(lambda row: {"units": row["units"] * 60 if row["media_type"] == "video" else row["units"]})),
    ("the feature of another analysis", USAGE, "the_feature_is_that_of_the_analysis",
     one_paid(feature="text")),
    ("no team", USAGE, "expect_column_values_to_not_be_null", one_paid(cost_center=None)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "rule", "change"),
    [pytest.param(*rest, id=name) for name, *rest in CORRUPTIONS],
)
def test_a_corruption_is_found_by_its_rule(day: CostDay, table: str, rule: str, change: Change) -> None:
    change(day)
    broken = day.broken()
    assert (table, rule) in broken
    assert broken[table, rule].broken > 0
    if "expect" not in rule:
        assert broken[table, rule].failing[0].value


def test_a_failing_row_is_named(day: CostDay) -> None:
    row = day.paid()[3]
    row["usd"] *= 10
    day.add_up()
    (failing,) = day.broken()[USAGE, PRICES].failing
    assert (failing.media_id, failing.analysis_key) == (row["media_id"], row["analysis_key"])
    assert failing.value == str(row["usd"])


def test_a_sum_says_what_it_should_be(day: CostDay) -> None:
    key = " ".join(str(day.costs[0][name]) for name in ("usage_date", "source", "cost_center", "media_type"))
    usd = day.costs[0]["usd"]
    day.costs[0]["usd"] = 99.0
    (failing,) = day.broken()[COSTS, SUMS].failing
    assert failing.value.startswith(key)
    assert failing.value.endswith(f"99.0 and not {usd}")


def test_usage_of_a_run_that_has_not_published_yet_is_known_to_the_ledger(day: CostDay) -> None:
    entry = next(iter(day.entries.values()))
    day.entries["under-way"] = dataclasses.replace(entry, key="under-way", state="running")
    paid = day.paid()[0]
    another = {"usage_id": "another", "media_id": "new", "analysis_key": "under-way"}
    day.usage.append(paid | another | {"units_before": paid["units_before"] - 1})
    day.add_up()
    assert day.broken() == {}
    assert day.asked == ["under-way"]


def test_usage_of_what_is_not_published_at_all_is_not_looked_up(day: CostDay) -> None:
    """A day's images are reported before its videos are published."""
    day.analyses = [row for row in day.analyses if row["media_type"] == "image"]
    day.entries.clear()
    assert day.broken() == {}


def test_what_another_day_paid_for_needs_no_payment_here(day: CostDay) -> None:
    """A day that was only reprocessed has no usage; what others paid for is shown, and holds nothing back."""
    for row in day.analyses:
        row["status"] = "reused" if row["status"] == "succeeded" else row["status"]
    for key, entry in day.entries.items():
        payer = json.loads(entry.payer or "") | {"partition": "2026-11-19"}
        day.entries[key] = dataclasses.replace(entry, payer=json.dumps(payer))
    day.usage = []
    day.add_up()
    assert set(day.broken()) == {(USAGE, "what_was_reused_is_in_the_usage")}
    assert RULES["what_was_reused_is_in_the_usage"].severity == "warn"


def test_a_row_across_two_tiers_has_a_price_between_theirs(day: CostDay) -> None:
    """Half an image more was used before, for whatever reason: one row lies on the edge."""
    lines = [row for row in day.paid() if row["price_item"] == "image-group-2"]
    edge = next(row for row in lines if row["usd"] == 0.0008)
    for row in lines[: lines.index(edge)]:
        row["units_before"] -= 0.5
    edge.update(usd=0.0009, units_before=999_999.5, price_tier="0-1000000")
    day.add_up()
    assert day.broken() == {}
    day.paid()[-1]["usd"] += 0.01  # a line with one tier has no edge
    day.add_up()
    assert set(day.broken()) == {(USAGE, PRICES)}
