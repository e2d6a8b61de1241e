from __future__ import annotations

import asyncio
from typing import Any

import boto3
import pytest
from airflow.sdk.serde import deserialize, serialize
from botocore.exceptions import ClientError

from include.core.run import Run
from include.core.settings import Settings
from media_lake.triggers.approval_trigger import ApprovalTrigger
from tests.workspaces import make_workspace

RUN = Run("media-lake", "enrich_images", "r-1", "2026-11-20")
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetItem")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetItem")


def fired(monkeypatch: pytest.MonkeyPatch, *looks: bool | Exception) -> Any:
    """Return what a trigger fires with; its looks at the record have these results."""
    left = list(looks)

    def is_waiting(token: str) -> bool:
        assert token == RUN.token
        look = left.pop(0)
        if isinstance(look, Exception):
            raise look
        return look

    class Record:
        def __init__(self) -> None:
            self.is_waiting = is_waiting

    monkeypatch.setattr("include.plan.plan_approval.approvals_of", lambda _: Record())
    trigger = ApprovalTrigger.of(make_workspace(RUN, boto3.Session(), Settings(lease_seconds=77)))
    _, members = trigger.serialize()
    trigger = ApprovalTrigger(**deserialize(serialize(members)) | {"poll_seconds": 0.0})
    assert trigger.settings["lease_seconds"] == 77

    async def first() -> Any:
        return await anext(trigger.run())

    event = asyncio.run(first())
    assert left == []
    return event.payload


def test_it_fires_when_the_run_has_something_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "error" not in fired(monkeypatch, True, True, False)


def test_trouble_that_passes_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "error" not in fired(monkeypatch, THROTTLED, True, False)


def test_other_trouble_is_left_to_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "AccessDenied" in fired(monkeypatch, True, DENIED)["error"]
