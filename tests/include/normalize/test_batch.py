from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.features import FEATURES, run_tables
from include.core.lake import Lake
from include.core.run import Run
from include.core.schemas import FINDING_TABLES, TABLES
from include.normalize.batch import normalize_batch
from include.store import tables
from include.store.ledger import Entry, Ledger
from include.store.objects import Row, get, list_uris, put_ndjson
from include.store.stopped_analyses import note_stopped, stopped_analyses
from include.store.tables import TableWriter, write_table
from include.store.workspace import Workspace
from tests.include.plan import planning
from tests.workspaces import make_workspace

LAKE = Lake.model_validate(
    {
        "min_confidence": {"labels": 55, "faces": 80},
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [{"name": "sample", "cost_center": "team", "features": {"image": ["labels"]}}],
    }
)


def an_asset(name: str, **changes: Any) -> Row:
    """Return an asset as a plan has it."""
    as_planned = {"media_id": name, "last_modified": "2026-11-20T10:00:00.123000"}
    return planning.an_asset(name, **(as_planned | changes))


def an_analysis(key: str, feature: str = "labels", state: str = "planned", **changes: Any) -> Row:
    call = FEATURES[feature].image or FEATURES[feature].video
    return {
        "feature": feature, "parameters": dict(call.parameters if call else {}), "analysis_key": key,
        "state": state, "code": None, "message": None, **changes,
    }  # fmt: skip


def planned(asset: Row, *analyses: Row) -> Row:
    return {"asset": asset, "analyses": list(analyses)}


def labels(*confidences: float) -> Row:
    found = [{"Name": f"Label {n}", "Confidence": value} for n, value in enumerate(confidences)]
    return {"Labels": found, "LabelModelVersion": "3.0"}


class Bench:
    """A lake in memory with what analyze leaves behind."""

    def __init__(self, session: Any, s3: Any, ledger: Ledger, run: Run) -> None:
        self.session, self.s3, self.ledger, self.run = session, s3, ledger, run

    def archive(self, key: str, response: Row, operation: str = "DetectLabels", **changes: Any) -> None:
        """Archive a response and say in the ledger that it is done, paid by this run for asset ``a``."""
        uri = f"s3://media-lake/responses/{key}.ndjson.gz"
        put_ndjson(self.s3, uri, [{"analysis_key": key, "operation": operation, "response": response}])
        self.done(key, uri, **changes)

    def done(self, key: str, uri: str, run_id: str | None = None, media_id: str = "a") -> None:
        payer = {"run_id": run_id or self.run.run_id, "media_id": media_id}
        entry = Entry(
            key, "done", payer=json.dumps(payer), response_uri=uri, model_version="3.0",
            completed_at="2026-11-20T11:00:00.500", units=1.0,
        )  # fmt: skip
        self.ledger.finish([entry])

    def normalize(
        self, plan: Sequence[Row], batch: str = "batch-0000", media_type: Any = "image", lake: Lake = LAKE
    ) -> Any:
        return normalize_batch(self.workspace(lake), media_type, batch, plan)

    def workspace(self, lake: Lake = LAKE, s3: Any = None) -> Workspace:
        workspace = make_workspace(self.run, self.session, lake=lake, s3=s3 or self.s3)
        workspace.ledger = self.ledger
        return workspace

    def table(self, name: str, media_type: Any = "image") -> pa.Table:
        """Read what was written with pyarrow, not with what wrote it."""
        uris = list_uris(self.s3, self.run.staged_uri(name, media_type))
        parts = [pq.read_table(pa.BufferReader(get(self.s3, uri))) for uri in uris]
        return pa.concat_tables(parts) if parts else TABLES[name].arrow_schema.empty_table()

    def rows(self, name: str, media_type: Any = "image") -> list[Row]:
        return self.table(name, media_type).to_pylist()


@pytest.fixture
def bench(aws: SimpleNamespace, s3: Any, ledger: Ledger, run: Run) -> Bench:
    return Bench(aws.session, s3, ledger, run)


def test_a_paid_analysis_becomes_rows(bench: Bench) -> None:
    bench.archive("k1", labels(90.0, 60.0))
    written = bench.normalize([planned(an_asset("a"), an_analysis("k1"))])
    assert written == {"labels": 2, "analyses": 1, "media_assets": 1}
    first, second = bench.rows("labels")
    assert (first["media_id"], first["analysis_key"], first["name"], first["confidence"]) == (
        "a",
        "k1",
        "Label 0",
        90,
    )
    assert (first["model_version"], first["timestamp_ms"], second["name"]) == ("3.0", None, "Label 1")
    (analysis,) = bench.rows("analyses")
    assert (analysis["status"], analysis["findings"], analysis["units"]) == ("succeeded", 2, 1.0)
    assert analysis["operation"] == "DetectLabels"
    assert analysis["completed_at"] == datetime(2026, 11, 20, 11, 0, 0, 500_000)
    assert analysis["response_uri"].endswith("k1.ndjson.gz")
    (asset,) = bench.rows("media_assets")
    assert (asset["status"], asset["reason_code"], asset["key"]) == ("analyzed", None, "raw/a")
    assert asset["last_modified"] == datetime(2026, 11, 20, 10, 0, 0, 123_000)


def test_findings_are_there_once_per_asset_with_the_same_content(bench: Bench) -> None:
    bench.archive("k1", labels(90.0, 60.0))
    bench.normalize([
        planned(an_asset("a"), an_analysis("k1")),
        planned(an_asset("b"), an_analysis("k1", state="reused")),
    ])  # fmt: skip
    assert [(row["media_id"], row["name"]) for row in bench.rows("labels")] == [
        ("a", "Label 0"), ("b", "Label 0"), ("a", "Label 1"), ("b", "Label 1"),
    ]  # fmt: skip
    assert [(row["media_id"], row["status"], row["findings"]) for row in bench.rows("analyses")] == [
        ("b", "reused", 2),
        ("a", "succeeded", 2),
    ]


def test_a_rejected_twin_gets_no_findings(bench: Bench) -> None:
    """Two objects with the same bytes: one was deleted meanwhile, so its analysis was rejected."""
    bench.archive("k1", labels(90.0))
    gone = an_asset("b", reason_code="Deleted", reason="gone")
    bench.normalize([
        planned(an_asset("a"), an_analysis("k1")),
        planned(gone, an_analysis("k1", state="rejected", code="Deleted", message="gone")),
    ])  # fmt: skip
    assert [row["media_id"] for row in bench.rows("labels")] == ["a"]
    assert sum(row["findings"] or 0 for row in bench.rows("analyses")) == len(bench.rows("labels"))


@pytest.mark.parametrize(
    ("confidence", "shown"), [(54.999, False), (55.0, True), (100.0, True), (0.0, False)]
)
def test_the_threshold_of_the_feature_filters_rows_and_counts(
    bench: Bench, confidence: float, shown: bool
) -> None:
    bench.archive("k1", labels(confidence))
    bench.normalize([planned(an_asset("a"), an_analysis("k1"))])
    assert len(bench.rows("labels")) == int(shown)
    assert bench.rows("analyses")[0]["findings"] == int(shown)


def test_thresholds_are_of_a_feature_each(bench: Bench) -> None:
    face = {"FaceDetails": [{"Confidence": 70.0, "BoundingBox": {}}, {"Confidence": 81.0, "BoundingBox": {}}]}
    word = {"TextDetections": [{"DetectedText": "x", "Type": "LINE", "Confidence": 31.0}]}
    bench.archive("k1", face, "DetectFaces")
    bench.archive("k2", word, "DetectText")
    analyses = (an_analysis("k1", "faces"), an_analysis("k2", "text"))
    assert bench.normalize([planned(an_asset("a"), *analyses)]) == {
        "faces": 1, "texts": 1, "analyses": 2, "media_assets": 1,
    }  # fmt: skip
    assert [row["confidence"] for row in bench.rows("faces")] == [81.0]


def test_the_threshold_is_of_the_score_and_rows_without_one_are_kept(bench: Bench) -> None:
    lake = LAKE.model_copy(update={"min_confidence": {"face_search": 90, "image_properties": 99}})
    matches = [{"Similarity": 95.0, "Face": {"Confidence": 50.0}}, {"Similarity": 85.0, "Face": {}}]
    bench.archive("k1", {"FaceMatches": matches}, "SearchFacesByImage")
    bench.archive("k2", {"ImageProperties": {"Quality": {"Brightness": 5}}}, "DetectLabels")
    analyses = (an_analysis("k1", "face_search"), an_analysis("k2", "image_properties"))
    bench.normalize([planned(an_asset("a"), *analyses)], lake=lake)
    assert [row["similarity"] for row in bench.rows("face_matches")] == [95.0]
    assert [row["brightness"] for row in bench.rows("image_properties")] == [5.0]
    assert [row["findings"] for row in bench.rows("analyses")] == [1, 1]


PROPERTIES = {"ImageProperties": {"Quality": {"Brightness": 5}, "Foreground": {"Quality": {"Brightness": 6}}}}


@pytest.mark.parametrize(
    ("asked", "response", "by_table"),
    [
        ({}, labels(90.0, 10.0), {"labels": 1}),
        ({"Features": []}, labels(90.0), {"labels": 1}),
        ({"Features": ["IMAGE_PROPERTIES"]}, {"Labels": [], **PROPERTIES}, {"image_properties": 2}),
        (
            {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}, {**labels(90.0, 60.0, 10.0), **PROPERTIES},
            {"labels": 2, "image_properties": 2},
        ),
        (
            {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}, {**labels(), **PROPERTIES},
            {"labels": 0, "image_properties": 2},
        ),
    ],
    ids=["plain", "nothing chosen", "properties alone", "both", "both without a label"],
)  # fmt: skip
def test_one_response_fills_the_tables_that_its_request_asks_for(
    bench: Bench, asked: Row, response: Row, by_table: Row
) -> None:
    bench.archive("k1", response)
    bench.normalize([planned(an_asset("a"), an_analysis("k1", parameters=asked))])
    assert {name: len(bench.rows(name)) for name in by_table} == by_table
    (analysis,) = bench.rows("analyses")
    assert analysis["findings"] == sum(by_table.values())
    assert {each["table_name"]: each["row_count"] for each in analysis["findings_by_table"]} == by_table


def test_an_analysis_that_did_not_succeed_promises_nothing(bench: Bench) -> None:
    bench.normalize([planned(an_asset("a"), an_analysis("absent"))])
    (analysis,) = bench.rows("analyses")
    assert (analysis["status"], analysis["findings"], analysis["findings_by_table"]) == ("failed", None, None)


def test_a_model_that_the_response_does_not_name_is_that_of_the_ledger(bench: Bench) -> None:
    bench.archive("k1", {"CustomLabels": [{"Name": "Logo", "Confidence": 80}]}, "DetectCustomLabels")
    bench.archive("k2", labels(90.0) | {"LabelModelVersion": "2.0"})
    bench.normalize([planned(an_asset("a"), an_analysis("k1", "custom_labels"), an_analysis("k2"))])
    assert [row["model_version"] for row in bench.rows("custom_labels")] == ["3.0"]
    assert [row["model_version"] for row in bench.rows("labels")] == ["2.0"]


def test_what_another_run_or_asset_paid_is_reused(bench: Bench) -> None:
    bench.archive("k1", labels(), run_id="another")
    bench.archive("k2", labels(), media_id="other")
    bench.normalize([planned(an_asset("a"), an_analysis("k1"), an_analysis("k2", "labels", "reused"))])
    assert [row["status"] for row in bench.rows("analyses")] == ["reused", "reused"]


def test_how_an_analysis_ended(bench: Bench) -> None:
    bench.archive("done", labels())
    bench.ledger.finish([
        Entry("failed", "failed", error_code="InvalidImageFormatException", error_message="bad"),
        Entry("running", "running", owner="x"),
    ])  # fmt: skip
    keys = ("done", "failed", "running", "absent")
    rejected = an_analysis("no", "labels", "rejected", code="TooSmall", message="79 pixels")
    bench.normalize(
        [planned(an_asset(key), an_analysis(key)) for key in keys] + [planned(an_asset("no"), rejected)]
    )
    found = {row["media_id"]: row for row in bench.rows("analyses")}
    assert {key: (row["status"], row["error_code"]) for key, row in found.items()} == {
        "done": ("reused", None),
        "failed": ("failed", "InvalidImageFormatException"),
        "running": ("failed", "NotAnalyzed"),
        "absent": ("failed", "NotAnalyzed"),
        "no": ("rejected", "TooSmall"),
    }
    assert "run the day again" in found["absent"]["error_message"]
    assert (found["no"]["error_message"], found["no"]["units"], found["no"]["findings"]) == (
        "79 pixels",
        None,
        None,
    )


GOOD = an_analysis("good")
FAILED = an_analysis("absent", "text")
TOO_BIG = an_analysis("no", "text", "rejected", code="TooLarge", message="16 MiB")
DEFECT = {"reason_code": "Truncated", "reason": "cut short"}


@pytest.mark.parametrize(
    ("asset", "analyses", "status", "reason_code"),
    [
        pytest.param({}, [GOOD], "analyzed", None, id="all good"),
        pytest.param({}, [], "analyzed", None, id="nothing asked for"),
        pytest.param({}, [GOOD, FAILED], "partial", "NotAnalyzed", id="one failed"),
        pytest.param({}, [GOOD, TOO_BIG], "partial", "TooLarge", id="one rejected"),
        pytest.param({}, [FAILED], "failed", "NotAnalyzed", id="all failed"),
        pytest.param({}, [FAILED, TOO_BIG], "failed", "NotAnalyzed", id="failed and rejected"),
        pytest.param({}, [TOO_BIG, FAILED], "failed", "TooLarge", id="rejected and failed"),
        pytest.param({}, [TOO_BIG], "rejected", "TooLarge", id="all rejected"),
        pytest.param(
            DEFECT,
            [an_analysis("x", state="rejected", code="Truncated", message="cut")],
            "rejected",
            "Truncated",
            id="defect",
        ),
        pytest.param(DEFECT, [], "rejected", "Truncated", id="defect, nothing asked for"),
    ],
)
def test_what_became_of_an_asset(
    bench: Bench, asset: Row, analyses: list[Row], status: str, reason_code: str | None
) -> None:
    bench.archive("good", labels())
    bench.normalize([planned(an_asset("a", **asset), *analyses)])
    (row,) = bench.rows("media_assets")
    assert (row["status"], row["reason_code"]) == (status, reason_code)
    assert bool(row["reason"]) == bool(reason_code)


def test_a_repeated_attempt_replaces_its_own_files_and_no_others(bench: Bench) -> None:
    bench.archive("k1", labels(90.0, 80.0))
    plan = [planned(an_asset("a"), an_analysis("k1"))]
    bench.normalize(plan, "batch-0000")
    bench.normalize([planned(an_asset("b"), an_analysis("k1"))], "batch-0001")
    bench.normalize(plan, "batch-0000")
    assert sorted(row["media_id"] for row in bench.rows("labels")) == ["a", "a", "b", "b"]
    bench.archive("k1", labels())
    bench.normalize(plan, "batch-0000")
    assert [row["media_id"] for row in bench.rows("labels")] == ["b", "b"]


@pytest.mark.parametrize("name", [*FINDING_TABLES, "analyses", "media_assets"])
def test_types_of_the_files_are_those_of_the_schema(bench: Bench, name: str) -> None:
    """One row of nothing but what is required: a column of nulls must have its type all the same."""
    least = {
        "string": "x",
        "bigint": 1,
        "int": 1,
        "double": 1.0,
        "boolean": True,
        "timestamp": datetime(2026, 1, 1),
    }
    table = TABLES[name]
    row = {column.name: least[column.type] for column in table.columns if column.required}
    uri = f"{bench.run.staged_uri(name, 'image')}x.parquet"
    write_table(bench.s3, table, [row], uri)
    file = pq.ParquetFile(pa.BufferReader(get(bench.s3, uri)))
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    for field in table.arrow_schema:
        found = file.schema_arrow.field(field.name).type
        if pa.types.is_timestamp(field.type):
            assert pa.types.is_timestamp(found), field.name
            assert found.tz is None
        else:
            assert plain(found) == plain(field.type), field.name
    assert file.schema_arrow.names == table.arrow_schema.names
    assert file.read().to_pylist()[0] == {column.name: row.get(column.name) for column in table.columns}


def plain(type_: pa.DataType) -> str:
    """Return a type without the names that Parquet gives the elements of lists."""
    return str(type_).replace("item:", "element:").replace("large_", "")


def test_nested_findings_are_written_as_they_are(bench: Bench) -> None:
    dog = {
        "Name": "Dog",
        "Confidence": 90.0,
        "Parents": [{"Name": "Animal"}],
        "Instances": [
            {"BoundingBox": {"Left": 0.1, "Top": -0.01, "Width": 0.5, "Height": 0.25}, "Confidence": 88.0}
        ],
    }
    bench.archive("k1", {"Labels": [dog, {"Name": "Sky", "Confidence": 60.0}], "LabelModelVersion": "3.0"})
    bench.normalize([planned(an_asset("a"), an_analysis("k1"))])
    first, second = bench.rows("labels")
    assert first["parents"] == ["Animal"]
    assert first["instances"] == [
        {"box_left": 0.1, "box_top": -0.01, "box_width": 0.5, "box_height": 0.25, "confidence": 88.0}
    ]
    assert (second["parents"], second["instances"], second["instance_count"]) == ([], [], 0)


def test_rows_go_to_files_of_a_bounded_size(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_PER_FILE", 10)
    writer = TableWriter(bench.s3, bench.run, "image", "batch-0003")
    row = {"media_id": "a", "analysis_key": "k", "name": "x", "confidence": 1.0, "instance_count": 0}
    for _ in range(25):
        writer.add("labels", row)
    writer.close()
    uris = list_uris(bench.s3, bench.run.staged_uri("labels", "image"))
    assert [uri.rsplit("/", 1)[1] for uri in uris] == [f"batch-0003-{n:04d}.parquet" for n in range(3)]
    assert [pq.read_metadata(pa.BufferReader(get(bench.s3, uri))).num_rows for uri in uris] == [10, 10, 5]
    assert writer.written == {"labels": 25}


def test_rows_are_packed_before_they_are_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_PER_CHUNK", 4)
    monkeypatch.setattr(tables, "ROWS_PER_FILE", 8)
    bench.archive("k1", labels(*range(60, 79)))
    bench.normalize([planned(an_asset("a"), an_analysis("k1"))])
    assert sorted(row["confidence"] for row in bench.rows("labels")) == [float(n) for n in range(60, 79)]
    sizes = [
        pq.read_metadata(pa.BufferReader(get(bench.s3, uri))).num_rows
        for uri in list_uris(bench.s3, bench.run.staged_uri("labels", "image"))
    ]
    assert sizes == [8, 8, 3]


def test_pages_of_a_job_are_read_in_order(bench: Bench) -> None:
    def page(*times: int) -> Row:
        found = [{"Timestamp": time, "Label": {"Name": "Dog", "Confidence": 90.0}} for time in times]
        return {
            "operation": "GetLabelDetection",
            "analysis_key": "k1",
            "response": {"JobStatus": "SUCCEEDED", "Labels": found},
        }

    prefix = "s3://media-lake/responses/jobs/j-1/"
    put_ndjson(bench.s3, f"{prefix}pages-000001.ndjson.gz", [page(2000, 3000)])
    put_ndjson(bench.s3, f"{prefix}pages-000000.ndjson.gz", [page(0), page(1000)])
    bench.done("k1", prefix)
    film = an_asset("a", media_type="video", duration_ms=4000)
    bench.normalize([planned(film, an_analysis("k1"))], media_type="video")
    assert [row["timestamp_ms"] for row in bench.rows("labels", "video")] == [0, 1000, 2000, 3000]
    (analysis,) = bench.rows("analyses", "video")
    assert (analysis["operation"], analysis["findings"]) == ("GetLabelDetection", 4)


@pytest.mark.parametrize(
    "uri", ["s3://media-lake/responses/jobs/gone/", "s3://media-lake/responses/gone.ndjson.gz"]
)
def test_an_archived_response_that_is_gone_is_named(bench: Bench, uri: str) -> None:
    bench.done("k1", uri)
    with pytest.raises(Exception, match="gone"):
        bench.normalize([planned(an_asset("a"), an_analysis("k1"))])


def test_a_chunk_is_read_once_for_all_its_analyses(bench: Bench) -> None:
    uri = "s3://media-lake/responses/chunk.ndjson.gz"
    lines = [
        {"analysis_key": f"k{n}", "operation": "DetectLabels", "response": labels(90.0)} for n in range(5)
    ]
    put_ndjson(bench.s3, uri, lines)
    for n in range(5):
        bench.done(f"k{n}", uri)
    reads: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(bench.s3, name)

        def get_object(self, **request: Any) -> Any:
            reads.append(request["Key"])
            return bench.s3.get_object(**request)

    plan = [planned(an_asset(f"m{n}"), an_analysis(f"k{n}")) for n in (0, 2)]
    normalize_batch(bench.workspace(s3=Counting()), "image", "batch-0000", plan)
    assert [key for key in reads if key.startswith("responses/")] == ["responses/chunk.ndjson.gz"]
    assert sorted(row["analysis_key"] for row in bench.rows("labels")) == ["k0", "k2"]


def test_an_empty_batch_writes_nothing(bench: Bench) -> None:
    assert bench.normalize([]) == {}
    assert all(bench.rows(name) == [] for name in run_tables("image"))


# --- analyses that the run may not pay for


def test_what_a_run_may_not_pay_for_keeps_its_state(bench: Bench) -> None:
    bench.archive("done", labels(90.0))
    bench.ledger.finish(
        [Entry("failed", "failed", error_code="InvalidS3ObjectException", error_message="gone")]
    )
    held = Entry("running", "running", owner="somebody", lease_expires=bench.ledger.now() + 60_000)
    assert bench.ledger.claim(held, bench.ledger.now()) is None
    names = ("done", "failed", "running", "absent")
    bench.normalize([planned(an_asset(name), an_analysis(name, state="not_selected")) for name in names])
    found = {row["media_id"]: (row["status"], row["error_code"]) for row in bench.rows("analyses")}
    assert found == {
        "done": ("reused", None),
        "failed": ("failed", "InvalidS3ObjectException"),
        "running": ("stopped", "NotPaidFor"),
        "absent": ("stopped", "NotPaidFor"),
    }
    assert [row["media_id"] for row in bench.rows("labels")] == ["done"]
    assets = {row["media_id"]: (row["status"], row["reason_code"]) for row in bench.rows("media_assets")}
    assert assets["done"] == ("analyzed", None)
    assert assets["absent"] == ("failed", "NotPaidFor")


def test_what_a_budget_stopped_is_stopped_unless_it_was_paid_for_meanwhile(bench: Bench) -> None:
    bench.archive("done", labels(90.0))
    bench.ledger.finish([Entry("failed before", "failed", error_code="Throttled", error_message="busy")])
    names = ("done", "failed before", "absent")
    workspace = bench.workspace()
    note_stopped(bench.s3, workspace.run, "batch-0000", dict.fromkeys(names, "team"))
    bench.normalize([planned(an_asset(name), an_analysis(name)) for name in names])
    found = {row["media_id"]: (row["status"], row["error_code"]) for row in bench.rows("analyses")}
    stopped = ("stopped", "BudgetReached")
    assert found == {"done": ("reused", None), "failed before": stopped, "absent": stopped}
    (message,) = {row["error_message"] for row in bench.rows("analyses") if row["error_code"]}
    assert message.startswith("the budget of team for the month is reached")


def test_what_an_earlier_attempt_stopped_is_forgotten(bench: Bench) -> None:
    run = bench.workspace().run
    note_stopped(bench.s3, run, "batch-0000", {"k": "team"})
    note_stopped(bench.s3, run, "batch-0000", {})
    assert stopped_analyses(bench.s3, run, "batch-0000") == {}


def test_an_asset_with_an_analysis_that_was_not_paid_for_is_partly_analyzed(bench: Bench) -> None:
    bench.archive("k1", labels(90.0))
    bench.normalize(
        [planned(an_asset("a"), an_analysis("k1"), an_analysis("k2", "text", state="not_selected"))]
    )
    (asset,) = bench.rows("media_assets")
    assert (asset["status"], asset["reason_code"]) == ("partial", "NotPaidFor")


# --- pinned versions


def test_an_answer_of_another_version_than_the_pinned_one_is_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.archive("k1", labels(90.0))
    plan = [planned(an_asset("a"), an_analysis("k1"))]
    bench.normalize(plan, lake=LAKE.model_copy(update={"model_versions": {"labels": "3.0"}}))
    assert "other versions" not in caplog.text
    bench.normalize(plan, lake=LAKE.model_copy(update={"model_versions": {"labels": "3.1"}}))
    assert "not paid for again: {'labels 3.0': 1}" in caplog.text
    assert [row["model_version"] for row in bench.rows("analyses")] == ["3.0"]
