"""What people decide about files: asked for through Athena, recorded, and there after reprocessing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.context import set_current_context

from media_lake.tasks.review import list_files, record
from tests.integration.conftest import ROOT, LocalLake
from tests.integration.enriched_days import Days

pytestmark = pytest.mark.integration

# The local Rekognition answers its bytes with a recorded response: smoking.
SMOKING = (ROOT / "local" / "sample_media" / "rocket-night.jpg").read_bytes()
DAY = "2026-05-11"


class Reviewers:
    """People who answer in runs of the Dag."""

    def __init__(self, lake: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")

    def asked(self, media_id: str | None = None) -> list[dict[str, Any]]:
        """Return the files that a run for the day lists."""
        with set_current_context(self._context(params={"day": DAY, "media_id": media_id})):
            files: list[dict[str, Any]] = list_files.function()
        return files

    def answers(self, file: dict[str, Any], name: str, choice: str, minute: int) -> None:
        answer = {
            "chosen_options": [choice],
            "params_input": {"reason": f"{name} says so"},
            "responded_by_user": {"id": "7", "name": name},
            "responded_at": datetime(2026, 5, 12, 9, minute, tzinfo=UTC),
        }
        with set_current_context(self._context()):
            record.function(file=file, answer=answer)

    def _context(self, **more: Any) -> Any:
        run = SimpleNamespace(dag_id="review_moderation", run_id="review-run", partition_key=None)
        return {"dag_run": run, "ti": SimpleNamespace(), **more}


def test_decisions_are_kept_when_their_day_is_reprocessed_and_the_last_one_counts(
    local_lake: LocalLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    days, reviewers = Days(local_lake), Reviewers(local_lake, monkeypatch)
    # No other test asks for the same of these bytes, which would be paid for by whoever comes first.
    lake = days.lake([{"moderation": {"MinConfidence": 45}}])
    for name in ("a.jpg", "b.jpg"):
        days.put(DAY, name, SMOKING)
    days.discover(DAY, lake)
    days.enrich(DAY, lake)
    first, second = sorted(reviewers.asked(), key=lambda file: str(file["s3_uri"]))
    assert (first["label"], first["parent_label"], first["timestamp_ms"]) == (
        "Smoking", "Drugs & Tobacco Paraphernalia & Use", None,
    )  # fmt: skip
    assert (first["state"], first["title"]) == ("waiting", "a.jpg: Smoking (99.4 %)")

    reviewers.answers(first, "ben", "Reject", minute=30)
    reviewers.answers(first, "ben", "Reject", minute=30)  # a repeated attempt of the task
    reviewers.answers(first, "ann", "Approve", minute=10)  # recorded later, decided before
    assert [file["s3_uri"] for file in reviewers.asked()] == [second["s3_uri"]]

    queue = (
        "SELECT key, state, decided_by, reason, decisions, decided_label FROM moderation_queue"
        f" WHERE dt = '{DAY}' ORDER BY key"
    )
    shown = [
        [days.key(DAY, "a.jpg"), "rejected", "ben", "ben says so", 2, "Smoking"],
        [days.key(DAY, "b.jpg"), "waiting", None, None, 0, None],
    ]
    assert days.query(queue) == shown
    days.reprocess(DAY, lake)
    assert days.query(queue) == shown
    kept = days.query(
        "SELECT media_id, decision, decided_by FROM moderation_reviews"
        f" WHERE dt = '{DAY}' ORDER BY decided_at"
    )
    assert kept == [[first["media_id"], "approve", "ann"], [first["media_id"], "reject", "ben"]]

    (again,) = reviewers.asked(first["media_id"])
    assert (again["state"], again["decided_by"], again["reason"]) == ("rejected", "ben", "ben says so")
    reviewers.answers(again, "ann", "Approve", minute=40)
    assert days.query(queue)[0][1:5] == ["approved", "ann", "ann says so", 3]
