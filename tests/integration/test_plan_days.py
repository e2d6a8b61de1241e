"""What days cost: said before they are discovered, approved as a whole, and never passed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core.budgets import MICROS, Budget, month_at
from include.core.lake import Lake
from include.core.settings import load_settings
from include.plan.approvals import KEY, Answer, Question
from include.plan.plan_approval import NOT_APPROVED, CutPlan, approvals_of, cut_plan
from include.store.objects import Row, list_uris
from include.store.usage_log import read_usage_log
from include.store.workspace import Workspace
from tests.integration.conftest import LocalLake
from tests.integration.enriched_days import BOOK, Days
from tools.plan_days import main

pytestmark = pytest.mark.integration

PlanDays = Callable[..., tuple[int, Any]]
BOTH = {"labels": {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}}


@pytest.fixture
def days(local_lake: LocalLake) -> Days:
    return Days(local_lake)


@pytest.fixture
def plan_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[PlanDays]:
    """Plan days of a lake by the command; returns the exit status and what was printed."""
    path = tmp_path / "lake.yaml"
    monkeypatch.setenv("MEDIA_LAKE_LAKE_FILE", str(path))
    load_settings.cache_clear()

    def run(lake: Lake, *arguments: str) -> tuple[int, Any]:
        path.write_text(yaml.safe_dump(lake.model_dump(mode="json", exclude_unset=True)), encoding="utf-8")
        status = main(arguments)
        printed = capsys.readouterr()
        return status, json.loads(printed.out) if "json" in arguments else printed.out + printed.err

    yield run
    load_settings.cache_clear()


def limited(lake: Lake, usd: float) -> Lake:
    sources = [source.model_copy(update={"approval_limit_usd": usd}) for source in lake.sources]
    return lake.model_copy(update={"sources": tuple(sources)})


def test_the_command_says_what_will_be_booked_and_calls_and_writes_nothing(
    days: Days, local_lake: LocalLake, plan_days: PlanDays
) -> None:
    day, s3 = "2026-06-01", local_lake.client("s3")
    lake = days.lake(one=(BOTH, "text", "moderation", {"faces": {"Attributes": ["ALL"]}}))
    for number in range(3):
        days.put(day, f"{number}.jpg", days.picture(number))
    days.put(day, "copy.jpg", days.picture(0))
    status, report = plan_days(lake, day, "--format", "json")
    assert (status, report["listed_days"], report["files"]) == (0, [day], 4)
    assert (report["calls"], report["reused"]) == (12, 4)
    assert report["usd"]["likely"] == pytest.approx(3 * (4 * 0.001 + 0.00075))
    assert report["by_cost_center"] == {"team": report["usd"]}
    assert report["by_feature"]["labels"]["likely"] == pytest.approx(3 * 0.00175)
    assert days.calls() == 0
    assert list_uris(s3, f"s3://{local_lake.settings.bucket}/staging/manifests/dt={day}/") == []

    days.discover(day, lake)
    assert plan_days(lake, day, "--format", "json")[1] == {**report, "listed_days": []}
    figures = days.enrich(day, lake)
    assert figures["usd"] == report["usd"]
    booked = [line for line in read_usage_log(s3, local_lake.settings.bucket, day) if not line["reused"]]
    assert sum(BOOK.usd(line["price_item"], line["units"]) for line in booked) == pytest.approx(
        report["usd"]["likely"]
    )
    assert plan_days(lake, day)[1].splitlines()[1].startswith("0 analyses to pay for, 16 paid for already")


def test_a_person_reads_a_table_and_the_status_tells_scripts_that_a_limit_is_passed(
    days: Days, plan_days: PlanDays
) -> None:
    lake = days.lake(one=("labels", "text"), two=("labels",))
    for number, day in enumerate(("2026-06-03", "2026-06-04")):
        days.put(day, "a.jpg", days.picture(number))
    days.put("2026-06-04", "b.jpg", days.picture(2), source="two")
    status, text = plan_days(limited(lake, 0.02), "2026-06-03", "2026-06-04")
    assert status == 2
    assert "2026-06-03 to 2026-06-04: 3 files (2 days were listed just now)" in text
    assert any(line.split()[:4] == ["source", "feature", "cost", "center"] for line in text.splitlines())
    assert "source one: up to $0.03 passes $0.02 a day without a person's approval" in text
    assert "source two: up to $0.01 is within $0.02" in text
    assert "at the quotas: 1 min" in text
    status, report = plan_days(
        lake, "2026-06-03", "2026-06-04", "--source", "one", "--feature", "moderation", "--format", "json"
    )
    assert [(line["source"], line["feature"], line["calls"]) for line in report["lines"]] == [
        ("one", "moderation", 2)
    ]


def test_what_is_left_of_a_budget_is_said(days: Days, local_lake: LocalLake, plan_days: PlanDays) -> None:
    lake, month = days.lake(one=("labels",)), month_at(time.time())
    days.put("2026-06-05", "a.jpg", days.picture(0))
    record = local_lake.ledger.budget("team", month)
    record.opened()
    spent = local_lake.ledger.committed("team", month) / MICROS
    for usd, status, state in ((spent + 0.01, 0, "is within $0.01"), (spent + 0.004, 2, "passes $0.00")):
        lake = lake.model_copy(update={"budgets": {"team": Budget(usd=usd, kind="hard")}})
        found, text = plan_days(lake, "2026-06-05")
        assert f"cost center team: up to $0.01 {state} that is left of its hard budget for {month}" in text
        assert found == status


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["2026-13-01"], "plan: '2026-13-01' is not a day"),
        (["2026-06-02", "2026-06-01"], "plan: the first day, 2026-06-02, is after the last"),
        (["2026-06-01", "2028-06-01"], "plan: 732 days are too many"),
        (["2026-06-01", "--source", "oen"], "there is no source 'oen'; choose from one, two"),
        (["2026-06-01", "--feature", "lables"], "there is no feature 'lables' (did you mean labels?)"),
        (["2026-06-01", "--feature", "face_search"], "CollectionId"),
    ],
)
def test_what_cannot_be_planned_is_said_in_a_sentence(
    days: Days, plan_days: PlanDays, arguments: list[str], sentence: str
) -> None:
    status, text = plan_days(days.lake(), *arguments)
    assert status == 1
    assert sentence in text


def test_of_a_backfill_no_more_is_paid_than_was_approved(days: Days, local_lake: LocalLake) -> None:
    """Two calls a day: the limit has room for a day, the first answer for a call, the second for none."""
    local_lake.ledger.remove([KEY])  # other tests have planned for the source today
    lake = limited(days.lake(one=("labels", "text")), 2 * 7 * 0.001)
    backfill = [f"2026-06-{number}" for number in (11, 12, 13)]
    for number, day in enumerate(backfill):
        days.put(day, "a.jpg", days.picture(number))
        days.discover(day, lake)

    def approve(workspace: Workspace, figures: Row) -> None:
        """Answer the question of each run that has to wait: pay for one call."""
        if figures["approval_needed"]:
            workspace.settings = workspace.settings.model_copy(update={"approval_gather_seconds": 0})
            approvals, token = approvals_of(workspace), workspace.run.token
            assert isinstance(approvals.turn(token), Question)
            answer = approvals.answer(token, "approved", amounts.pop(0), "ada")
            assert isinstance(answer, Answer)
            cuts.append(cut_plan(workspace, "image", answer, BOOK))

    amounts, cuts = [7 * 0.001, 0.0], list[CutPlan]()
    for day in backfill:
        days.enrich(day, lake, approve=approve)
    assert cuts == [CutPlan(calls=1, cut=1), CutPlan(calls=0, cut=2)]
    assert days.calls() == 2 + 1
    assert days.analyses(backfill[1]) == {("a.jpg", "labels"): "succeeded", ("a.jpg", "text"): "stopped"}
    assert days.query(
        f"SELECT DISTINCT error_code FROM analyses WHERE dt = '{backfill[2]}' AND status = 'stopped'"
    ) == [[NOT_APPROVED]]
    days.enrich(backfill[2], limited(lake, 100.0))
    assert set(days.analyses(backfill[2]).values()) == {"succeeded"}
