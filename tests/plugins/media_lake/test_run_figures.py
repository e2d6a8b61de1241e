"""The figures of a run, from what its tasks left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from media_lake import run_figures
from media_lake.assets import image_findings
from media_lake.run_figures import findings_figures, leave_figures, manifest_figures

PLANNED = {
    "assets": 9, "analyses": 60, "calls": 20, "reused": 30, "rejected": 10, "usd": {"low": 0, "likely": 2.0},
}  # fmt: skip


class Task:
    """A running task: what the others left, and what it leaves itself."""

    def __init__(self, **results: Any) -> None:
        self.results = {("plan", "summary"): PLANNED}
        self.results |= {(name.replace("__", "."), "return_value"): value for name, value in results.items()}
        self.pushed: dict[str, Any] = {}
        self.events = {image_findings: SimpleNamespace(extra={})}

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        return self.results.get((task_ids, key))

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def start(**results: Any) -> Task:
        task = Task(**results)
        context = {"ti": task, "outlet_events": task.events}
        monkeypatch.setattr(run_figures, "get_current_context", lambda: context)
        return task

    return start


def test_what_was_planned_and_neither_reused_nor_failed_was_paid(run: Any) -> None:
    run(
        analyze=[{"calls": 9, "reused": 20, "failed": 1}, {"calls": 9, "reused": 12, "failed": 2}],
        normalize=[{"labels": 5, "analyses": 40}, {"labels": 7, "analyses": 20}],
        validate={"warned": 2},
    )
    assert findings_figures("image") == {
        "files": 9, "analyses": 60, "paid": 15, "reused": 32, "failed": 3, "rejected": 10,
        "rows": 72, "usd": 1.5, "warnings": 2,
    }  # fmt: skip


def test_videos_are_counted_where_their_responses_are_collected(run: Any) -> None:
    run(
        analyze__collect_responses=[{"done": 18, "reused": 20, "failed": 1}],
        analyze__analyze_frames=[{"frames": 90, "done": 3, "reused": 10, "failed": 1}],
        normalize={"labels": 5},
    )
    figures = findings_figures("video")
    assert (figures["paid"], figures["reused"], figures["failed"], figures["rows"]) == (18, 30, 2, 5)
    assert figures["usd"] == 1.8


def test_a_run_that_analyzes_nothing_pays_nothing(run: Any) -> None:
    run(normalize=[{"labels": 5}])
    figures = findings_figures("image")
    assert (figures["paid"], figures["reused"], figures["usd"]) == (0, 30, 0.0)


def test_a_price_is_unknown_if_the_run_paid_before_its_last_plan(run: Any) -> None:
    run(analyze=[{"reused": 0, "failed": 0}])
    assert findings_figures("image")["usd"] is None


def test_figures_stand_in_the_event_and_are_left_for_the_note(run: Any) -> None:
    task = run()
    leave_figures(image_findings, {"files": 3})
    assert task.events[image_findings].extra == {"files": 3}
    assert task.pushed == {"figures": {"files": 3}}


def test_a_manifest_has_figures_without_its_place() -> None:
    found = {
        "uri": "s3://l/m", "rows": 5, "bytes": 9,
        "images": 3, "videos": 2, "defective": 1, "ignored": 0, "known": 4,
    }  # fmt: skip
    assert manifest_figures(found) == {
        "files": 5, "images": 3, "videos": 2, "defective": 1, "ignored": 0, "known": 4,
    }  # fmt: skip
