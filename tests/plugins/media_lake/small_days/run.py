"""
Run the Dags that enrich on Airflow's own task runner, with an empty Airflow home, on days with little to do.

Only the work of the stages and the answer of a person are replaced. Prints a line of JSON: for each day and
Dag the states of the run and of its tasks, and likewise for a review of three files, of which a person
decides about two.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.utils.db import initdb

from include.plan.approvals import Answer, Question, Waiting
from include.plan.plan_approval import CutPlan
from media_lake.operators.file_review import APPROVE, REJECT
from tests.queued_files import a_file

DAGS = ("enrich_images", "enrich_videos")
ROOT = Path(__file__).parents[4]
BATCH = {"uri": "s3://l/plans/batch-0000.ndjson.gz", "rows": 1, "bytes": 9}
TEAM = {"source": "s", "cost_center": "c", "images": 1}
MODEL = {"arn": "arn", "feature": "custom_labels", "teams": [TEAM]}
SUMMARY = {
    "assets": 0, "analyses": 0, "calls": 0, "reused": 0, "rejected": 0, "models": [], "usd": {"likely": 0.0},
    "approval_needed": False, "planned_at": "2026-11-20T05:00:00+00:00",
}  # fmt: skip

# Batches of the plan, and what is said of it beside SUMMARY.
DAYS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "empty": ([], {}),
    "without models": ([BATCH], {}),
    "with a model": ([BATCH], {"models": [MODEL]}),
    "rejected": ([BATCH], {"approval_needed": True}),
}

# A record in which the run waits, and by which it is its turn to ask.
PLAN = Waiting("2026-11-20", high={"s": 5.0}, likely={"s": 4.0}, since=0)
APPROVALS = SimpleNamespace(
    wait_again=lambda token: None,
    turn=lambda token: Question(("s",), (("2026-11-20", 5.0),), 5.0, 4.0),
    answer=lambda token, outcome, *_: Answer(PLAN, outcome, 0.0, "ada", 0),
)


class Work:
    """Whatever a stage makes: its calls return what XComs can hold."""

    finished = True

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self

    def to_xcom(self) -> dict[str, int]:
        return dict.fromkeys(("calls", "reused", "failed", "stopped", "done"), 0)


@contextmanager
def stages(batches: list[Any], summary: dict[str, Any]) -> Iterator[None]:
    replaced: dict[str, Any] = {
        "media_lake.task_context.task_workspace": mock.MagicMock(),
        "media_lake.tasks.plan.requested_selections": lambda media_type: None,
        "media_lake.operators.approval.task_approvals": lambda: (APPROVALS, mock.MagicMock()),
        "include.plan.plan_approval.in_words": lambda *_: "May it pay $5?",
        "include.plan.plan_approval.cut_plan": lambda *_: CutPlan(cut=1),
        "include.core.prices.load_price_book": mock.MagicMock(),
        "include.plan.planner.plan": lambda *_: (batches, SUMMARY | summary),
        "include.store.plan_batches.read_plan": lambda *_: [],
        "include.analyze.image_analyzer.ImageAnalyzer": lambda *_, **__: Work(),
        "include.analyze.image_analyzer.planned_operations": lambda rows: [],
        "include.analyze.pace.shared_paces": lambda *_: {},
        "media_lake.tasks.analyze.task_models": lambda: (Work(), mock.MagicMock()),
        "media_lake.sensors.model_sensors.task_models": lambda: (Work(), mock.MagicMock()),
        "media_lake.video_batch.video_analyzer": lambda *_: Work(),
        "include.normalize.batch.normalize_batch": lambda *_, **__: {"labels": 1},
        "include.store.compaction.compact": lambda *_: None,
        "include.validate.audit.validate": lambda *_, **__: SimpleNamespace(
            results=[], failures=[], broken=lambda severity: [], tables=mock.MagicMock()
        ),
        "include.publish.check_results.publish_results": lambda *_, **__: None,
        "include.store.audited_tables.write_audit": lambda *_, **__: None,
        "include.store.audited_tables.read_audit": lambda *_, **__: SimpleNamespace(tables={}),
        "include.publish.publisher.publish": lambda *_, **__: {},
        "include.store.waiting_reports.ask_for_report": lambda *_: None,
    }
    answer = {"chosen_options": [ApprovalOperator.REJECT], "params_input": {}, "responded_by_user": None}
    with ExitStack() as stack:
        for name, replacement in replaced.items():
            stack.enter_context(mock.patch(name, replacement))
        stack.enter_context(mock.patch.object(HITLOperator, "execute_complete", return_value=answer))
        stack.enter_context(
            mock.patch.object(
                ApprovalOperator, "execute", lambda self, context: self.execute_complete(context, {})
            )
        )
        yield


def run(dag: Any, day: str) -> dict[str, Any]:
    with stages(*DAYS[day]):
        dag_run = dag.test()
    return {"run": dag_run.state, **{ti.task_id: ti.state for ti in dag_run.get_task_instances()}}


def answered(operator: Any, context: Any) -> Any:
    """Answer as the scheduler does for a person, or for nobody once the time is over."""
    if "c.jpg" in operator.subject:
        return operator.execute_complete(context, {"error": "too late", "error_type": "timeout"})
    choice = APPROVE if "a.jpg" in operator.subject else REJECT
    return operator.execute_complete(
        context,
        {
            "chosen_options": [choice],
            "params_input": {"reason": operator.subject},
            "responded_by_user": {"id": "1", "name": "ann"},
            "responded_at": datetime(2026, 11, 21, 9, tzinfo=UTC),
        },
    )


def review(dag: Any) -> dict[str, Any]:
    """Return the states of the run and of the instances of its tasks, and what was recorded."""
    files = [a_file(media_id=name, s3_uri=f"s3://b/{name}.jpg") for name in "abc"]
    added: list[Any] = []
    with ExitStack() as stack:
        for name, replacement in {
            "media_lake.task_context.task_deployment": mock.MagicMock(),
            "media_lake.task_context.task_workspace": mock.MagicMock(),
            "include.operate.moderation_reviews.files_to_review": lambda *_, **__: files,
            "include.operate.moderation_reviews.review_row": lambda file, answer, run: [
                file.media_id, answer.decision, answer.reason, answer.decided_by
            ],
            "include.operate.moderation_reviews.review_name": lambda *_: "name",
            "include.publish.added_rows.publish_added": lambda *given: added.append(given[1:4]),
        }.items():  # fmt: skip
            stack.enter_context(mock.patch(name, replacement))
        stack.enter_context(mock.patch.object(HITLOperator, "execute", answered))
        dag_run = dag.test()
    states = {f"{ti.task_id}[{ti.map_index}]": ti.state for ti in dag_run.get_task_instances()}
    return {"run": dag_run.state, **states, "added": sorted(added)}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    initdb()
    # Airflow 3.3.2 cannot test a Dag that has a deadline.
    with mock.patch("media_lake.callbacks.late_runs.deadline", return_value=None):
        dags = DagBag(str(ROOT / "dags")).dags
        outcome: dict[str, Any] = {day: {name: run(dags[name], day) for name in DAGS} for day in DAYS}
        outcome["reviews"] = review(dags["review_moderation"])
    print(json.dumps(outcome))
