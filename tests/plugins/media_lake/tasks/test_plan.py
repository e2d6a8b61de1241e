"""The tasks that plan, over a day in memory: what a run may pay for depends on what started it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk.execution_time.context import TriggeringAssetEventsAccessor, set_current_context
from moto import mock_aws

from include.core.analysis_keys import analysis_key
from include.core.features import FEATURES
from include.core.run import Run
from include.core.selection import NOTHING, Selection
from include.store.ledger import Entry
from include.store.manifest import MANIFEST_SCHEMA
from include.store.plan_batches import read_plan
from include.store.workspace import Workspace
from media_lake.assets import image_redrives, media_manifest
from media_lake.tasks.plan import plan
from media_lake.tasks.reprocess import plan_reprocessing
from media_lake.tasks.resume import ALL_OF_THE_DAY
from tests.include.plan.planning import a_lake, an_asset, states
from tests.parquet_objects import put_parquet
from tests.workspaces import NO_QUOTAS, make_ledger_table, make_workspace

ONLY_TEXT = Selection.of(["text"], None)
# The file ``new`` was never analyzed; both analyses of ``failed`` failed.
NEW = {("raw/new", "labels"), ("raw/new", "text")}
FAILED = {("raw/failed", "labels"), ("raw/failed", "text")}


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The lake that the tasks work with; nothing was billed in it this month."""
    run = Run("media-lake", "enrich_images", "r", "2026-11-20")
    with mock_aws():
        workspace = make_workspace(run, boto3.Session(region_name="us-east-1"), lake=a_lake(), **NO_QUOTAS)
        workspace.s3.create_bucket(Bucket="media-lake")
        make_ledger_table(workspace.aws.client("dynamodb"), workspace.settings.ledger_table)
        put_parquet(workspace.s3, run.manifest_uri(), [an_asset("new"), an_asset("failed")], MANIFEST_SCHEMA)
        keys = [analysis_key("etag:failed:1000", FEATURES[name], "image") for name in ("labels", "text")]
        workspace.ledger.finish([Entry(key, "failed", error_code="X") for key in keys])
        monkeypatch.setattr("media_lake.task_context.task_workspace", lambda: workspace)
        monkeypatch.setattr("include.store.month_to_date.this_month", lambda *_: {})
        yield workspace


def planned(task: Any, workspace: Workspace, events: Any) -> tuple[set[Any], dict[str, Any]]:
    """Run a task as the events start it, and return what it plans to pay for and its XCom ``summary``."""
    pushed: dict[str, Any] = {}
    triggering = TriggeringAssetEventsAccessor.build(
        SimpleNamespace(asset=asset, source_aliases=[], extra=extra) for asset, extra in events
    )
    context: Any = {
        "triggering_asset_events": triggering,
        "dag_run": SimpleNamespace(dag_id="enrich_images"),
        "ti": SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value})),
    }
    with set_current_context(context):
        batches = task.function("image")
    rows = [row for batch in batches for row in read_plan(workspace.s3, batch["uri"])]
    paid = {name for name, state in states(rows).items() if state == "planned"}
    return paid, pushed["summary"]


@pytest.mark.parametrize(
    ("events", "paid"),
    [
        pytest.param([(media_manifest, {})], NEW | FAILED, id="discovered"),
        pytest.param([], NEW | FAILED, id="triggered by hand"),
        pytest.param([(image_redrives, ONLY_TEXT.to_json())], {("raw/failed", "text")}, id="re-driven"),
        pytest.param([(image_redrives, NOTHING.to_json())], set(), id="nothing selected"),
        pytest.param(
            [(image_redrives, ALL_OF_THE_DAY)], NEW | FAILED, id="goes on after a budget stopped it"
        ),
        pytest.param(
            [(image_redrives, NOTHING.to_json()), (media_manifest, {})], NEW | FAILED, id="both at once"
        ),
    ],
)
def test_a_run_that_only_a_redrive_started_pays_for_the_selected_failures_alone(
    workspace: Workspace, events: Any, paid: set[Any]
) -> None:
    found, summary = planned(plan, workspace, events)
    assert found == paid
    assert summary["calls"] == len(paid)


def test_reprocessing_pays_for_nothing(workspace: Workspace) -> None:
    found, summary = planned(plan_reprocessing, workspace, [])
    assert found == set()
    assert (summary["calls"], summary["usd"]["high"], summary["assets"]) == (0, 0, 2)
