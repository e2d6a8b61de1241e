"""What finance found wrong, each with its right value. Rows of many units stand for many rows of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws

from include.core.prices import PriceBooks, load_price_books
from include.core.run import Run, usage_log_uri
from include.report.account_volume import others_used
from include.store.model_time import Session, log_model_hours, model_payer
from include.store.objects import Row, get_ndjson, list_uris
from include.store.usage_log import usage_lines
from tests.include.report.cost_world import World, a_book, a_line

BOOKS = load_price_books("us-east-1")
OCTOBER_31 = int(datetime(2026, 10, 31, tzinfo=UTC).timestamp())
HOUR = 3600


@pytest.fixture
def world() -> World:
    return World(BOOKS)


def use(world: World, day: str, at: str, units: float, name: str = "") -> None:
    world.add(day, a_line(f"{day}-{at}-{name}", at, units=units))


def two_days_at_once(world: World) -> None:
    """600,000 images of each of two days, in turns of 100,000."""
    for turn in range(12):
        use(world, f"2026-11-0{turn % 2 + 1}", f"2026-11-20T{turn:02d}:00:00", 100_000)


@pytest.mark.parametrize("order", ["12", "21", "1212", "2", "both"])
def test_1_and_3_two_days_that_interleave_share_the_tiers_whatever_is_reported_first(
    world: World, order: str
) -> None:
    two_days_at_once(world)
    for number in order if order != "both" else ():
        world.report(f"2026-11-0{number}")
    world.report("2026-11-01", "2026-11-02")
    assert world.sum_of("2026-11") == pytest.approx(1160)
    assert len(world.published) == 2


def test_2_sixteen_days_at_once(world: World) -> None:
    for number in range(80):
        day, at = f"2026-11-{number % 16 + 1:02d}", f"2026-11-20T{number // 4:02d}:{number % 4:02d}:00"
        use(world, day, at, 100_000)
    *earlier, last = sorted(world.logs)
    world.report(last)
    world.report(*earlier)
    assert world.sum_of("2026-11") == pytest.approx(6000)


def test_4_an_old_day_used_again_late_in_the_month(world: World) -> None:
    use(world, "2026-11-01", "2026-11-02T00:00:00", 10)
    use(world, "2026-11-10", "2026-11-11T00:00:00", 5_400_000)
    use(world, "2026-11-01", "2026-11-28T00:00:00", 500_000)
    world.report("2026-11-10")
    world.report("2026-11-01")
    assert sum(row["usd"] for row in world.table("usage")["2026-11-01"]) == pytest.approx(300.01)


def test_5_the_newest_price_book_that_is_not_of_a_later_date_applies() -> None:
    old, new = (
        a_book(date, image_group_2=[(None, usd)])
        for date, usd in (("2026-01-01", "0.001"), ("2026-11-15", "0.002"))
    )
    world = World(PriceBooks("test", (old,)))
    use(world, "2026-11-01", "2026-11-01T00:00:00", 100_000)
    world.report("2026-11-01")
    world.books = PriceBooks("test", (old, new))
    use(world, "2026-11-14", "2026-11-14T23:59:59.999", 1, "last")
    use(world, "2026-11-14", "2026-11-15T00:00:00", 1, "first")
    world.report("2026-11-01", "2026-11-14")
    rows = [row for day in world.table("usage").values() for row in day]
    assert [(row["usd"], row["price_version"]) for row in sorted(rows, key=lambda row: row["at"])] == [
        (100.0, old.version), (0.001, old.version), (0.002, new.version),
    ]  # fmt: skip


def model_lines(s3: Any, session: Session, *runs: Run) -> list[Row]:
    """Log a session, and return its lines in the usage logs of the runs' days."""
    log_model_hours(s3, runs[0], {"feature": "custom_labels"}, session)
    uris = {uri for run in runs for uri in list_uris(s3, usage_log_uri(run.bucket, run.partition))}
    return [line for uri in sorted(uris) for line in get_ndjson(s3, uri)]


def a_session(since: int, seconds: int, units: int, *payers: tuple[Run, list[Row]]) -> Session:
    used = {
        run.token: model_payer(run, {"feature": "custom_labels", "teams": teams}) for run, teams in payers
    }
    return Session("arn:model", since, since + seconds, units, used)


def team(name: str, images: int) -> Row:
    return {"source": name, "cost_center": f"{name}-team", "images": images}


def test_6_a_session_over_the_end_of_a_month_is_in_both_bills(world: World, s3: Any, run: Run) -> None:
    session = a_session(OCTOBER_31 + 23 * HOUR + HOUR // 2, 2 * HOUR, 2, (run, [team("a", 2)]))
    world.add("2026-11-20", *model_lines(s3, session, run))
    world.report("2026-11-20")
    assert (world.sum_of("2026-10"), world.sum_of("2026-11")) == (4.0, 12.0)
    ends = {row["ended_at"] for row in world.table("usage")["2026-11-20"]}
    assert ends == {datetime(2026, 11, 1, 1, 30)}


@pytest.mark.parametrize(("seconds", "minutes"), [(31, 1), (60, 1), (61, 2), (3600, 60)])
def test_7_a_model_is_billed_by_whole_minutes(
    world: World, s3: Any, run: Run, seconds: int, minutes: int
) -> None:
    world.add("2026-11-20", *model_lines(s3, a_session(OCTOBER_31, seconds, 1, (run, [team("a", 2)])), run))
    world.report("2026-11-20")
    assert world.sum_of("2026-10") == pytest.approx(minutes * 4 / 60, abs=1e-8)


def test_a_minute_that_begins_before_midnight_is_of_that_day() -> None:
    session = a_session(OCTOBER_31 - 90, 120, 1)
    assert [hours * 60 for _, hours in session.hours_by_day()] == pytest.approx([2])
    session = a_session(OCTOBER_31 - 60, 61, 1)
    assert [hours * 60 for _, hours in session.hours_by_day()] == pytest.approx([1, 1])


def test_teams_share_a_session_by_their_images_each_in_its_own_day(s3: Any, run: Run) -> None:
    other = Run(run.bucket, "enrich_images", "another", "2026-11-19")
    session = a_session(OCTOBER_31, HOUR, 1, (run, [team("a", 60), team("b", 30)]), (other, [team("a", 10)]))
    for _ in range(2):  # a repetition adds nothing
        lines = model_lines(s3, session, run, other)
    shares = {(line["run_id"], line["cost_center"]): line["units"] for line in lines}
    assert shares == {
        (run.run_id, "a-team"): 0.6, (run.run_id, "b-team"): 0.3, ("another", "a-team"): 0.1,
    }  # fmt: skip
    assert len({line["usage_id"] for line in lines}) == 3


def test_9_a_job_of_two_price_lines_is_one_analysis(world: World) -> None:
    payer = {"dag_id": "d", "run_id": "r", "source": "a", "cost_center": "t", "media_id": "m"}
    asked = {"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]}
    at = "2026-11-20T10:00:00"
    for reused, media_id in ((False, "m"), (True, "copy")):
        lines = usage_lines(
            payer | {"media_type": "video", "media_id": media_id}, "k", "segments", asked, 2.5, at, reused
        )
        world.add("2026-11-20", *lines)
    world.report("2026-11-20")
    costs = world.table("costs_daily")["2026-11-20"]
    assert len(costs) == 2
    assert [sum(row[name] for row in costs) for name in ("analyses", "reused_analyses")] == [1, 1]
    assert sum(row["units"] for row in costs) == 5.0


def test_12_a_day_that_runs_again_saves_nothing(world: World) -> None:
    for number in range(100):
        same = {"media_id": f"m{number}", "analysis_key": f"k{number}"}
        world.add("2026-11-20", a_line(f"paid-{number}", "2026-11-20T10:00:00", **same))
        for again in range(10):
            at = f"2026-11-20T11:0{again}:00"
            world.add("2026-11-20", a_line(f"r{again}-{number}", at, **same, run_id=f"r{again}", reused=True))
    copy = {"media_id": "copy", "analysis_key": "k0", "reused": True}
    for again in range(10):
        world.add("2026-11-20", a_line(f"copy-{again}", f"2026-11-20T11:0{again}:00", **copy))
    world.report("2026-11-20")
    (costs,) = world.table("costs_daily")["2026-11-20"]
    assert (costs["usd"], costs["saved_usd"], costs["reused_analyses"]) == (0.1, 0.001, 1010)


def account_used(units: float) -> Row:
    """Return an answer of Cost Explorer: on November 1, the account used images of a group."""
    groups = [
        {"Keys": [name], "Metrics": {"UsageQuantity": {"Amount": str(amount), "Unit": "Images"}}}
        for name, amount in (("USE1-Group2-ImagesProcessed", units), ("USE1-FaceVectorsStored", 7))
    ]
    period = {"Start": "2026-11-01", "End": "2026-11-02"}
    return {"ResultsByTime": [{"TimePeriod": period, "Total": {}, "Groups": groups, "Estimated": True}]}


@mock_aws
def test_15_what_others_use_moves_the_tiers_if_it_is_counted(world: World) -> None:
    use(world, "2026-11-01", "2026-11-01T10:00:00", 300_000)
    use(world, "2026-11-02", "2026-11-02T10:00:00", 500_000)
    world.report("2026-11-01", "2026-11-02")
    assert world.sum_of("2026-11") == 800
    answers = {"results": [account_used(1_000_000)]}
    requests.post("http://motoapi.amazonaws.com/moto-api/static/ce/cost-and-usage-results", json=answers)
    client = boto3.client("ce", region_name="us-east-1")
    world.others_used = lambda month, lake: others_used(client, month, BOOKS.books[-1], lake)
    for _ in range(2):
        world.report("2026-11-01")
    # Others used 700,000 until the end of November 1.
    assert world.sum_of("2026-11") == 300 + 400
    assert world.publications == ["2026-11-01", "2026-11-02", "2026-11-02"]
