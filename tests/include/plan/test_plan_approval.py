"""A plan of which a part was approved: what is left of its batches, and what it costs at most."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from include.core.estimates import Place, Planned
from include.core.lake import Lake
from include.core.run import Run
from include.core.settings import Settings
from include.plan.approvals import Answer, Question, Waiting
from include.plan.plan_approval import NOT_APPROVED, CutPlan, approvals_of, cut_plan, in_words
from include.plan.planner import plan
from include.store.ledger import Ledger
from include.store.manifest import MANIFEST_SCHEMA
from include.store.objects import Row, put_ndjson
from include.store.plan_batches import read_plan
from include.store.workspace import Workspace
from tests.include.plan.planning import BOOK, a_lake, a_video, an_asset, states
from tests.parquet_objects import put_parquet
from tests.workspaces import NO_QUOTAS, make_workspace

MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1700000000000"
# A call may be made seven times at most.
CALL = 7 * 0.001


class Day:
    """A day of which a plan was made, and of which parts can be approved."""

    def __init__(self, s3: Any, ledger: Ledger, run: Run) -> None:
        self.s3, self.ledger, self.run = s3, ledger, run
        self.media_type: Any = "image"
        self.summary: Row = {}
        self.batches: list[Row] = []

    def workspace(self, lake: Lake | None = None) -> Workspace:
        settings = Settings(batch_size=2, approval_gather_seconds=0)
        workspace = make_workspace(
            self.run, boto3.Session(), settings, lake or a_lake(), s3=self.s3, **NO_QUOTAS
        )
        workspace.ledger = self.ledger
        return workspace

    def plan(self, assets: list[Row], lake: Lake, media_type: Any = "image") -> bool:
        """Return whether somebody has to approve the plan."""
        self.media_type = media_type
        put_parquet(self.s3, self.run.manifest_uri(), assets, MANIFEST_SCHEMA)
        self.batches, self.summary = plan(self.workspace(lake), media_type, BOOK, dict)
        return bool(self.summary["approval_needed"])

    def approve(self, usd: float, *sources: str) -> CutPlan:
        high = dict.fromkeys(sources or ("sample",), 100.0)
        answer = Answer(Waiting("", high, {}, 0), "approved", usd, "ada", 0)
        return cut_plan(self.workspace(), self.media_type, answer, BOOK)

    def rows(self) -> list[Row]:
        return [row for batch in self.batches for row in read_plan(self.s3, batch["uri"])]


@pytest.fixture
def day(s3: Any, ledger: Ledger, run: Run) -> Day:
    return Day(s3, ledger, run)


FOUR = [an_asset(name) for name in "abcd"]


def test_the_first_analyses_of_the_plan_stay_as_far_as_the_amount_goes(day: Day) -> None:
    day.plan(FOUR, a_lake(image=["labels"]))
    left = day.approve(2.5 * CALL)
    assert (left.calls, left.cut) == (2, 2)
    assert list(states(day.rows()).values()) == ["planned"] * 2 + ["not_selected"] * 2
    last = day.rows()[-1]["analyses"][0]
    assert last["code"] == NOT_APPROVED
    assert last["message"].startswith("ada approved $0.02 for this run, and it may cost more; start a run of")
    assert day.approve(2.5 * CALL) == left  # whoever repeats it cuts nothing more


def test_what_stays_costs_no_more_than_the_amount(day: Day) -> None:
    films = [a_video(f"v{number}", duration_ms=61_000 * number) for number in range(1, 8)]
    day.plan(films, a_lake(video=["labels", "segments"]), "video")
    for usd in (5.0, 2.0, 0.5, 0.0):
        day.approve(usd)
        planned = Planned()
        place = Place("sample", "team", "video", "labels")
        for row in day.rows():
            for analysis in row["analyses"]:
                if analysis["state"] == "planned":
                    feature = place._replace(feature=analysis["feature"])
                    planned.add(feature, analysis["parameters"], row["asset"]["duration_ms"])
        assert planned.estimate(BOOK, {}).high <= usd
        assert bool(planned) == (usd > 0)


def test_other_sources_are_not_touched(day: Day) -> None:
    day.plan([an_asset("a"), an_asset("b", source="other")], a_lake(image=["labels"]))
    assert day.approve(0.0) == CutPlan(calls=1, cut=1)
    assert states(day.rows())["raw/b", "faces"] == "planned"


def test_of_several_files_with_one_content_all_are_paid_for_or_none(day: Day) -> None:
    twins = [an_asset(name, content_id="twin") for name in "ab"]
    day.plan([*twins, an_asset("c", source="other", content_id="twin")], a_lake(image=["faces"]))
    assert set(states(day.rows()).values()) == {"planned", "duplicate"}
    assert day.approve(0.0) == CutPlan(cut=1)
    assert {analysis["state"] for row in day.rows() for analysis in row["analyses"]} == {"not_selected"}


def test_a_model_that_nothing_needs_any_more_is_not_started(day: Day) -> None:
    asked: list[Any] = ["labels", {"custom_labels": {"ProjectVersionArn": MODEL}}]
    day.plan(FOUR, a_lake(image=asked))
    assert day.approve(100.0).models == {MODEL: {"sample": 4}}
    assert day.approve(1.0) == CutPlan(calls=4, cut=4)


def test_a_run_that_plans_again_counts_what_it_has_paid(day: Day) -> None:
    lake = a_lake(image=["labels"], approval_limit_usd=5 * CALL)
    assert not day.plan(FOUR, lake)
    usage = {"source": "sample", "price_item": "image-group-2", "units": 1.0, "reused": False}
    put_ndjson(day.s3, day.run.usage_uri("x"), [usage] * 8 + [{**usage, "reused": True}])
    assert day.plan(FOUR, lake)


def test_days_that_were_paid_for_leave_no_mark(day: Day) -> None:
    day.plan([], a_lake())
    assert day.ledger.shared("approvals").read() == {}


def test_a_person_reads_what_is_asked(day: Day) -> None:
    question = Question(("sample",), tuple((f"2026-11-{n:02}, d", 2.0) for n in range(1, 61)), 120.0, 60.0)
    lines = in_words(question, a_lake(approval_limit_usd=25)).splitlines()
    assert lines[0].startswith(
        "60 plans wait for this answer. They may cost up to **$120.00** together, likely $60"
    )
    assert lines[2] == "- With them, source **sample** passes its limit of $25.00 for this day."
    assert lines[-2:] == ["| 2026-11-50, d | $2.00 |", "| 10 more | $20.00 |"]


def test_a_run_asks_for_its_plan(day: Day) -> None:
    assert day.plan(FOUR, a_lake(image=["labels"], approval_limit_usd=0.01))
    question = approvals_of(day.workspace()).turn(day.run.token)
    assert isinstance(question, Question)
    assert question.runs == (("2026-11-20, enrich_images", pytest.approx(4 * CALL)),)
