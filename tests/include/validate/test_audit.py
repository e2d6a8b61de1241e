from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from include.core.features import FEATURES, run_tables
from include.core.run import Run
from include.core.schemas import TABLES, Table
from include.store.objects import Row, list_uris
from include.store.staged_frames import read_frames
from include.store.tables import write_table
from include.validate.audit import check, in_words, validate
from include.validate.promises import promises_of_schema
from tests.workspaces import make_workspace

PLANNED_AT = datetime(2026, 11, 21, 4, tzinfo=UTC)


def finding(table: str, media_id: str = "a", **changes: Any) -> Row:
    rows: dict[str, Row] = {
        "labels": {"name": "Dog", "confidence": 90.0, "instance_count": 0, "timestamp_ms": 500},
        "segments": {
            "type": "SHOT", "shot_index": 0, "start_ms": 0, "end_ms": 500, "duration_ms": 500,
            "confidence": 90.0,
        },
    }  # fmt: skip
    return {"media_id": media_id, "analysis_key": "k", **rows[table], **changes}


def an_asset(media_id: str = "a", **changes: Any) -> Row:
    return {
        "media_id": media_id, "source": "sample", "cost_center": "team", "bucket": "b", "key": "k",
        "etag": "e", "size_bytes": 1, "last_modified": datetime(2026, 11, 20), "content_id": "c",
        "duration_ms": 10_000,
        "status": "analyzed", **changes,
    }  # fmt: skip


TABLE_OF = {name: feature.tables[0] for name, feature in FEATURES.items()}


def promised(counts: dict[str, int]) -> list[Row]:
    return [{"table_name": table, "row_count": rows} for table, rows in counts.items()]


def an_analysis(feature: str, findings: int | None, media_id: str = "a", **changes: Any) -> Row:
    return {
        "media_id": media_id, "feature": feature, "operation": "x", "analysis_key": "k",
        "status": "succeeded", "findings": findings, "units": 1.0,
        "findings_by_table": None if findings is None else promised({TABLE_OF[feature]: findings}), **changes,
    }  # fmt: skip


GOOD: dict[str, list[Row]] = {
    "media_assets": [an_asset()],
    "analyses": [an_analysis("labels", 2), an_analysis("segments", 1), an_analysis("text", 0)],
    "labels": [finding("labels"), finding("labels", timestamp_ms=10_000)],
    "segments": [finding("segments")],
}


class Bench:
    """Writes tables as a run does and validates them."""

    def __init__(self, session: Any, s3: Any, run: Run) -> None:
        self.s3, self.run = s3, run
        self.workspace = make_workspace(run, session, s3=s3)

    def write(self, tables: dict[str, list[Row]], media_type: Any) -> None:
        for name, rows in tables.items():
            if rows:
                uri = f"{self.run.staged_uri(name, media_type)}batch-0000-0000.parquet"
                write_table(self.s3, TABLES[name], rows, uri)

    def validate(
        self,
        tables: dict[str, list[Row]] | None = None,
        media_type: Any = "video",
        assets: int = 1,
        analyses: int = 3,
    ) -> tuple[list[Row], str]:
        self.write(GOOD | (tables or {}), media_type)
        audit = validate(self.workspace, media_type, assets, analyses, PLANNED_AT)
        assert set(audit.tables.tables) == set(run_tables(media_type))
        return audit.results, audit.failed


@pytest.fixture
def bench(aws: SimpleNamespace, s3: Any, run: Run) -> Bench:
    return Bench(aws.session, s3, run)


def failures(rows: list[Row]) -> set[tuple[str, str, str | None]]:
    return {(row["table_name"], row["expectation"], row["column_name"]) for row in rows if not row["success"]}


def test_good_data_passes_and_every_check_is_a_row(bench: Bench) -> None:
    rows, words = bench.validate()
    assert words == ""
    assert failures(rows) == set()
    assert {row["table_name"] for row in rows} == set(run_tables("video"))
    assert {row["run_id"] for row in rows} == {bench.run.run_id}
    promised = sum(len(list(promises_of_schema(TABLES[name]))) for name in run_tables("video"))
    assert len(rows) >= promised + len(run_tables("video"))
    write_table(
        bench.s3,
        TABLES["validation_results"],
        rows,
        f"{bench.run.staged_uri('validation_results', 'video')}r.parquet",
    )
    staged = list_uris(bench.s3, bench.run.staged_uri("validation_results", "video"))
    (frame,) = read_frames(bench.s3, "validation_results", staged)
    assert check(TABLES["validation_results"], frame, "r")
    assert failures(check(TABLES["validation_results"], frame, "r")) == set()


def test_a_run_on_nothing_passes(bench: Bench) -> None:
    rows, words = bench.validate({name: [] for name in GOOD}, assets=0, analyses=0)
    assert words == ""
    assert {row["table_name"] for row in rows} == set(run_tables("video"))


def test_images_without_findings_pass(bench: Bench) -> None:
    good: dict[str, list[Row]] = {"analyses": [an_analysis("labels", 0)], "labels": [], "segments": []}
    rows, words = bench.validate(good, "image", analyses=1)
    assert words == ""
    assert not [row for row in rows if row["column_name"] == PAST_END]


BETWEEN, IN_SET = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"
NOT_NULL, COUNT = "expect_column_values_to_not_be_null", "expect_table_row_count_to_equal"
UNIQUE, UNIQUE_TOGETHER = "expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"
PAST_END = "past_end_ms"


def test_rows_that_were_promised_and_are_not_there_are_found(bench: Bench) -> None:
    tables: dict[str, list[Row]] = {
        "media_assets": [],
        "analyses": [an_analysis("labels", 2), an_analysis("segments", 1), an_analysis("text", 1)],
        "labels": [finding("labels")],
        "segments": [finding("segments")] * 2,
    }
    rows, words = bench.validate(tables, analyses=4)
    found = {"media_assets", "analyses", "labels", "segments", "texts"}
    assert failures(rows) == {(name, COUNT, None) for name in found}
    assert "- texts: expect_table_row_count_to_equal, the whole of ? rows" in words


@pytest.mark.parametrize(
    ("labels", "properties", "broken"),
    [(2, 1, set()), (1, 1, {"labels"}), (2, 2, {"image_properties"}), (1, 2, {"labels", "image_properties"})],
)
def test_an_analysis_promises_rows_of_each_table_that_it_fills(
    bench: Bench, labels: int, properties: int, broken: set[str]
) -> None:
    """A row that is in the wrong table does not make up for one that is missing."""
    by_table = promised({"labels": 2, "image_properties": 1})
    tables: dict[str, list[Row]] = {
        "analyses": [
            an_analysis("labels", 3, findings_by_table=by_table),
            an_analysis("text", None, status="failed"),
        ],
        "labels": [finding("labels", timestamp_ms=None)] * labels,
        "image_properties": [{"media_id": "a", "analysis_key": "k", "region": "image"}] * properties,
        "segments": [],
    }
    rows, _ = bench.validate(tables, "image", analyses=2)
    assert failures(rows) == {(name, COUNT, None) for name in broken}


def test_findings_past_the_end_of_their_own_video_are_found(bench: Bench) -> None:
    """With a second of tolerance; a video whose end is not known has none."""
    tables: dict[str, list[Row]] = {
        "media_assets": [
            an_asset("a", duration_ms=10_000),
            an_asset("b", duration_ms=60_000),
            an_asset("c", duration_ms=None),
        ],
        "analyses": [an_analysis("labels", 5), an_analysis("segments", 2), an_analysis("text", 0)],
        "labels": [
            finding("labels", "a", timestamp_ms=11_000, end_ms=11_000),
            finding("labels", "b", timestamp_ms=59_000),
            finding("labels", "c", timestamp_ms=99_000),
            finding("labels", "a", timestamp_ms=11_001),
            finding("labels", "a", timestamp_ms=9_000, end_ms=60_000),
        ],
        "segments": [
            finding("segments", "a", end_ms=11_000),
            finding("segments", "b", start_ms=59_000, end_ms=70_000),
        ],
    }
    rows, words = bench.validate(tables, assets=3)
    assert failures(rows) == {("labels", BETWEEN, PAST_END), ("segments", BETWEEN, PAST_END)}
    past_end = {row["table_name"]: row for row in rows if row["column_name"] == PAST_END}
    assert json.loads(past_end["labels"]["details"])["examples"] == [1001, 50_000]
    assert json.loads(past_end["segments"]["details"])["examples"] == [10_000]
    assert f"- segments.{PAST_END}: {BETWEEN}, 1 of 2 rows" in words


def test_a_table_is_checked_some_rows_at_a_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with rows adds up, and what is wrong between rows is found across parts."""
    monkeypatch.setattr("include.store.staged_frames.ROWS_AT_A_TIME", 3)
    confidences = [90.0, 101.0, 102.0, 90.0, 90.0, 103.0, 104.0, 105.0, 106.0, 90.0]
    media = ["a", "b", "c", "d", "a"]
    tables: dict[str, list[Row]] = {
        "media_assets": [an_asset(name) for name in media],
        "analyses": [an_analysis("labels", 2, name) for name in media] + [an_analysis("segments", 1)],
        "labels": [finding("labels", confidence=value) for value in confidences],
    }
    rows, _ = bench.validate(tables, assets=5, analyses=6)
    assert failures(rows) == {
        ("media_assets", UNIQUE, "media_id"),
        ("analyses", UNIQUE_TOGETHER, None),
        ("labels", BETWEEN, "confidence"),
    }
    by_check = {(row["table_name"], row["expectation"], row["column_name"]): row for row in rows}
    assert len(by_check) == len(rows)
    labels = by_check["labels", BETWEEN, "confidence"]
    assert (labels["checked_rows"], labels["unexpected_rows"]) == (10, 6)
    details = json.loads(labels["details"])
    assert details["examples"] == [101, 102, 103, 104, 105]
    assert details["kwargs"]["max_value"] == 100
    assert by_check["labels", NOT_NULL, "name"]["checked_rows"] == 10
    assert by_check["media_assets", UNIQUE, "media_id"]["unexpected_rows"] == 2


def frame_of(table: str, *rows: Row) -> pd.DataFrame:
    """Return rows as they are read back from a table's files."""
    return pa.Table.from_pylist(list(rows), schema=TABLES[table].arrow_schema).to_pandas(
        types_mapper=pd.ArrowDtype
    )


USE = {
    "usage_id": "u", "at": datetime(2026, 1, 1), "dag_id": "d", "run_id": "r", "source": "s",
    "cost_center": "c", "media_id": "m", "media_type": "image", "analysis_key": "k", "feature": "labels",
    "operation": "o",
    "price_item": "p", "units": 1.0, "reused": False, "usd": 0.1, "saved_usd": 0.0, "price_version": "v",
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "rows", "broken"),
    [
        pytest.param(
            "labels",
            [
                finding("labels"),
                finding("labels", confidence=100.5),
                finding("labels", timestamp_ms=-1),
                finding("labels", name=None),
            ],
            {(BETWEEN, "confidence"), (BETWEEN, "timestamp_ms"), (NOT_NULL, "name")},
            id="above, below, null",
        ),
        pytest.param(
            "segments", [finding("segments", type="SCENE")], {(IN_SET, "type")}, id="not in the list"
        ),
        pytest.param(
            "media_assets",
            [an_asset(), an_asset(status="lost")],
            {(UNIQUE, "media_id"), (IN_SET, "status")},
            id="an asset twice, a status of no list",
        ),
        pytest.param(
            "analyses",
            [an_analysis("labels", 1), an_analysis("labels", 1), an_analysis("text", 1)],
            {(UNIQUE_TOGETHER, None)},
            id="an analysis twice",
        ),
        pytest.param("usage", [USE, USE], {(UNIQUE, "usage_id")}, id="a use counted twice"),
    ],
)
def test_a_row_that_breaks_the_schema_is_found(
    table: str, rows: list[Row], broken: set[tuple[str, str | None]]
) -> None:
    checked = check(TABLES[table], frame_of(table, *rows), "r")
    assert failures(checked) == {(table, *each) for each in broken}


def test_a_failed_check_says_how_many_rows_and_shows_some() -> None:
    bad = [finding("labels", confidence=float(value)) for value in range(101, 111)]
    rows = check(TABLES["labels"], frame_of("labels", *bad, finding("labels")), "r")
    (row,) = [row for row in rows if not row["success"]]
    assert (row["column_name"], row["checked_rows"], row["unexpected_rows"]) == ("confidence", 11, 10)
    details = json.loads(row["details"])
    assert len(details["examples"]) == 5
    assert details["kwargs"]["max_value"] == 100
    assert in_words([row]) == "- labels.confidence: expect_column_values_to_be_between, 10 of 11 rows"


def empty(table: Table) -> pd.DataFrame:
    return table.arrow_schema.empty_table().to_pandas()


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_an_empty_table_passes(table: Table) -> None:
    assert failures(check(table, empty(table), "r")) == set()


def test_columns_are_checked_in_order() -> None:
    table = TABLES["segments"]
    frame = empty(table)
    swapped = frame[[frame.columns[1], frame.columns[0], *frame.columns[2:]]]
    for wrong in (swapped, frame.assign(extra=pd.Series(dtype="str"))):
        assert ("segments", "expect_table_columns_to_match_ordered_list", None) in failures(
            check(table, wrong, "r")
        )


def test_a_missing_column_is_a_failed_check_and_no_crash() -> None:
    table = TABLES["segments"]
    rows = check(table, empty(table).drop(columns=["start_ms"]), "r")
    assert ("segments", "expect_table_columns_to_match_ordered_list", None) in failures(rows)
    assert ("segments", NOT_NULL, "start_ms") in failures(rows)


def test_words_for_checks_without_figures() -> None:
    row = {
        "table_name": "t",
        "column_name": None,
        "expectation": "e",
        "unexpected_rows": None,
        "checked_rows": None,
    }
    assert in_words([row]) == "- t: e, the whole of ? rows"
    assert in_words([]) == ""
