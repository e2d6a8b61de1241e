from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.run import Run
from include.core.settings import Settings
from include.publish.publish_decisions import DECISIONS, PublishDecision, note_decision
from include.store.appended_rows import read_appended
from include.store.workspace import Workspace
from tests.conftest import BUCKET
from tests.glue_tables import DATABASE, create_tables
from tests.workspaces import make_workspace

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
RUN = Run(BUCKET, "enrich_images", "manual", "2026-11-20")


def an_answer(**changes: Any) -> dict[str, Any]:
    return {
        "chosen_options": ["Approve"],
        "params_input": {"reason": " the boxes are right "},
        "responded_at": AT,
        "responded_by_user": {"id": "7", "name": "ada"},
        "timedout": False,
        **changes,
    }


@pytest.fixture
def lake(aws: SimpleNamespace, s3: Any) -> Workspace:
    create_tables(aws.glue, (DECISIONS,))
    return make_workspace(
        RUN, boto3.Session(), Settings(database=DATABASE, bucket=BUCKET), s3=s3, glue=aws.glue
    )


def kept(lake: Workspace) -> list[dict[str, Any]]:
    return read_appended(lake.s3, BUCKET, DECISIONS, ["2026-11-20", "image"])


def test_who_decided_when_and_why_is_kept(lake: Workspace) -> None:
    decision = PublishDecision.of_answer(an_answer(), approved=True)
    note_decision(lake, "image", decision, ["scores_differ", "rows_are_unique"])
    assert kept(lake) == [
        {
            "decided_at": AT.replace(tzinfo=None),
            "decision": "approved",
            "decided_by": "ada",
            "reason": "the boxes are right",
            "dag_id": "enrich_images",
            "run_id": "manual",
            "failed_rules": ["scores_differ", "rows_are_unique"],
        }
    ]
    partition = lake.aws.client("glue").get_partition(
        DatabaseName=DATABASE, TableName=DECISIONS, PartitionValues=["2026-11-20", "image"]
    )["Partition"]
    assert partition["StorageDescriptor"]["Location"].endswith("/dt=2026-11-20/media_type=image/")


def test_a_decision_is_kept_once_however_often_it_is_noted_and_a_later_one_beside_it(lake: Workspace) -> None:
    for at in (AT, AT, AT + timedelta(hours=1), AT.astimezone(timezone(timedelta(hours=2)))):
        note_decision(
            lake, "image", PublishDecision.of_answer(an_answer(responded_at=at), approved=False), []
        )
    assert [(row["decision"], row["decided_at"].hour) for row in kept(lake)] == [
        ("rejected", 9),
        ("rejected", 10),
    ]


@pytest.mark.parametrize("form", [None, {}, {"reason": None}, {"reason": " "}])
def test_a_decision_needs_no_reason(form: Any) -> None:
    assert PublishDecision.of_answer(an_answer(params_input=form), approved=True).reason is None


def test_airflow_may_not_know_who_decided() -> None:
    answer = an_answer(responded_by_user=None)
    assert PublishDecision.of_answer(answer, approved=True).decided_by == "somebody in Airflow"


def test_that_nobody_answered_is_kept_too(lake: Workspace) -> None:
    note_decision(lake, "image", PublishDecision.of_nobody(), ["rows_are_unique"])
    ((decision, who),) = [(row["decision"], row["decided_by"]) for row in kept(lake)]
    assert (decision, who) == ("timed_out", None)
