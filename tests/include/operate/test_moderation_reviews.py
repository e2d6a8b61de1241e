"""Questions about files and records of answers; an integration test takes them through Athena."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.core.run import Run
from include.core.schemas import TABLES
from include.core.selection import SelectionError
from include.core.settings import Settings
from include.operate.moderation_reviews import REVIEWS, Answer, files_to_review, review_name, review_row
from include.store.parquet import arrow_rows
from include.validate.column_rules import check
from tests.queued_files import a_file

AT = datetime(2026, 11, 21, 9, 30, 1, 250_000, tzinfo=UTC)


def test_a_question_says_what_was_found_where_and_how_sure() -> None:
    file = a_file()
    assert file.title == "clip.mp4: Physical Violence (88.5 %)"
    assert file.description.splitlines() == [
        "- File: ` s3://b/raw/clip.mp4 `",
        "- Found: Physical Violence (below Violence), with a confidence of 88.5 %",
        "- Where in the video: 1:02:03.004",
        "- Moderation labels in all: 3",
        "- Source and day: shop, 2026-11-20",
        "- Media id: ` m1 `",
    ]
    image = a_file(timestamp_ms=None, parent_label=None, media_type="image").description
    assert "Where in the video" not in image
    assert "- Found: Physical Violence, with" in image


def test_a_question_about_a_decided_file_says_who_decided() -> None:
    last = a_file(state="rejected", decided_by="ann", reason="weapons").description.splitlines()[-1]
    assert last == "- It was rejected by ` ann `, because: ` weapons `"
    last = a_file(state="approved", decided_by="ann").description.splitlines()[-1]
    assert last == "- It was approved by ` ann `"


def test_a_key_is_shown_as_it_is_and_does_nothing() -> None:
    """Keys hold line feeds, links and what ends a quotation in Markdown."""
    file = a_file(s3_uri="s3://b/`x``![](http://h/i.png)\n# no.jpg")
    first, second = file.description.splitlines()[:2]
    assert first == "- File: ``` s3://b/`x``![](http://h/i.png)\\n# no.jpg ```"
    assert second.startswith("- Found: ")
    assert len(a_file(s3_uri=f"s3://b/{'k' * 1000}").title) < 110


@pytest.mark.parametrize(("reason", "kept"), [("  nudity ", "nudity"), ("  ", None), (None, None)])
def test_an_answer_becomes_a_row_that_keeps_its_schema(
    run: Run, reason: str | None, kept: str | None
) -> None:
    row = review_row(a_file(), Answer.of("Reject", reason, "ann", AT), run)
    table = TABLES[REVIEWS]
    assert set(row) == set(table.column_types)
    assert (row["decision"], row["reason"], row["decided_by"]) == ("reject", kept, "ann")
    assert (row["media_id"], row["label"], row["timestamp_ms"]) == ("m1", "Physical Violence", 3_723_004)
    assert [result for result in check(table, arrow_rows(table, [row])) if result.broken] == []


def test_whoever_has_no_name_is_somebody() -> None:
    assert Answer.of("Approve", None, None, AT).decided_by == "somebody in Airflow"


def test_a_repeated_record_has_the_same_name_and_another_answer_another(run: Run) -> None:
    answer = Answer.of("Approve", None, "ann", AT)
    name = review_name(a_file(), answer, run)
    assert name.startswith("20261121T093001250000-")
    assert review_name(a_file(), answer, run) == name
    others = {
        review_name(a_file(media_id="m2"), answer, run),
        review_name(a_file(), answer.model_copy(update={"decided_at": AT + timedelta(seconds=1)}), run),
        review_name(a_file(), answer, Run(run.bucket, run.dag_id, "another", run.partition)),
    }
    assert len(others | {name}) == 4


def test_what_is_no_day_is_refused(aws: Any) -> None:
    with pytest.raises(SelectionError, match="'20.11.2026' is not a day"):
        files_to_review(aws.session, Settings(), "20.11.2026", None)
