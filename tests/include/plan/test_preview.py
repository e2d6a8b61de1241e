"""What enriching known days again would pay, by the decisions of the planner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boto3

from include.core.estimates import Place
from include.core.run import Run
from include.core.settings import Settings
from include.plan.preview import Preview, known_manifests, preview
from include.store.ledger import Entry, Ledger
from include.store.manifest import MANIFEST_SCHEMA
from include.store.objects import Row, list_uris
from tests.include.plan.planning import BOOK, Planner, a_lake, a_video, an_asset
from tests.parquet_objects import put_parquet
from tests.workspaces import NO_QUOTAS, make_workspace

DAYS = ("2026-11-20", "2026-11-21")


def previewed(s3: Any, ledger: Ledger, run: Run, *days: list[Row], **lake: Any) -> Preview:
    for day, assets in zip(DAYS, days, strict=True):
        put_parquet(s3, replace(run, partition=day).manifest_uri(), assets, MANIFEST_SCHEMA)
    workspace = make_workspace(run, boto3.Session(), Settings(), a_lake(**lake), s3=s3, **NO_QUOTAS)
    workspace.ledger = ledger
    return preview(workspace, known_manifests(workspace, DAYS), BOOK, {})


def payments(found: Preview) -> list[tuple[Place, int, float]]:
    return [(line.place, line.calls, line.likely) for line in found.estimate.lines]


def test_a_content_of_several_days_is_paid_once_for_each_request(s3: Any, ledger: Ledger, run: Run) -> None:
    twins = [[an_asset("a", content_id="twin")], [an_asset("b", content_id="twin"), an_asset("c")]]
    found = previewed(s3, ledger, run, *twins, image=["labels"])
    assert payments(found) == [(Place("sample", "team", "image", "labels"), 2, 0.002)]
    assert (found.assets["sample"], found.calls, found.reused) == (3, 2, 1)


def test_what_is_paid_for_is_not_asked_again(s3: Any, ledger: Ledger, run: Run) -> None:
    (rows,), _, _ = Planner(s3, ledger, run)([an_asset("a")], a_lake(image=["labels"]))
    ledger.finish([Entry(rows[0]["analyses"][0]["analysis_key"], "done")])
    found = previewed(s3, ledger, run, [an_asset("a")], [], image=["labels"])
    assert (payments(found), found.calls, found.reused, found.estimate.high) == ([], 0, 1, 0)


def test_videos_are_priced_by_their_minutes_and_rejected_files_not_at_all(
    s3: Any, ledger: Ledger, run: Run
) -> None:
    day = [a_video("v"), a_video("w", codec="hevc"), an_asset("a", format="GIF")]
    found = previewed(s3, ledger, run, day, [], image=["labels"], video=["labels"])
    assert payments(found) == [(Place("sample", "team", "video", "labels"), 1, 0.15)]
    assert found.rejected == 2


def test_sources_that_left_the_lake_ask_for_nothing_and_nothing_is_written(
    s3: Any, ledger: Ledger, run: Run
) -> None:
    found = previewed(s3, ledger, run, [an_asset("a", source="gone")], [])
    assert (payments(found), found.assets["gone"]) == ([], 1)
    written = set(list_uris(s3, f"s3://{run.bucket}/"))
    assert written == {replace(run, partition=day).manifest_uri() for day in DAYS}
