"""Days without a mistake: archived responses, the plan that asked for them, and the normalized tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

from include.core.features import FEATURES, MediaType, features_for, run_tables
from include.core.lake import Lake
from include.core.run import Run
from include.core.schemas import TABLES
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.store.ledger import Entry
from include.store.objects import Row, delete_prefix, list_uris, put_ndjson
from include.store.plan_batches import write_plan
from include.store.response_archive import response_line
from include.store.tables import write_table
from include.store.workspace import Workspace
from include.validate.audit import Audit, validate
from tests.include.normalize.responses import response
from tests.include.plan.planning import a_video, an_asset
from tests.parquet_objects import get_parquet
from tests.workspaces import make_workspace

PLANNED_AT = datetime(2026, 11, 21, 4, tzinfo=UTC)
LAKE = Lake.model_validate(
    {
        "min_confidence": {"labels": 55, "text": 60},
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [{"name": "sample", "cost_center": "team", "features": {"image": ["labels"]}}],
    }
)
# The video that the fixtures' responses are about.
DURATION_MS = 67_301
MEMBERS = {"labels": {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}}


@dataclass
class CleanDay:
    """A normalized day of one media type: three assets, of which two have the same bytes."""

    workspace: Workspace
    media_type: MediaType
    assets: int
    analyses: int

    def rows(self) -> dict[str, list[Row]]:
        """Return the staged rows by table."""
        return {name: self._rows_of(name) for name in run_tables(self.media_type)}

    def stage(self, name: str, rows: list[Row]) -> None:
        """Replace the staged rows of a table."""
        prefix = self.workspace.run.staged_uri(name, self.media_type)
        delete_prefix(self.workspace.s3, prefix)
        if rows:
            write_table(self.workspace.s3, TABLES[name], rows, f"{prefix}batch-0000-0000.parquet")

    def validate(self) -> Audit:
        counts = self.assets, self.analyses
        return validate(self.workspace, self.media_type, *counts, PLANNED_AT, normalize)

    def _rows_of(self, name: str) -> list[Row]:
        uris = list_uris(self.workspace.s3, self.workspace.run.staged_uri(name, self.media_type))
        return [row for uri in uris for row in get_parquet(self.workspace.s3, uri).to_pylist()]


def make_clean_day(aws: SimpleNamespace, run: Run, media_type: MediaType, lake: Lake = LAKE) -> CleanDay:
    """Archive the fixtures' responses for two contents, one of which two assets have, and normalize them."""
    workspace = make_workspace(run, aws.session, lake=lake, s3=aws.s3, dynamodb=aws.dynamodb)
    make_asset = a_video if media_type == "video" else an_asset
    facts: Row = {"duration_ms": DURATION_MS} if media_type == "video" else {}
    assets = [
        make_asset(
            name,
            **facts,
            content_id=f"etag:{media_type}-{content}",
            last_modified="2026-11-20T10:00:00.123000",
        )
        for name, content in (("one", "a"), ("two", "b"), ("copy", "a"))
    ]
    lines = [{"asset": asset, "analyses": list(_analyses(asset, media_type))} for asset in assets]
    for line in lines[:2]:
        _archive(workspace, line, media_type)
    list(write_plan(workspace.s3, run, lines, len(lines)))
    normalize_batch(workspace, media_type, "batch-0000", lines)
    return CleanDay(workspace, media_type, len(lines), sum(len(line["analyses"]) for line in lines))


def _analyses(asset: Row, media_type: MediaType) -> Iterator[Row]:
    for feature in features_for(media_type):
        call = feature.analysis(media_type)
        assert call is not None
        members = {**call.parameters, **MEMBERS.get(feature.name, {})} if media_type == "image" else {}
        yield {
            "feature": feature.name, "parameters": members or dict(call.parameters),
            "analysis_key": f"{feature.name}-{asset['content_id']}", "state": "planned",
            "code": None, "message": None,
        }  # fmt: skip


def _archive(workspace: Workspace, line: Row, media_type: MediaType) -> None:
    """Archive the responses of an asset, which this run has paid for."""
    media_id = line["asset"]["media_id"]
    for analysis in line["analyses"]:
        key, call = analysis["analysis_key"], FEATURES[analysis["feature"]].analysis(media_type)
        assert call is not None
        reply = _reply(analysis["feature"], call.operation)
        version = reply.get(call.model_version_member or "")
        uri = f"s3://{workspace.run.bucket}/responses/{key}.ndjson.gz"
        put_ndjson(workspace.s3, uri, [response_line(key, call.operation, {}, reply, version)])
        payer = json.dumps({"run_id": workspace.run.run_id, "media_id": media_id})
        workspace.ledger.finish([
            Entry(
                key, "done", payer=payer, response_uri=uri, model_version=version,
                completed_at="2026-11-20T11:00:00.500",
                units=1.0 if media_type == "image" else DURATION_MS / 60_000,
            )
        ])  # fmt: skip


def _reply(feature: str, operation: str) -> Row:
    """Return the fixture as the whole answer to a request, with what was asked for."""
    reply = response(operation)
    reply.pop("NextToken", None)
    if operation == "DetectLabels" and feature == "image_properties":
        reply.pop("Labels")
    for each in reply.get("Celebrities", ()):  # the API's page has confidences below one
        each["Celebrity"]["Confidence"] = 98.5
    return reply
