from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from include.core.features import MEDIA_TYPES, MediaType, run_tables
from include.core.lake import Lake
from include.core.schemas import TABLES
from include.core.validation_rules import RULES
from include.store.objects import Row, delete_prefix
from include.store.plan_batches import read_plan, write_plan
from include.store.staged_frames import read_parts
from include.store.tables import write_table
from include.validate.audit import Audit
from include.validate.column_rules import check
from include.validate.promises import promises_of_schema
from tests.include.validate.clean_days import LAKE, CleanDay

BETWEEN, COUNT = "expect_column_values_to_be_between", "expect_table_row_count_to_equal"
NOT_NULL, UNIQUE = "expect_column_values_to_not_be_null", "expect_column_values_to_be_unique"


def broken(audit: Audit) -> set[tuple[str, str, str | None]]:
    return {
        (row["table_name"], row["expectation"], row["column_name"])
        for row in audit.results
        if not row["success"]
    }


def audit_with(day: CleanDay, **tables: list[Row]) -> Audit:
    """Validate a day with other rows in some tables, and put back what was there."""
    before = day.rows()
    for name, rows in tables.items():
        day.stage(name, rows)
    try:
        return day.validate()
    finally:
        for name in tables:
            day.stage(name, before[name])


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_every_check_of_a_clean_day_is_a_row(
    clean_days: dict[MediaType, CleanDay], media_type: MediaType
) -> None:
    day = clean_days[media_type]
    audit = day.validate()
    assert (broken(audit), audit.failures, audit.failed) == (set(), [], "")
    tables = run_tables(media_type)
    assert set(audit.tables.tables) == {row["table_name"] for row in audit.results} == set(tables)
    assert {row["run_id"] for row in audit.results} == {day.workspace.run.run_id}
    assert {row["layer"] for row in audit.results} >= {"columns", "relations"}
    assert {row["expectation"] for row in audit.results} <= RULES.keys()
    promised = sum(len(list(promises_of_schema(TABLES[name]))) for name in tables)
    assert len(audit.results) >= promised + len(tables)
    rows = {name: table.rows for name, table in audit.tables.tables.items()}
    assert rows == {name: len(staged) for name, staged in day.rows().items()}


def test_results_and_failures_fit_their_own_tables(clean_days: dict[MediaType, CleanDay]) -> None:
    day = clean_days["image"]
    texts = day.rows()["texts"]
    texts[0]["confidence"] = 101.0
    audit = audit_with(day, texts=texts)
    assert audit.failures
    for name, rows in (("validation_results", audit.results), ("validation_failures", audit.failures)):
        uri = f"s3://{day.workspace.run.bucket}/other/{name}.parquet"
        stamped = [{**row, "checked_at": audit.tables.audited_at} for row in rows]
        write_table(day.workspace.s3, TABLES[name], stamped, uri)
        (part,) = read_parts(day.workspace.s3, name, [uri])
        results = check(TABLES[name], part)
        assert results
        assert all(result.success for result in results)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_run_on_nothing_passes(clean_days: dict[MediaType, CleanDay], media_type: MediaType) -> None:
    day = clean_days[media_type]
    run = replace(day.workspace.run, partition="2026-11-21")
    nothing = replace(day, workspace=replace_run(day, run), assets=0, analyses=0)
    audit = nothing.validate()
    assert broken(audit) == set()
    assert {row["table_name"] for row in audit.results} == set(run_tables(media_type))


def replace_run(day: CleanDay, run: Any, lake: Lake = LAKE) -> Any:
    workspace = type(day.workspace)(run, day.workspace.settings, day.workspace.aws)
    workspace.lake = lake
    return workspace


def test_rows_that_were_promised_and_are_not_there_are_found(
    clean_days: dict[MediaType, CleanDay],
) -> None:
    rows = clean_days["video"].rows()
    audit = audit_with(clean_days["video"], labels=rows["labels"][1:], texts=[])
    counts = {table for table, rule, _ in broken(audit) if rule == COUNT}
    assert counts == {"labels", "texts"}
    assert "- texts, expect_table_row_count_to_equal" in audit.failed


def test_a_failing_row_says_which_it_is_and_what_it_has(clean_days: dict[MediaType, CleanDay]) -> None:
    """By Great Expectations as by the project's own rules; tables about people show nothing."""
    day = clean_days["image"]
    rows = day.rows()
    rows["texts"][0]["confidence"] = 101.0
    rows["labels"][0]["parents"] = [rows["labels"][0]["name"]]
    rows["faces"][0]["confidence"] = 101.0
    audit = audit_with(day, **{name: rows[name] for name in ("texts", "labels", "faces")})
    shown = {
        (row["table_name"], row["expectation"]): (row["media_id"], row["analysis_key"], row["value"])
        for row in audit.failures
    }
    texts, labels = rows["texts"][0], rows["labels"][0]
    assert shown["texts", BETWEEN] == (texts["media_id"], texts["analysis_key"], "101.0")
    own_parent = (labels["media_id"], labels["analysis_key"], str(labels["parents"]))
    assert shown["labels", "a_label_is_not_its_own_parent"] == own_parent
    assert ("faces", BETWEEN, "confidence") in broken(audit)
    assert not [row for row in audit.failures if row["table_name"] == "faces"]
    (details,) = [
        json.loads(row["details"])
        for row in audit.results
        if (row["table_name"], row["expectation"], row["column_name"]) == ("faces", BETWEEN, "confidence")
    ]
    assert "examples" not in details


def test_the_lake_says_which_rules_hold_a_day_back(clean_days: dict[MediaType, CleanDay]) -> None:
    day = clean_days["image"]
    texts = day.rows()["texts"]
    next(row for row in texts if row["media_id"] == "id-two")["text"] = "cafÃ©"
    assert "text_is_not_garbled" not in audit_with(day, texts=texts).failed
    for severity in ("warn", "fail"):
        lake = LAKE.model_copy(update={"validation_severity": {"text_is_not_garbled": severity}})
        other = replace(day, workspace=replace_run(day, day.workspace.run, lake))
        audit = audit_with(other, texts=texts)
        assert "text_is_not_garbled" in {row["expectation"] for row in audit.broken(severity)}
        assert ("text_is_not_garbled" in audit.failed) is (severity == "fail")


def test_a_table_is_checked_some_rows_at_a_time(
    clean_days: dict[MediaType, CleanDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with rows adds up, and what is wrong between rows is found across parts."""
    monkeypatch.setattr("include.store.staged_frames.ROWS_AT_A_TIME", 2)
    day = clean_days["image"]
    rows = day.rows()
    for number, row in enumerate(rows["texts"]):
        row["confidence"] = 101.0 + number
    assets = [*rows["media_assets"], rows["media_assets"][0]]
    audit = audit_with(day, texts=rows["texts"], media_assets=assets)
    by_check = {
        (row["table_name"], row["expectation"], row["column_name"]): row
        for row in audit.results
        if row["table_name"] == "texts"
    }
    texts = by_check["texts", BETWEEN, "confidence"]
    assert (texts["checked_rows"], texts["unexpected_rows"]) == (6, 6)
    details = json.loads(texts["details"])
    assert details["examples"] == ["101.0", "102.0", "103.0", "104.0", "105.0"]
    assert details["kwargs"]["max_value"] == 100
    assert by_check["texts", NOT_NULL, "text"]["checked_rows"] == 6
    assert ("media_assets", UNIQUE, "media_id") in broken(audit)


def test_a_file_that_does_not_fit_leaves_the_other_tables_checked(
    clean_days: dict[MediaType, CleanDay],
) -> None:
    day = clean_days["image"]
    rows = day.rows()
    prefix = day.workspace.run.staged_uri("labels", "image")
    rows["texts"][0]["confidence"] = 101.0
    write_table(day.workspace.s3, TABLES["texts"], rows["texts"], f"{prefix}batch-0000-0000.parquet")
    try:
        audit = audit_with(day, texts=rows["texts"])
    finally:
        day.stage("labels", rows["labels"])
    found = broken(audit)
    assert ("labels", "files_fit_the_schema", None) in found
    assert ("texts", BETWEEN, "confidence") in found


def test_the_plan_is_that_of_the_run(clean_days: dict[MediaType, CleanDay]) -> None:
    """Without its plan nothing of a run is as planned."""
    day = clean_days["video"]
    s3, run = day.workspace.s3, day.workspace.run
    lines = read_plan(s3, run.plan_uri(0))
    delete_prefix(s3, run.plans_uri())
    try:
        found = {rule for _, rule, _ in broken(day.validate())}
    finally:
        list(write_plan(s3, run, lines, len(lines)))
    assert {"assets_are_those_planned", "analyses_are_those_planned"} <= found
