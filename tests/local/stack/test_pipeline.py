"""Which runs belong together, and when they are over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from local.stack.airflow_api import DagRun
from local.stack.pipeline import FIRST_DAG, PIPELINE, is_over, runs_of_days, states
from local.stack.stack_settings import PROJECT

DAY = date(2026, 11, 20)
OTHER = date(2026, 11, 21)


def run(dag_id: str, name: str, state: str = "success", day: date = DAY, age: float = 1) -> DagRun:
    """Return a run that ended so many seconds ago."""
    ended = datetime.now(UTC) - timedelta(seconds=age)
    return DagRun(dag_id, name, "backfill", str(day), state, ended, None if state == "running" else ended)


def no_sources(_: DagRun) -> set[str]:
    return set()


def test_the_pipeline_is_that_of_the_dags() -> None:
    assert set(PIPELINE) <= {path.stem for path in (PROJECT / "dags").glob("*.py")}


def test_runs_are_found_by_what_started_them() -> None:
    created = {
        FIRST_DAG: [run(FIRST_DAG, "d2"), run(FIRST_DAG, "d1")],
        "enrich_images": [run("enrich_images", "i-old"), run("enrich_images", "i2")],
        "enrich_videos": [run("enrich_videos", "v2")],
        "report_costs": [run("report_costs", "r2", "running")],
    }
    causes = {"i-old": {"d1"}, "i2": {"d2"}, "v2": {"d2"}, "r2": {"i2", "v2"}}
    found = runs_of_days([DAY], created, lambda item: causes[item.run_id])
    assert {dag_id: found[dag_id, DAY].run_id for dag_id in PIPELINE} == {
        FIRST_DAG: "d2", "enrich_images": "i2", "enrich_videos": "v2", "report_costs": "r2"
    }  # fmt: skip


def test_there_is_a_report_when_each_kind_of_media_is_in_one() -> None:
    created = {
        FIRST_DAG: [run(FIRST_DAG, "d")],
        "enrich_images": [run("enrich_images", "i")],
        "enrich_videos": [run("enrich_videos", "v", "running")],
        "report_costs": [run("report_costs", "r-images")],
    }
    causes = {"i": {"d"}, "v": {"d"}, "r-images": {"i"}, "r-videos": {"v"}}

    def board() -> dict[str, str]:
        runs = runs_of_days([DAY], created, lambda item: causes[item.run_id])
        assert is_over(states([DAY], runs)) == (runs.get(("report_costs", DAY)) == report)
        return {dag_id: state for (dag_id, _), state in states([DAY], runs).items()}

    report = run("report_costs", "r-videos")
    assert (board()["enrich_videos"], board()["report_costs"]) == ("running", "success")
    created["enrich_videos"] = [run("enrich_videos", "v")]
    assert (board()["enrich_videos"], board()["report_costs"]) == ("success", "waiting")
    created["report_costs"].insert(0, report)
    assert board()["report_costs"] == "success"


def test_no_run_is_waited_for_that_airflow_has_not_started_in_time() -> None:
    causes = {"i": {"d"}, "v": {"d"}, "r": {"i"}}

    def is_done(age: float, *reports: DagRun) -> bool:
        created = {
            FIRST_DAG: [run(FIRST_DAG, "d", age=age)],
            "enrich_images": [run("enrich_images", "i", age=age)],
            "enrich_videos": [run("enrich_videos", "v", age=age)],
            "report_costs": list(reports),
        }
        return is_over(states([DAY], runs_of_days([DAY], created, lambda item: causes[item.run_id])))

    report = run("report_costs", "r")
    assert [is_done(age, report) for age in (10, 100)] == [False, True]
    assert not is_done(100, run("report_costs", "r", "running"))
    assert not is_done(100)


def test_a_run_of_another_day_is_not_taken() -> None:
    created = {name: [] for name in PIPELINE} | {FIRST_DAG: [run(FIRST_DAG, "d", day=OTHER)]}
    assert runs_of_days([DAY], created, no_sources) == {}


def test_a_run_that_is_still_to_come_is_waited_for() -> None:
    board = states([DAY], {(FIRST_DAG, DAY): run(FIRST_DAG, "d")})
    assert board["enrich_images", DAY] == "waiting"
    assert not is_over(board)


def test_what_follows_failed_runs_never_starts_and_is_not_waited_for() -> None:
    runs = {
        (FIRST_DAG, DAY): run(FIRST_DAG, "d"),
        ("enrich_images", DAY): run("enrich_images", "i", "failed"),
        ("enrich_videos", DAY): run("enrich_videos", "v", "failed"),
    }
    board = states([DAY], runs)
    assert board["report_costs", DAY] == "not started"
    assert is_over(board)


def test_costs_are_reported_although_one_kind_of_media_failed() -> None:
    runs = {
        (FIRST_DAG, DAY): run(FIRST_DAG, "d"),
        ("enrich_images", DAY): run("enrich_images", "i", "failed"),
        ("enrich_videos", DAY): run("enrich_videos", "v"),
    }
    assert states([DAY], runs)["report_costs", DAY] == "waiting"
    created = {dag_id: [found] for (dag_id, _), found in runs.items()}
    created["report_costs"] = [run("report_costs", "r")]
    causes = {"i": {"d"}, "v": {"d"}, "r": {"v"}}
    assert is_over(states([DAY], runs_of_days([DAY], created, lambda item: causes[item.run_id])))


def test_a_failed_discovery_ends_its_day() -> None:
    board = states([DAY], {(FIRST_DAG, DAY): run(FIRST_DAG, "d", "failed")})
    assert [board[name, DAY] for name in PIPELINE] == ["failed", "not started", "not started", "not started"]
    assert is_over(board)
