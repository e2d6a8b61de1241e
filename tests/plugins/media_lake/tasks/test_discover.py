from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.execution_time.context import OutletEventAccessors, set_current_context
from botocore.exceptions import ClientError

from include.core.run import Run
from include.discover.discovery import DiscoveredMeanwhileError
from include.discover.inventory import InventoryError, InventoryPendingError
from media_lake.assets import media_manifest
from media_lake.tasks.defaults import ATTEMPTS
from media_lake.tasks.discover import DISCOVERY_ARGS, DiscoveryRetryPolicy, discover_day

POLICY = DiscoveryRetryPolicy()
MOST = DISCOVERY_ARGS["retries"]


def an_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "ListObjectsV2")


@pytest.mark.parametrize("attempt", [1, ATTEMPTS, 140])
def test_an_inventory_is_waited_for_longer_than_s3_takes(attempt: int) -> None:
    decision = POLICY.evaluate(InventoryPendingError("none yet"), attempt, MOST)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, POLICY.pending_delay)
    assert MOST * POLICY.pending_delay >= timedelta(hours=48)


def test_a_damaged_inventory_fails_with_its_name() -> None:
    decision = POLICY.evaluate(InventoryError("s3://lists/x is damaged"), 1, MOST)
    assert (decision.action, decision.reason) == (RetryAction.FAIL, "s3://lists/x is damaged")


@pytest.mark.parametrize(
    ("error", "first"),
    [
        (an_error("SlowDown"), RetryAction.RETRY),
        (an_error("AccessDenied"), RetryAction.FAIL),
        (DiscoveredMeanwhileError("m"), RetryAction.RETRY),
        (RuntimeError("m"), RetryAction.DEFAULT),
    ],
)
def test_other_errors_are_retried_as_everywhere_and_no_longer(error: Exception, first: RetryAction) -> None:
    assert POLICY.evaluate(error, 1, MOST).action is first
    assert POLICY.evaluate(error, ATTEMPTS, MOST).action is RetryAction.FAIL


def test_a_day_with_events_is_discovered_and_announced_under_its_own_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def workspace_of(day: str) -> Any:
        return SimpleNamespace(run=Run("media-lake", "discover_events", "r", day))

    def discover(workspace: Any) -> dict[str, Any]:
        counts = {"images": 1, "videos": 0, "defective": 0, "ignored": 0, "known": 0}
        return {"uri": workspace.run.manifest_uri(), "rows": 1, **counts}

    outlets = OutletEventAccessors()
    dag_run = SimpleNamespace(dag_id="discover_events", run_id="r", partition_key=None)
    monkeypatch.setattr("media_lake.task_context.task_workspace", workspace_of)
    monkeypatch.setattr("include.discover.discovery.discover", discover)
    left: dict[str, Any] = {}
    instance = SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}))
    with set_current_context({"dag_run": dag_run, "outlet_events": outlets, "ti": instance}):
        found = discover_day.function({"day": "2026-11-20", "marks": []})
    assert found["uri"] == "s3://media-lake/staging/manifests/dt=2026-11-20/manifest.parquet"
    assert outlets[media_manifest].partition_keys == {"2026-11-20"}
    assert left["figures"]["files"] == outlets[media_manifest].extra["files"] == 1
