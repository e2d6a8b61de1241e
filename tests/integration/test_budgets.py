"""Hard budgets of images: many processes share one, and some of them are killed. Rekognition counts."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from include.analyze.image_analyzer import ImageAnalyzer
from include.core.analysis_keys import analysis_key
from include.core.budgets import MICROS, Budget, month_at
from include.core.features import FEATURES
from include.core.run import Run
from include.store.budget_records import BudgetRecord
from include.store.budget_recovery import recover_expired
from include.store.objects import Row
from include.store.stopped_analyses import stopped_analyses
from include.store.usage_log import read_usage_log
from tests.integration.conftest import LocalLake, paces, picture

pytestmark = pytest.mark.integration

DAY = "2026-02-01"
FEATURE = FEATURES["moderation"]
OPERATION = "DetectModerationLabels"
USD = 0.001  # of a call
KILLS = 10


@dataclass
class Team:
    """A cost center with a hard budget, and pictures to analyze."""

    lake: LocalLake
    usd: float
    name: str
    etag: str
    lease_seconds: int = 60

    @property
    def calls(self) -> int:
        """Calls that Rekognition billed."""
        return self.lake.requests(OPERATION)

    @property
    def record(self) -> BudgetRecord:
        return self.lake.ledger.budget(self.name, month_at(time.time()))

    @property
    def spent(self) -> float:
        """Calls that the budget counts as paid for or reserved."""
        return (self.record.read().committed or 0) / MICROS / USD

    def plan(self, analyses: int) -> list[Row]:
        assert FEATURE.image is not None
        names = [uuid.uuid4().hex for _ in range(analyses)]
        return [
            {
                "asset": {
                    "media_id": name,
                    "source": "sample",
                    "cost_center": self.name,
                    "bucket": self.lake.settings.bucket,
                    "key": "raw/budget.jpg",
                    "version_id": None,
                    "etag": self.etag,
                    "content_id": name,
                    "media_type": "image",
                },
                "analyses": [
                    {
                        "feature": FEATURE.name,
                        "parameters": dict(FEATURE.image.parameters),
                        "state": "planned",
                        "analysis_key": analysis_key(name, FEATURE, "image"),
                    }
                ],
            }
            for name in names
        ]

    def analyze(self, plan: list[Row], threads: int) -> tuple[Run, int]:
        """Analyze in a run of its own, and return it with how many analyses were stopped."""
        run = Run(self.lake.settings.bucket, "enrich_images", uuid.uuid4().hex, DAY)
        budgets = {self.name: Budget(usd=self.usd, kind="hard")}
        workspace = self.lake.workspace(
            run,
            self.lake.lake.model_copy(update={"budgets": budgets}),
            image_threads=threads,
            lease_seconds=self.lease_seconds,
        )
        engine = ImageAnalyzer(workspace, batch="batch-0000", paces=paces())
        return run, engine.analyze(plan).stopped


@pytest.fixture
def team_of(local_lake: LocalLake, upload: Callable[[str, bytes], None]) -> Callable[[float], Team]:
    def team(usd: float) -> Team:
        body = picture(1, 80, 80)
        upload("raw/budget.jpg", body)
        bucket = local_lake.settings.bucket
        etag = local_lake.client("s3").head_object(Bucket=bucket, Key="raw/budget.jpg")["ETag"].strip('"')
        return Team(local_lake, usd, f"team-{uuid.uuid4().hex[:8]}", etag)

    return team


def started(target: Callable[..., Any], *arguments: Any) -> Any:
    process = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    process.start()
    return process


def spend_with(team: Team, processes: int, analyses: int, threads: int) -> None:
    running = [started(team.analyze, team.plan(analyses), threads) for _ in range(processes)]
    for process in running:
        process.join()
    assert [process.exitcode for process in running] == [0] * processes


@pytest.mark.parametrize(
    ("usd", "processes", "analyses"),
    [
        pytest.param(0.12, 6, 30, id="few"),
        pytest.param(10.0, 50, 240, id="fifty", marks=[pytest.mark.matrix, pytest.mark.timeout(1800)]),
    ],
)
def test_processes_together_spend_a_budget_to_its_end_and_never_more(
    team_of: Callable[[float], Team], usd: float, processes: int, analyses: int
) -> None:
    team = team_of(usd)
    spend_with(team, processes, analyses, threads=2)
    assert processes * analyses * USD > usd
    assert 0.98 * usd <= team.calls * USD <= usd
    # A call without an answer counts, as AWS may have billed it: a connection may break before the request.
    assert team.calls <= team.spent <= usd / USD
    assert team.record.read().reserved == {}


def test_what_is_stopped_is_noted_and_paid_for_once_there_is_money(team_of: Callable[[float], Team]) -> None:
    team = team_of(0.003)
    plan = team.plan(8)
    run, stopped = team.analyze(plan, threads=2)
    noted = stopped_analyses(team.lake.client("s3"), run, "batch-0000")
    assert (stopped, set(noted.values())) == (5, {team.name})
    entries = team.lake.ledger.lookup(noted)
    assert not any(entry.state == "done" for entry in entries.values())
    team.usd = 0.02
    run, stopped = team.analyze(plan, threads=2)
    assert (stopped, stopped_analyses(team.lake.client("s3"), run, "batch-0000")) == (0, {})
    assert team.calls == 8


def test_another_team_that_needs_the_same_pays_when_the_first_has_no_money(
    team_of: Callable[[float], Team],
) -> None:
    team = team_of(0.0)
    plan = team.plan(2)
    copy = {**plan[0], "asset": {**plan[0]["asset"], "media_id": "copy", "cost_center": "rich"}}
    run, stopped = team.analyze([*plan, copy], threads=2)
    assert (stopped, team.calls) == (1, 1)
    done = plan[0]["analyses"][0]["analysis_key"]
    assert json.loads(team.lake.ledger.lookup([done])[done].payer or "")["cost_center"] == "rich"
    usage = read_usage_log(team.lake.client("s3"), run.bucket, DAY)
    assert [line["reused"] for line in usage if line["run_id"] == run.run_id] == [False, True]


def test_calls_that_aws_refuses_cost_nothing(team_of: Callable[[float], Team]) -> None:
    team = team_of(0.01)
    fault = {"operation": OPERATION, "code": "InvalidImageFormatException", "times": 4}
    team.lake.behave(faults=[fault])
    team.analyze(team.plan(9), threads=2)
    assert team.spent == 5


def kill_while_it_spends(team: Team, threads: int) -> None:
    """Kill a process at a random point between its first reservation and its end."""
    before = team.calls
    process = started(team.analyze, team.plan(100), threads)
    deadline = time.monotonic() + 30
    while team.calls == before and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.15))
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.timeout(120)
def test_tasks_that_are_killed_leak_nothing_after_the_lease(team_of: Callable[[float], Team]) -> None:
    threads = 2
    team = team_of(0.2)
    team.lease_seconds = 2
    team.lake.behave(latency_ms=20)
    for _ in range(KILLS):
        kill_while_it_spends(team, threads)
    reserved = team.record.read().reserved
    assert reserved
    time.sleep(max(each.expires for each in reserved.values()) - time.time() + 0.1)
    recover_expired(team.record, team.record.read(), team.lake.ledger, time.time())
    assert team.record.read().reserved == {}
    # A call may be noted and never sent: one for each thread that was killed, at most.
    assert 0 <= team.spent - team.calls <= KILLS * threads
    lost = team.spent - team.calls
    team.lake.behave(latency_ms=0)
    team.analyze(team.plan(200), threads)
    assert team.spent == team.usd / USD
    assert team.calls == team.usd / USD - lost
