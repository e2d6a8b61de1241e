"""The audit of videos that were analyzed by frames, and what it finds where the archive lacks some."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from include.core.features import FEATURES
from include.core.run import Run, frame_responses_uri
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.store.ledger import Entry
from include.store.objects import Row, delete, list_uris, put_ndjson
from include.store.plan_batches import write_plan
from include.store.response_archive import response_line
from include.store.workspace import Workspace
from include.validate.audit import validate
from tests.include.normalize.responses import response
from tests.include.plan.planning import a_lake, a_video
from tests.parquet_objects import get_parquet
from tests.workspaces import make_workspace

TIMES = (0, 2000, 4000)
NAMES = ("labels", "faces", "text", "moderation", "celebrities")


def video_lines(features: tuple[str, ...], name: str = "a") -> list[Row]:
    asset = a_video(
        name, content_id=f"etag:{name}", last_modified="2026-11-20T10:00:00.123000", duration_ms=6000
    )
    analyses = []
    for feature in features:
        call = FEATURES[feature].image
        assert call is not None
        analyses.append({
            "feature": feature, "parameters": dict(call.parameters), "analysis_key": f"{feature}-{name}",
            "state": "planned", "code": None, "message": None, "frames": {"frames_per_second": 0.5},
        })  # fmt: skip
    return [{"asset": asset, "analyses": analyses}]


def archive(workspace: Workspace, analysis: Row, units: float = len(TIMES)) -> None:
    """Archive each frame in an object of its own, and tell the ledger."""
    key, call = analysis["analysis_key"], FEATURES[analysis["feature"]].image
    assert call is not None
    reply = response(call.operation)
    reply.pop("ImageProperties", None)  # not asked for
    version = reply.get(call.model_version_member or "")
    uri = frame_responses_uri(workspace.run.bucket, key)
    for time in TIMES:
        line = response_line(key, call.operation, {}, reply, version) | {"timestamp_ms": time}
        put_ndjson(workspace.s3, f"{uri}frames-{time:09d}-x.ndjson.gz", [line])
    payer = json.dumps({"run_id": workspace.run.run_id, "media_id": "id-a"})
    entry = Entry(
        key, "done", payer=payer, response_uri=uri, model_version=version, units=units,
        completed_at="2026-11-20T11:00:00.500",
    )  # fmt: skip
    workspace.ledger.finish([entry])


@pytest.fixture
def workspace(aws: SimpleNamespace, s3: object, dynamodb: object, run: Run) -> Workspace:
    return make_workspace(run, aws.session, lake=a_lake(), s3=aws.s3, dynamodb=aws.dynamodb)


def audited(workspace: Workspace, plan: list[Row]) -> set[str]:
    """Write the plan and its tables, and return the rules that are broken."""
    list(write_plan(workspace.s3, workspace.run, plan, len(plan)))
    normalize_batch(workspace, "video", "batch-0000", plan)
    analyses = sum(len(line["analyses"]) for line in plan)
    now = datetime(2026, 11, 21, 4, tzinfo=UTC)
    audit = validate(workspace, "video", len(plan), analyses, now, normalize)
    return {result["expectation"] for result in audit.broken("fail")}


def test_each_frame_gives_the_rows_of_an_image_with_its_time(workspace: Workspace) -> None:
    plan = video_lines(NAMES)
    for analysis in plan[0]["analyses"]:
        archive(workspace, analysis)
    assert audited(workspace, plan) == set()
    for table in ("labels", "faces", "texts", "moderation_labels", "celebrities"):
        (uri,) = list_uris(workspace.s3, workspace.run.staged_uri(table, "video"))
        times = [row["timestamp_ms"] for row in get_parquet(workspace.s3, uri).to_pylist()]
        assert set(times) == set(TIMES)
        assert len(set(map(times.count, TIMES))) == 1


def lose_a_frame(workspace: Workspace, uri: str) -> None:
    delete(workspace.s3, list_uris(workspace.s3, uri)[1:2])


def forget_a_time(workspace: Workspace, uri: str) -> None:
    line = response_line("faces-a", "DetectFaces", {}, {"FaceDetails": []}, None)
    put_ndjson(workspace.s3, f"{uri}frames-1.ndjson.gz", [line])


@pytest.mark.parametrize("change", [lose_a_frame, forget_a_time])
def test_frames_that_are_missing_in_the_archive_are_told(
    workspace: Workspace, change: Callable[[Workspace, str], None]
) -> None:
    plan = video_lines(("faces",))
    archive(workspace, plan[0]["analyses"][0])
    change(workspace, frame_responses_uri(workspace.run.bucket, "faces-a"))
    assert audited(workspace, plan) == {"pages_of_a_job_are_complete"}


@pytest.mark.parametrize(("units", "broken"), [(2.5, True), (0.0, True), (500.0, True), (3.0, False)])
def test_the_units_of_frames_are_whole_and_possible(workspace: Workspace, units: float, broken: bool) -> None:
    plan = video_lines(("faces",))
    archive(workspace, plan[0]["analyses"][0], units)
    assert ("units_are_those_of_the_asset" in audited(workspace, plan)) == broken


def test_a_frame_that_was_paid_for_twice_counts_once_in_tables(workspace: Workspace) -> None:
    plan = video_lines(("faces",))
    archive(workspace, plan[0]["analyses"][0], units=4)
    uri = frame_responses_uri(workspace.run.bucket, "faces-a")
    line = response_line("faces-a", "DetectFaces", {}, response("DetectFaces"), None)
    put_ndjson(workspace.s3, f"{uri}frames-000002000-y.ndjson.gz", [line | {"timestamp_ms": 2000}])
    assert audited(workspace, plan) == set()


def test_an_analysis_by_another_route_than_planned_is_told(workspace: Workspace) -> None:
    plan = video_lines(("faces",))
    archive(workspace, plan[0]["analyses"][0])
    list(write_plan(workspace.s3, workspace.run, plan, 1))
    normalize_batch(workspace, "video", "batch-0000", plan)
    del plan[0]["analyses"][0]["frames"]
    list(write_plan(workspace.s3, workspace.run, plan, 1))
    audit = validate(workspace, "video", 1, 1, datetime(2026, 11, 21, 4, tzinfo=UTC), normalize)
    assert {result["expectation"] for result in audit.broken("fail")} == {
        "the_operation_is_that_of_the_feature"
    }
