"""A hard budget from the stop to the report, the alert and the day that goes on, through all stages."""

from __future__ import annotations

import logging
import time
import uuid
from typing import Any

import pytest

from include.core.budgets import month_at
from include.core.lake import Lake
from include.operate.resumable_days import days_to_resume
from include.store.workspace import Workspace
from media_lake.callbacks import alert_sender
from media_lake.tasks.report import publish_budgets, report_day
from tests.integration.conftest import LocalLake
from tests.integration.enriched_days import Days

pytestmark = pytest.mark.integration

DAY = "2026-07-21"


class Team:
    """A day of three pictures of a cost center with a budget."""

    def __init__(self, local_lake: LocalLake) -> None:
        self.days = Days(local_lake)
        self.name = f"team-{uuid.uuid4().hex[:8]}"
        self._local_lake = local_lake
        for number in range(3):
            self.days.put(DAY, f"{number}.png", self.days.picture(number))

    def lake(self, usd: float, kind: str = "hard") -> Lake:
        lake = self.days.lake(
            cost_centers={"team": {"title": "Team"}, self.name: {"title": "Own"}},
            budgets={self.name: {"usd": usd, "kind": kind}},
        )
        sources = tuple(each.model_copy(update={"cost_center": self.name}) for each in lake.sources)
        return lake.model_copy(update={"sources": sources})

    def workspace(self, lake: Lake) -> Workspace:
        return self._local_lake.workspace(self.days.run(DAY, "report_costs"), lake)

    def reported(self, lake: Lake) -> list[Any]:
        """Report the day and the budgets, and return the newest row of this month's budget."""
        report_day(self.workspace(lake))
        publish_budgets(self.workspace(lake))
        (row, *_) = self.days.query(
            "SELECT limit_usd, kind, spent_usd, reserved_usd FROM budgets "
            f"WHERE cost_center = '{self.name}' AND month = '{month_at(time.time())}' ORDER BY as_of DESC"
        )
        return list(row)

    def statuses(self) -> list[str]:
        return sorted(self.days.analyses(DAY).values())


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """Return the subjects of the alerts so far."""
    monkeypatch.setattr(alert_sender, "_publish", lambda alert: None)
    caplog.set_level(logging.ERROR, alert_sender.__name__)
    return lambda: [
        record.getMessage().split(":")[1].split(" |")[0].strip()
        for record in caplog.records
        if record.name == alert_sender.__name__
    ]


def test_a_day_that_a_budget_stopped_is_reported_and_goes_on_when_the_budget_is_raised(
    local_lake: LocalLake, alerts: Any
) -> None:
    team = Team(local_lake)
    lake = team.lake(0.002)
    team.days.discover(DAY, lake)
    team.days.enrich(DAY, lake)
    assert team.statuses() == ["stopped", "succeeded", "succeeded"]
    code = f"SELECT error_code FROM analyses WHERE dt = '{DAY}' AND status = 'stopped'"
    assert team.days.query(code) == [["BudgetReached"]]
    states = f"SELECT state, count(*) FROM coverage WHERE dt = '{DAY}' AND feature = 'moderation' GROUP BY 1"
    assert sorted(team.days.query(states)) == [["done", 2], ["not yet", 1]]

    assert team.reported(lake) == [0.002, "hard", 0.002, 0.0]
    assert team.reported(lake) == [0.002, "hard", 0.002, 0.0]
    assert alerts() == ["100% reached"]
    assert days_to_resume(team.workspace(lake), time.time()) == {"image": [], "video": []}

    raised = team.lake(0.005)
    assert days_to_resume(team.workspace(raised), time.time()) == {"image": [DAY], "video": []}
    team.days.enrich(DAY, raised)
    assert team.statuses() == ["reused", "reused", "succeeded"]
    assert sorted(local_lake.billed().values()) == [1, 1, 1]
    assert team.reported(raised) == [0.005, "hard", 0.003, 0.0]
    assert alerts() == ["100% reached", "50% reached"]
    assert days_to_resume(team.workspace(raised), time.time()) == {"image": [], "video": []}


def test_a_soft_budget_warns_and_stops_nothing(local_lake: LocalLake, alerts: Any) -> None:
    team = Team(local_lake)
    lake = team.lake(0.0035, "soft")
    team.days.discover(DAY, lake)
    team.days.enrich(DAY, lake)
    assert team.statuses() == ["succeeded"] * 3
    assert team.reported(lake) == [0.0035, "soft", 0.003, 0.0]
    assert alerts() == ["80% reached"]


def test_a_budget_that_is_new_in_the_middle_of_a_month_counts_what_is_reported(local_lake: LocalLake) -> None:
    team = Team(local_lake)
    free = team.lake(1.0, "soft")
    team.days.discover(DAY, free)
    team.days.enrich(DAY, free)
    team.reported(free)
    for number in range(3, 6):
        team.days.put(DAY, f"{number}.png", team.days.picture(number))
    hard = team.lake(0.005)
    team.days.discover(DAY, hard)
    team.days.enrich(DAY, hard)
    assert team.statuses() == ["reused"] * 3 + ["stopped"] + ["succeeded"] * 2
