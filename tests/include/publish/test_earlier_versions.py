from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.run import Run
from include.core.settings import Settings
from include.publish.earlier_versions import RollbackError, live_versions, roll_back
from include.publish.publications import Publication, publications_of
from include.publish.publisher import publish
from include.store.objects import delete_prefix, get, list_uris, put
from include.store.workspace import Workspace
from tests.glue_tables import create_tables
from tests.staged_tables import as_audited
from tests.workspaces import make_workspace

IMAGES, COSTS = ["labels", "media_assets"], ["usage"]


@pytest.fixture
def workspace(aws: SimpleNamespace, s3: Any, ledger: Any, run: Run) -> Workspace:
    """A run's workspace, with a catalog of some tables."""
    create_tables(aws.glue, (*IMAGES, *COSTS, "publications"))
    return make_workspace(run, boto3.Session(), Settings(), s3=aws.s3, dynamodb=aws.dynamodb, glue=aws.glue)


@pytest.fixture
def day(workspace: Workspace) -> dict[str, Publication]:
    """Versions of the day by what their files say: first and second of images and of costs."""
    for body in (b"first", b"second"):
        for tables, media_type in ((IMAGES, "image"), (COSTS, None)):
            at_work = _as_run(workspace, f"{body.decode()} of {media_type}")
            for name in tables:
                put(workspace.s3, f"{at_work.run.staged_uri(name, media_type)}a.parquet", body)
            publish(at_work, as_audited(at_work, tables, media_type), media_type)
    return {each.run_id: each for each in _known(workspace)}


def _as_run(workspace: Workspace, run_id: str) -> Workspace:
    other = workspace.on(workspace.run.partition)
    other.run = replace(workspace.run, run_id=run_id)
    return other


def _known(workspace: Workspace) -> list[Publication]:
    return publications_of(workspace.s3, workspace.run.bucket, workspace.run.partition)


@pytest.fixture
def read(workspace: Workspace) -> Callable[[], dict[str, str]]:
    """Reads what readers get of each table."""

    def contents() -> dict[str, str]:
        found = {}
        for name in (*IMAGES, *COSTS):
            values = [workspace.run.partition] + (["image"] if name in IMAGES else [])
            partition = workspace.aws.client("glue").get_partition(
                DatabaseName="media_lake", TableName=name, PartitionValues=values
            )["Partition"]
            (uri,) = list_uris(workspace.s3, partition["StorageDescriptor"]["Location"])
            found[name] = get(workspace.s3, uri).decode()
        return found

    return contents


def test_a_version_brings_back_all_tables_of_its_set(
    workspace: Workspace, day: dict[str, Publication], read: Callable[[], dict[str, str]]
) -> None:
    (moved,) = roll_back(workspace, "ann", version=day["first of image"].version)
    assert read() == {"labels": "first", "media_assets": "first", "usage": "second"}
    assert (moved.action, moved.decided_by) == ("rolled_back", "ann")
    assert _known(workspace)[-1] == moved
    assert live_versions(workspace, _known(workspace)) == {moved.version, day["second of None"].version}


def test_a_time_brings_back_all_tables_of_the_day(
    workspace: Workspace, day: dict[str, Publication], read: Callable[[], dict[str, str]]
) -> None:
    roll_back(workspace, "ann", as_of=day["first of None"].published_at)
    assert set(read().values()) == {"first"}
    roll_back(workspace, "ann", as_of=day["second of None"].published_at)
    assert set(read().values()) == {"second"}


def test_going_back_to_what_readers_have_does_nothing(
    workspace: Workspace, day: dict[str, Publication]
) -> None:
    assert roll_back(workspace, "ann", version=day["second of image"].version) == []
    assert len(_known(workspace)) == len(day)


def test_what_cannot_be_is_refused_with_what_there_is(
    workspace: Workspace, day: dict[str, Publication], read: Callable[[], dict[str, str]]
) -> None:
    first = day["first of image"]
    before = first.published_at - timedelta(seconds=1)
    with pytest.raises(RollbackError, match=f"never had version 7; .*oldest first: {first.version}, "):
        roll_back(workspace, "ann", version="7")
    with pytest.raises(RollbackError, match="never had a version as of"):
        roll_back(workspace, "ann", as_of=before)
    with pytest.raises(RollbackError, match="either a version or an instant"):
        roll_back(workspace, "ann")
    delete_prefix(workspace.s3, first.locations["labels"])
    with pytest.raises(RollbackError, match=f"version {first.version} of 2026-11-20 has expired"):
        roll_back(workspace, "ann", version=first.version)
    assert set(read().values()) == {"second"}
