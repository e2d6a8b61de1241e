from __future__ import annotations

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
from include.store.stopped_analyses import stopped_analyses
from include.store.usage_log import Session
from include.store.workspace import Workspace
from tests.workspaces import make_workspace

ARN = "arn:aws:rekognition:us-east-1:1:project/p/version/v/1"
MODEL = {"arn": ARN, "feature": "custom_labels", "source": "sample", "cost_center": "team"}
HOUR = 4_000_000


def workspace_of(aws: SimpleNamespace, run: Run, usd: float, kind: Any = "hard") -> Workspace:
    lake = load_lake(Settings().lake_file).model_copy(
        update={"budgets": {"team": Budget(usd=usd, kind=kind)}}
    )
    return make_workspace(run, aws.session, lake=lake, s3=aws.s3, dynamodb=aws.dynamodb)


def committed(workspace: Workspace) -> int | None:
    return workspace.ledger.budget("team", month_at(time.time())).read().committed


def is_stopped(workspace: Workspace) -> bool:
    call = FEATURES["custom_labels"].image
    assert call is not None
    stop: Any = None
    work = ImageWork("k", "custom_labels", call, {"ProjectVersionArn": ARN}, {}, {"cost_center": "team"})
    return Spending(workspace, stop).is_out_of(work)


@pytest.fixture(autouse=True)
def _stores(s3: Any, dynamodb: Any) -> None:
    """The bucket and the ledger's table."""


def test_an_hour_is_reserved_once_and_settled_by_what_is_billed(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 10)
    assert ModelSpending(workspace, MODEL).reserve()
    assert ModelSpending(workspace, MODEL).reserve()
    assert committed(workspace) == HOUR
    assert not is_stopped(workspace)
    spending = ModelSpending(workspace, MODEL)
    spending.settle(Session(ARN, 0, 900, 1))
    spending.settle(None)
    assert committed(workspace) == HOUR / 4


def test_a_model_without_money_is_not_started_and_its_analyses_are_stopped(
    aws: SimpleNamespace, run: Run
) -> None:
    workspace = workspace_of(aws, run, 3)
    assert not ModelSpending(workspace, MODEL).reserve()
    assert (committed(workspace), is_stopped(workspace)) == (0, True)
    assert stopped_analyses(workspace.s3, run, MODELS) == {ARN: "team"}
    workspace = workspace_of(aws, run, 5)
    assert ModelSpending(workspace, MODEL).reserve()
    assert not is_stopped(workspace)


def test_a_run_that_leaves_the_model_to_others_pays_nothing(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 10)
    ModelSpending(workspace, MODEL).reserve()
    ModelSpending(workspace, MODEL).settle(None)
    assert committed(workspace) == 0


def test_a_soft_budget_reserves_nothing(aws: SimpleNamespace, run: Run) -> None:
    workspace = workspace_of(aws, run, 0, "soft")
    assert ModelSpending(workspace, MODEL).reserve()
    assert committed(workspace) is None
