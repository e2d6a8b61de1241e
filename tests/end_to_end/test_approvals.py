"""Approval of backfills on the real scheduler: asked once for the sum, up to an amount, rejected, unanswered.

Each scenario has days and a source of its own. What was paid is counted by Rekognition.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from local.stack.airflow_api import DagRun
from local.stack.stack_settings import PROJECT
from tests.end_to_end.airflow_runs import READING_SECONDS, Operator
from tests.end_to_end.conftest import Stack, running_stack
from tests.end_to_end.operated_lake import BUCKET, picture, write

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix, pytest.mark.timeout(2400)]

FEATURES = ("labels", "text")
# Upper bound of a day, which has one image: a call may be made seven times.
DAY_USD = len(FEATURES) * 7 * 0.001
FIRST = date(2026, 4, 1)
# Source to the number of its days, and to what it may pay without a person.
SCENARIOS = {"whole": (16, 1.5 * DAY_USD), "part": (3, 0.0), "rejected": (2, 0.0), "silent": (2, 0.0)}
ANSWER_SECONDS = 240
# Sixteen days are planned one after the other on a small machine.
SECONDS = 1200


@dataclass(frozen=True)
class Approvals:
    """The stack, and who answers its questions."""

    stack: Stack
    operator: Operator

    def days(self, source: str) -> list[date]:
        names = list(SCENARIOS)
        before = sum(SCENARIOS[name][0] for name in names[: names.index(source)])
        return [FIRST + timedelta(before + number) for number in range(SCENARIOS[source][0])]

    def questions(self, source: str) -> list[dict[str, Any]]:
        """Return the questions about a source, answered or not."""
        path = "dags/enrich_images/dagRuns/~/hitlDetails?limit=100"
        found = self.stack.airflow("GET", path)["hitl_details"]
        return [each for each in found if f"**{source}**" in (each["body"] or "")]

    def question(self, source: str) -> dict[str, Any]:
        """Return the question about a source once there is one."""
        until = time.monotonic() + SECONDS
        while not (found := self.questions(source)):
            assert time.monotonic() < until, f"nobody was asked about {source}"
            time.sleep(2)
        return found[0]

    def answer(self, source: str, option: str, **form: Any) -> str:
        """Answer the question about a source, and return its text."""
        question = self.question(source)
        time.sleep(READING_SECONDS)
        task = question["task_instance"]
        instance = f"dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/-1"
        body = {"chosen_options": [option], "params_input": form}
        self.stack.airflow("PATCH", f"{instance}/hitlDetails", **body)
        return str(question["body"])

    def runs(self, source: str) -> list[DagRun]:
        """Return the runs of a source's days, in their order, when all have ended."""
        wanted = {str(day) for day in self.days(source)}
        until = time.monotonic() + SECONDS
        while True:
            runs = [run for run in self.operator.api.runs("enrich_images") if run.partition in wanted]
            if len(runs) == len(wanted) and all(run.ended for run in runs):
                return sorted(runs, key=lambda run: str(run.partition))
            assert time.monotonic() < until, f"{source}: {[(run.partition, run.state) for run in runs]}"
            time.sleep(2)

    def paid(self, source: str) -> Counter[str]:
        """Return the calls that were paid for, by day."""
        calls: Counter[str] = Counter()
        for item in self.stack.calls()["images"]:
            if item["key"].startswith(f"{source}/"):
                calls["-".join(item["key"].split("/")[1:4])] += item["count"]
        return calls


@pytest.fixture(scope="module")
def approvals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Approvals]:
    """The stack, with the media of all scenarios in it."""
    folder = tmp_path_factory.mktemp("approvals")
    write(folder / "lake.yaml", lake())
    settings = {
        "MEDIA_LAKE_LAKE_FILE": str(folder / "lake.yaml"),
        "MEDIA_LAKE_APPROVAL_GATHER_SECONDS": "120",
        "MEDIA_LAKE_DEADLINE_HOURS_ANSWER": str(ANSWER_SECONDS / 3600),
    }
    with running_stack(folder / "stack", **settings) as stack:
        up = stack.run("-m", "local.stack", "up")
        assert up.returncode == 0, up.stdout
        operator = Operator(stack.url("airflow"), stack.login)
        scenarios = Approvals(stack, operator)
        for number, source in enumerate(SCENARIOS):
            for day in scenarios.days(source):
                key = f"{source}/{day:%Y/%m/%d}/a.png"
                body = picture(day.toordinal() % 251, 60 * number)
                stack.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        operator.wait_for_dags({path.stem for path in (PROJECT / "dags").glob("*.py")})
        yield scenarios


def lake() -> dict[str, Any]:
    return {
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [
            {
                "name": name,
                "prefix": f"{name}/",
                "cost_center": "team",
                "approval_limit_usd": limit,
                "features": {"image": list(FEATURES)},
            }
            for name, (_, limit) in SCENARIOS.items()
        ],
    }


@pytest.fixture(scope="module")
def whole(approvals: Approvals) -> str:
    """The text of the one question about a backfill of sixteen days, which was answered."""
    days = approvals.days("whole")
    approvals.operator.api.create_backfill("discover_media", days[0], days[-1], max_active_runs=16)
    return approvals.answer("whole", "Approve", amount=None)


@pytest.fixture(scope="module")
def others(approvals: Approvals, whole: str) -> Approvals:
    """The other scenarios, each of which was answered in its way, or not."""
    approvals.runs("whole")
    first, last = approvals.days("part")[0], approvals.days("silent")[-1]
    approvals.operator.api.create_backfill("discover_media", first, last, max_active_runs=16)
    approvals.answer("part", "Approve", amount=1.6 * DAY_USD)
    approvals.answer("rejected", "Reject")
    return approvals


def test_a_backfill_is_asked_for_once_and_for_the_sum(approvals: Approvals, whole: str) -> None:
    assert f"15 plans wait for this answer. They may cost up to **${15 * DAY_USD:,.2f}** together" in whole
    assert {run.state for run in approvals.runs("whole")} == {"success"}
    assert len(approvals.questions("whole")) == 1
    assert approvals.paid("whole") == {str(day): len(FEATURES) for day in approvals.days("whole")}


def test_no_more_is_paid_than_the_amount_that_a_person_gave(others: Approvals) -> None:
    first, second, third = others.days("part")
    runs = others.runs("part")
    assert {run.state for run in runs} == {"success"}
    assert others.paid("part") == {str(first): 2, str(second): 1}
    assert others.operator.states(runs[2])["approve"] == "success"
    rows = others.stack.query(
        f"SELECT status, error_code FROM media_lake.analyses WHERE dt = '{second}' AND status = 'stopped'"
    )
    assert rows == [{"status": "stopped", "error_code": "NotApproved"}]
    assert others.stack.query(f"SELECT 1 AS n FROM media_lake.analyses WHERE dt = '{third}'") == []
    assert len(others.questions("part")) == 1


def test_after_a_rejection_nothing_is_paid(others: Approvals) -> None:
    assert {run.state for run in others.runs("rejected")} == {"success"}
    assert not others.paid("rejected")


def test_if_nobody_answers_nothing_is_paid_and_the_runs_fail(others: Approvals) -> None:
    runs = others.runs("silent")
    assert {run.state for run in runs} == {"failed"}
    errors = [text for run in runs for text in others.operator.failures(run)["approve[-1]"]]
    assert all("Nobody answered within 0:04:00" in text for text in errors)
    assert not others.paid("silent")
