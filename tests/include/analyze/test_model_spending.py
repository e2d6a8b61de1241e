from __future__ import annotations

import math
import time
from types import SimpleNamespace
from typing import Any

import pytest

from include.analyze.image_lanes import ImageWork
from include.analyze.model_spending import MODELS, ModelSpending
from include.analyze.spending import Spending
from include.core.budgets import Budget, month_at
from include.core.features import FEATURES
from include.core.lake import load_lake
from include.core.run import Run
from include.core.settings import Settings
from include.store.model_time import Session, model_payer
from include.store.stopped_analyses import stopped_analyses
from include.store.workspace import Workspace
from tests.workspaces import make_workspace

ARN = "arn:aws:rekognition:us-east-1:1:project/p/version/v/1"


def team(images: int, source: str, cost_center: str = "team") -> dict[str, Any]:
    return {"source": source, "cost_center": cost_center, "images": images}


MODEL: dict[str, Any] = {"arn": ARN, "feature": "custom_labels", "teams": [team(4, "sample")]}
HOUR = 4_000_000


def workspace_of(
    aws: SimpleNamespace, run: Run, usd: float, kind: Any = "hard", also: Any = None
) -> Workspace:
    budgets = {"team": Budget(usd=usd, kind=kind)} | (also or {})
    lake = load_lake(Settings().lake_file).model_copy(update={"budgets": budgets})
    return make_workspace(run, aws.session, lake=lake, s3=aws.s3, dynamodb=aws.dynamodb)


def committed(workspace: Workspace, cost_center: str = "team") -> int | None:
    return workspace.ledger.budget(cost_center, month_at(time.time())).read().committed


def is_stopped(workspace: Workspace, cost_center: str = "team") -> bool:
    call = FEATURES["custom_labels"].image
    assert call is not None
    stop: Any = None
    work = ImageWork("k", "custom_labels", call, {"ProjectVersionArn": ARN}, {}, {"cost_center": cost_center})
    return Spending(workspace, stop).is_out_of(work)


@pytest.fixture(autouse=True)
def _stores(s3: Any, dynamodb: Any) -> None:
    """The bucket and the ledger's table."""


def session(seconds: int, *payers: dict[str, Any]) -> Session:
    return Session(ARN, 0, seconds, 1, {str(number): payer for number, payer in enumerate(payers)})


def test_an_hour_is_reserved_once_and_settled_by_what_is_billed(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 10)
    assert ModelSpending(workspace, MODEL).reserve() == MODEL["teams"]
    assert ModelSpending(workspace, MODEL).reserve() == MODEL["teams"]
    assert committed(workspace) == HOUR
    assert not is_stopped(workspace)
    for _ in range(2):
        ModelSpending(workspace, MODEL).settle(session(900))
    assert committed(workspace) == HOUR / 4


def test_a_model_without_money_is_not_started_and_its_analyses_are_stopped(
    aws: SimpleNamespace, run: Run
) -> None:
    workspace = workspace_of(aws, run, 3)
    assert ModelSpending(workspace, MODEL).reserve() == []
    assert (committed(workspace), is_stopped(workspace)) == (0, True)
    assert stopped_analyses(workspace.s3, run, MODELS) == {f"{ARN} team": "team"}
    workspace = workspace_of(aws, run, 5)
    assert ModelSpending(workspace, MODEL).reserve() == MODEL["teams"]
    assert not is_stopped(workspace)


def test_teams_reserve_and_pay_by_their_images(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 2)
    teams = [team(3, "photos"), team(2, "scans"), team(5, "news", cost_center="rich")]
    model = MODEL | {"teams": teams}
    assert ModelSpending(workspace, model).reserve() == teams
    assert committed(workspace) == HOUR / 2
    another = Run(run.bucket, run.dag_id, "another", run.partition)
    ModelSpending(workspace, model).settle(
        session(3600, model_payer(run, model), model_payer(another, model | {"teams": teams[2:]}))
    )
    assert committed(workspace) == math.ceil(HOUR / 3)


def test_a_team_without_money_leaves_the_hour_to_the_others(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 1, also={"rich": Budget(usd=10, kind="hard")})
    teams = [team(5, "photos"), team(5, "news", cost_center="rich")]
    assert ModelSpending(workspace, MODEL | {"teams": teams}).reserve() == teams[1:]
    assert (committed(workspace), committed(workspace, "rich")) == (0, HOUR)
    assert is_stopped(workspace)
    assert not is_stopped(workspace, "rich")


def test_a_model_that_never_ran_costs_nothing(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 10)
    ModelSpending(workspace, MODEL).reserve()
    ModelSpending(workspace, MODEL).settle(session(0, model_payer(run, MODEL)))
    assert committed(workspace) == 0


def test_a_soft_budget_reserves_nothing(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 0, "soft")
    assert ModelSpending(workspace, MODEL).reserve() == MODEL["teams"]
    assert committed(workspace) is None
