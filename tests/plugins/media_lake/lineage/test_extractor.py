"""What OpenLineage's listener and file transport make of the lake's tasks, by configuration alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pyarrow as pa
import pytest
from airflow.providers.openlineage.plugins.listener import OpenLineageListener
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from include.core.features import run_tables
from include.core.schemas import TABLES
from include.report.day_costs import COST_TABLES
from include.report.month_report import DayCosts
from include.store.parquet import arrow_rows
from include.validate.column_rules import check
from include.validate.rule_results import RuleResult
from media_lake.cost_tables import CostTables
from media_lake.lineage.facts import tell
from tests.plugins.media_lake.lineage.observed_tasks import CONFIGURATION, DAY, Observer, file_transport

LAKE = "s3://media-lake"
GLUE = "arn:aws:glue:us-east-1:123456789012"
MEDIA, MANIFESTS, PLANS = ((LAKE, name) for name in ("raw/sample", "staging/manifests", "staging/plans"))
RESPONSES, USAGE_LOG = ((LAKE, name) for name in ("responses", "usage_log"))

# A failed check, with a value that must not leave the lake.
FAILED = {
    "table_name": "labels",
    "expectation": "expect_column_values_to_be_between",
    "column_name": "confidence",
    "success": False,
    "checked_rows": 5,
    "unexpected_rows": 2,
    "details": '{"examples": ["a value"]}',
}
PASSED = [result.to_row("r", {}) for result in check(TABLES["labels"], arrow_rows(TABLES["labels"], []))]
CHECKS = [*PASSED, FAILED]


@pytest.fixture
def observer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Observer:
    path = tmp_path / "events.ndjson"
    for name, value in {**CONFIGURATION, "AIRFLOW__OPENLINEAGE__TRANSPORT": file_transport(path)}.items():
        monkeypatch.setenv(name, value)
    return Observer(OpenLineageListener(), path)


def staged(*tables: str) -> list[tuple[str, str]]:
    return [(LAKE, f"staging/{name}") for name in tables]


def published(*tables: str) -> list[tuple[str, str]]:
    return [(GLUE, f"table/media_lake/{name}") for name in tables]


def names(datasets: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(dataset["namespace"], dataset["name"]) for dataset in datasets]


IMAGES, VIDEOS = run_tables("image"), run_tables("video")
FLOWS = {
    ("discover_media", "discover"): ([MEDIA], [MANIFESTS]),
    ("enrich_images", "plan"): ([MANIFESTS], [PLANS]),
    ("reprocess_videos", "plan"): ([MANIFESTS], [PLANS]),
    ("enrich_images", "analyze"): ([MEDIA, PLANS], [RESPONSES, USAGE_LOG]),
    ("enrich_videos", "analyze.start_jobs"): ([MEDIA, PLANS], [RESPONSES, USAGE_LOG]),
    ("enrich_videos", "analyze.collect_responses"): ([MEDIA, PLANS], [RESPONSES, USAGE_LOG]),
    ("enrich_videos", "analyze.analyze_frames"): ([MEDIA, PLANS], [RESPONSES, USAGE_LOG]),
    ("enrich_images", "normalize"): ([PLANS, RESPONSES], staged(*IMAGES)),
    ("enrich_videos", "validate"): (staged(*VIDEOS), published("validation_results")),
    ("enrich_images", "publish"): (staged(*IMAGES), published(*IMAGES)),
    ("report_costs", "report"): (
        [USAGE_LOG, *staged(*COST_TABLES)],
        [*published(*COST_TABLES), (LAKE, "reports/costs.html")],
    ),
}


@pytest.mark.parametrize(("task", "flow"), FLOWS.items(), ids=map(".".join, FLOWS))
def test_each_stage_says_what_it_reads_and_writes(
    observer: Observer, task: tuple[str, str], flow: tuple[list[Any], list[Any]]
) -> None:
    events = observer.run(*task)
    assert set(events) == {"START", "COMPLETE"}
    for event in events.values():
        assert event["job"]["namespace"] == "lake"
        assert event["job"]["name"] == ".".join(task)
        assert (names(event["inputs"]), names(event["outputs"])) == flow


def test_checks_that_passed_and_failed_are_assertions_without_values(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited = {
        "labels": SimpleNamespace(rows=5),
        "analyses": SimpleNamespace(rows=3),
        "media_assets": SimpleNamespace(rows=1, objects=()),
    }
    audit = SimpleNamespace(
        failures=[],
        broken=lambda _: [],
        results=CHECKS,
        failed="x",
        tables=SimpleNamespace(tables=audited, audited_at=None),
    )
    replace(
        monkeypatch,
        {
            "include.store.compaction.compact": lambda *_: None,
            "include.validate.audit.validate": lambda *_: audit,
            "include.publish.check_results.publish_results": lambda *_: None,
            "include.store.audited_tables.write_audit": lambda *_: None,
        },
    )
    planned = {"planned_at": f"{DAY}T05:00:00+00:00", "assets": 1, "analyses": 1}
    event = observer.run("enrich_images", "validate", lambda task: task.python_callable("image", planned))[
        "COMPLETE"
    ]
    facets = {dataset["name"]: dataset["inputFacets"] for dataset in event["inputs"]}
    assertions = facets["staging/labels"]["dataQualityAssertions"]["assertions"]
    assert len(assertions) == len(CHECKS)
    told = {(each["assertion"], each.get("column")): each for each in assertions}
    assert told["expect_column_values_to_not_be_null", "media_id"]["success"] is True
    failed = told[FAILED["expectation"], "confidence"]
    assert (failed["success"], failed["severity"], failed["actual"]) == (False, "error", "2 unexpected rows")
    metrics = facets["staging/labels"]["dataQualityMetrics"]
    assert metrics["rowCount"] == 5
    assert metrics["columnMetrics"]["media_id"]["nullCount"] == 0
    assert "dataQualityAssertions" not in facets["staging/analyses"]
    assert "a value" not in json.dumps(event)


def test_rows_that_were_published_are_statistics_of_the_tables(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited = SimpleNamespace(tables={"labels": SimpleNamespace(rows=5)})
    replace(
        monkeypatch,
        {
            "include.store.audited_tables.read_audit": lambda *_: audited,
            "include.publish.publisher.publish": lambda *_, **__: {},
            "include.store.waiting_reports.ask_for_report": lambda *_: None,
            "media_lake.tasks.publish.findings_figures": lambda _: {},
            "media_lake.tasks.publish.leave_figures": lambda *_: None,
        },
    )
    monkeypatch.setattr(RuntimeTaskInstance, "xcom_pull", lambda *_, **__: None)
    event = observer.run("enrich_images", "publish", lambda task: task.python_callable("image"))["COMPLETE"]
    (labels,) = [dataset for dataset in event["outputs"] if dataset["name"].endswith("/labels")]
    assert labels["outputFacets"]["outputStatistics"]["rowCount"] == 5
    fields = labels["facets"]["schema"]["fields"]
    assert {field["name"]: field["type"] for field in fields} == TABLES["labels"].column_types
    (files,) = labels["facets"]["symlinks"]["identifiers"]
    assert (files["namespace"], files["name"], files["type"]) == (LAKE, "curated/labels", "LOCATION")
    (subset,) = labels["outputFacets"]["subset"]["outputCondition"]["partitions"]
    assert subset["dimensions"] == {"dt": DAY, "media_type": "image"}


def test_rows_of_a_batch_are_statistics_of_what_is_staged(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(
        monkeypatch,
        {
            "include.normalize.batch.normalize_batch": lambda *_: {"labels": 7},
            "include.store.plan_batches.read_plan": lambda *_: [],
        },
    )
    batch = {"uri": "s3://l/plans/batch-0000.ndjson.gz", "rows": 1}
    event = observer.run("enrich_images", "normalize", lambda task: task.python_callable(batch, "image"))[
        "COMPLETE"
    ]
    rows = {
        dataset["name"]: dataset["outputFacets"]["outputStatistics"]["rowCount"]
        for dataset in event["outputs"]
        if "outputStatistics" in dataset["outputFacets"]
    }
    assert rows == {"staging/labels": 7}


def test_a_report_adds_up_its_days(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(
        monkeypatch,
        {
            "media_lake.cost_tables.publish_results": lambda *_: None,
            "media_lake.cost_tables.check": lambda table, _: [
                RuleResult("expect_column_values_to_be_unique", table.name, checked=2, broken=0)
            ],
            "media_lake.cost_tables.cost_results": lambda *_: [],
            "media_lake.cost_tables.price_results": lambda *_: [],
        },
    )
    workspace = mock.MagicMock()
    workspace.on.return_value.lake.validation_severity = {"expect_column_values_to_be_unique": "warn"}
    tables = CostTables(workspace, mock.MagicMock(), Path())
    rows = pa.table({"usage_id": ["a", "b"]})
    days = [DayCosts(day, rows, rows, False, datetime.now(UTC)) for day in ("2026-11-20", "2026-11-21")]
    event = observer.run("report_costs", "report", lambda _: [tables.check(day) for day in days])["COMPLETE"]
    _, usage, _ = event["inputs"]
    assert usage["inputFacets"]["dataQualityMetrics"]["rowCount"] == 4
    assertions = usage["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [each["severity"] for each in assertions] == ["warn", "warn"]
    # Which days these are is not known: a run reports all that wait.
    assert "subset" not in event["outputs"][0]["outputFacets"]


def test_a_failed_task_says_what_it_read_and_not_that_it_wrote(observer: Observer) -> None:
    events = observer.run("enrich_images", "publish", error=ValueError("denied"))
    assert set(events) == {"START", "FAIL"}
    assert names(events["FAIL"]["inputs"]) == staged(*IMAGES)
    assert events["FAIL"]["outputs"] == []


def test_the_day_of_events_is_that_of_the_task(observer: Observer) -> None:
    def discover(task: Any) -> None:
        task.op_kwargs = {"found": {"day": "2026-03-01", "marks": []}}

    event = observer.run("discover_events", "discover.discover_day", discover)["COMPLETE"]
    (subset,) = event["outputs"][0]["outputFacets"]["subset"]["outputCondition"]["partitions"]
    assert subset["dimensions"] == {"dt": "2026-03-01"}


@pytest.mark.parametrize(
    ("dag_id", "task_id"), [("enrich_images", "reserve_models"), ("reprocess_days", "select_days")]
)
def test_tasks_without_data_say_nothing(observer: Observer, dag_id: str, task_id: str) -> None:
    for event in observer.run(dag_id, task_id).values():
        assert (event["inputs"], event["outputs"]) == ([], [])


def test_where_no_task_runs_nothing_is_told() -> None:
    tell({"labels": 1})


def replace(monkeypatch: pytest.MonkeyPatch, work: dict[str, Any]) -> None:
    """Replace the work of a stage; the task around it stays."""
    for name, replacement in work.items():
        monkeypatch.setattr(name, replacement)
    monkeypatch.setattr("media_lake.task_context.task_workspace", mock.MagicMock())
