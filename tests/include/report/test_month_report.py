from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.include.report.cost_world import IMAGES, MINUTES, World, a_line

DAYS = ("2026-10-30", "2026-10-31", "2026-11-01")

# Few instants, so that days overlap and meet at one instant, about the end of a month.
INSTANTS = st.integers(-5, 5).map(
    lambda hour: f"2026-10-31T{23 + hour:02d}:00:00" if hour <= 0 else f"2026-11-01T{hour:02d}:00:00"
)


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, str, str, float, bool]:
    item = draw(st.sampled_from([IMAGES, MINUTES]))
    units = 1.0 if item == IMAGES else draw(st.integers(1, 90_000)) / 60_000
    return draw(st.sampled_from(DAYS)), draw(INSTANTS), item, units, draw(st.booleans())


def fill(world: World, used: list[tuple[str, str, str, float, bool]], start: int = 0) -> None:
    for number, (day, at, item, units, reused) in enumerate(used, start):
        line = a_line(f"u{number:03d}", at, price_item=item, units=units, reused=reused)
        world.add(day, line)


# What happens: more is used, or some days are reported, of which one may begin at a step of the other.
STEPS = st.lists(
    st.one_of(
        st.lists(lines(), max_size=8).map(lambda used: ("use", used)),
        st.tuples(
            st.just("report"),
            st.lists(st.sampled_from(DAYS), min_size=1, max_size=2, unique=True),
            st.one_of(
                st.none(),
                st.tuples(st.integers(0, 40), st.lists(st.sampled_from(DAYS), min_size=1, unique=True)),
            ),
        ),
    ),
    max_size=6,
)


def report(world: World, days: list[str], other: tuple[int, list[str]] | None) -> None:
    """Report days; another report runs before one of the steps of this."""
    left = [other[0] if other else -1]

    def meet() -> None:
        left[0] -= 1
        if left[0] == -1 and other:
            world.meet = lambda: None
            world.report(*other[1])
            world.meet = meet

    world.meet = meet
    try:
        world.report(*days)
    finally:
        world.meet = lambda: None


SAME_INSTANT = [(day, "2026-10-31T23:00:00", IMAGES, 1.0, False) for day in DAYS[:2]]


@example([("report", DAYS[:2], (0, DAYS[:1]))], SAME_INSTANT, DAYS)
@given(STEPS, st.lists(lines(), max_size=30), st.permutations(DAYS))
@settings(deadline=None, max_examples=25)
def test_reports_in_any_order_and_at_once_give_what_one_pass_gives(
    steps: list[Any], used: list[Any], order: list[str]
) -> None:
    world = World()
    fill(world, used)
    for number, (what, *rest) in enumerate(steps, 1):
        if what == "use":
            fill(world, rest[0], 100 * number)
        else:
            report(world, *rest)
    for day in order:
        world.report(day)
    priced, one_pass = world.priced(), world.in_one_pass()
    assert priced.keys() == one_pass.keys()
    for use, (before, usd) in one_pass.items():
        assert priced[use][0] == before
        assert priced[use][1] == pytest.approx(usd, abs=1e-9)
    afresh = World()
    afresh.logs = world.logs
    afresh.report(*DAYS)
    for name in ("usage", "costs_daily"):
        assert world.table(name) == afresh.table(name)


def test_a_report_publishes_only_days_whose_rows_change() -> None:
    world = World()
    fill(world, [("2026-11-01", "2026-11-01T10:00:00", IMAGES, 1.0, False)])
    fill(world, [("2026-11-02", f"2026-11-02T1{hour}:00:00", IMAGES, 1.0, False) for hour in range(3)], 10)
    world.report("2026-11-01")
    world.report("2026-11-02")
    assert world.publications == ["2026-11-01", "2026-11-02"]
    world.report("2026-11-01", "2026-11-02")
    assert world.publications == ["2026-11-01", "2026-11-02"]
    fill(world, [("2026-11-03", "2026-11-02T10:30:00", IMAGES, 1.0, False)], 20)
    world.report("2026-11-03")
    assert world.publications[2:] == ["2026-11-02", "2026-11-03"]


def test_a_day_without_usage_is_published_once() -> None:
    world = World()
    for _ in range(2):
        world.report("2026-11-01")
    assert world.publications == ["2026-11-01"]


def test_days_that_an_earlier_version_published_are_counted() -> None:
    world, earlier = World(), World()
    for number, day in enumerate(DAYS):
        use = (day, f"2026-11-01T1{number}:00:00", IMAGES, 3.0, False)
        fill(earlier, [use], number)
        fill(world, [use], number)
        earlier.report(day)  # each as if it were the only one
        world.published[day] = earlier.published[day]
    fill(world, [("2026-11-02", "2026-11-02T00:00:00", IMAGES, 1.0, False)], 10)
    world.report("2026-11-02")
    assert world.priced() == {use: pytest.approx(price) for use, price in world.in_one_pass().items()}
