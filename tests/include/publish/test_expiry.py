from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.run import Run
from include.core.settings import Settings
from include.publish.earlier_versions import roll_back
from include.publish.expiry import expire
from include.publish.publications import publications_of
from include.publish.publisher import publish
from include.store.objects import list_uris, put
from include.store.workspace import Workspace
from tests.glue_tables import create_tables
from tests.staged_tables import as_audited
from tests.workspaces import make_workspace

IMAGES, COSTS = ["labels", "media_assets"], ["usage"]


@pytest.fixture
def workspace(aws: SimpleNamespace, s3: Any, ledger: Any, run: Run) -> Workspace:
    """A run's workspace, with a catalog of some tables."""
    create_tables(aws.glue, (*IMAGES, *COSTS, "publications"))
    settings = Settings(kept_versions=3, kept_days=30)
    return make_workspace(run, boto3.Session(), settings, s3=aws.s3, dynamodb=aws.dynamodb, glue=aws.glue)


@pytest.fixture
def ten_versions(workspace: Workspace) -> list[str]:
    """The day was published ten times; every second version has no labels."""
    put(workspace.s3, workspace.run.manifest_uri(), b"what the day has")
    for number in range(10):
        at_work = workspace.on(workspace.run.partition)
        at_work.run = replace(workspace.run, run_id=f"run {number}")
        for tables, media_type in ((IMAGES, "image"), (COSTS, None)):
            for name in tables[number % 2 :]:
                put(workspace.s3, f"{at_work.run.staged_uri(name, media_type)}a.parquet", b"rows")
            publish(at_work, as_audited(at_work, tables, media_type), media_type)
    known = publications_of(workspace.s3, workspace.run.bucket, workspace.run.partition)
    return [each.version for each in known if each.media_type == "image"]


@pytest.fixture
def remains(workspace: Workspace) -> Callable[[], Counter[str]]:
    """Counts objects below the first two folders of their keys."""
    prefix = f"s3://{workspace.run.bucket}/"
    return lambda: Counter(
        "/".join(uri.removeprefix(prefix).split("/")[:2]) for uri in list_uris(workspace.s3, prefix)
    )


def test_after_ten_publications_three_versions_remain(
    workspace: Workspace, ten_versions: list[str], remains: Callable[[], Counter[str]]
) -> None:
    assert remains()["curated/media_assets"] == 10
    expire(workspace, datetime.now(UTC) + timedelta(hours=2))
    assert remains() == {
        "curated/labels": 1,
        "curated/media_assets": 3,
        "curated/usage": 1,
        "curated/publications": 20,
        "staging/labels": 5,
        "staging/media_assets": 10,
        "staging/usage": 5,
        "staging/manifests": 1,
    }
    assert len(ten_versions) == 10


def test_after_a_month_what_readers_have_and_manifests_remain(
    workspace: Workspace, ten_versions: list[str], remains: Callable[[], Counter[str]]
) -> None:
    expire(workspace, datetime.now(UTC) + timedelta(days=31))
    assert remains() == {
        "curated/media_assets": 1,
        "curated/publications": 20,
        "staging/manifests": 1,
    }
    assert ten_versions[-1] in str(list_uris(workspace.s3, "s3://media-lake/curated/media_assets/"))


def test_a_version_that_was_gone_back_to_stays(workspace: Workspace, ten_versions: list[str]) -> None:
    roll_back(workspace, "ann", version=ten_versions[1])
    expire(workspace, datetime.now(UTC) + timedelta(days=31))
    (left,) = list_uris(workspace.s3, "s3://media-lake/curated/media_assets/")
    assert ten_versions[1] in left


def test_what_a_query_may_still_read_stays(workspace: Workspace, ten_versions: list[str]) -> None:
    expire(workspace, datetime.now(UTC))
    assert len(list_uris(workspace.s3, "s3://media-lake/curated/media_assets/")) == len(ten_versions)


def test_files_that_no_version_names_go_when_they_are_old(
    workspace: Workspace, ten_versions: list[str]
) -> None:
    forgotten = "s3://media-lake/curated/labels/dt=2026-11-20/media_type=image/version=dead/a.parquet"
    put(workspace.s3, forgotten, b"half copied")
    expire(workspace, datetime.now(UTC) + timedelta(days=29))
    assert forgotten in list_uris(workspace.s3, "s3://media-lake/curated/labels/")
    expire(workspace, datetime.now(UTC) + timedelta(days=31))
    assert forgotten not in list_uris(workspace.s3, "s3://media-lake/curated/labels/")
