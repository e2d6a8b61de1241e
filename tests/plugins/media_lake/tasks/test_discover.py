from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from botocore.exceptions import ClientError

from include.discover.discovery import DiscoveredMeanwhileError
from include.discover.inventory import InventoryError, InventoryPendingError
from media_lake.assets import media_manifest
from media_lake.tasks import discover as discovery
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
    announced: list[str] = []
    made: list[Any] = []
    outlet = SimpleNamespace(add_partitions=announced.append)
    context = {"outlet_events": {media_manifest: outlet}}
    monkeypatch.setattr(discovery, "get_current_context", lambda: context)
    monkeypatch.setattr("media_lake.task_context.task_workspace", lambda day: f"the lake on {day}")
    monkeypatch.setattr(discovery, "discover_partition", lambda *given: made.append(given) or {"rows": 1})
    assert discover_day.function({"day": "2026-11-20", "marks": []}) == {"rows": 1}
    assert made == [("the lake on 2026-11-20",)]
    assert announced == ["2026-11-20"]
