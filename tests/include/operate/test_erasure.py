"""An erasure that is killed, wherever that is, ends the same when it is begun again."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from include.core.run import Run
from include.core.schemas import TABLES
from include.operate import lake_walk
from include.operate.erasure import allow, erase, find, finish_left, left
from include.operate.erasure_request import ErasureError, ErasureRequest
from include.publish.added_rows import publish_added
from include.publish.publications import Publication, PublishedTable, note_publication
from include.store.ledger import Entry
from include.store.manifest import MANIFEST_SCHEMA
from include.store.objects import Row, get, list_uris, put, put_ndjson
from include.store.tables import write_table
from include.store.workspace import Workspace
from tests.erasures import watched_writes, without_chance
from tests.glue_tables import create_tables
from tests.parquet_objects import put_parquet
from tests.table_rows import least_row
from tests.workspaces import make_workspace

LAKE, DAY, VERSION = "s3://media-lake", "2026-11-20", "version=v"
KEYS = {"a": "raw/a wild party.jpg", "b": "raw/b.jpg"}
REQUEST = ErasureRequest(kind="asset", value=f"s3://media/{KEYS['a']}", decided_by="ann", reason="of a")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here."""


def media_id(name: str) -> str:
    return name * 32


@pytest.fixture
def workspace(aws: SimpleNamespace, s3: Any, ledger: Any, run: Run) -> Workspace:
    create_tables(aws.glue, ["erasures"])
    made = make_workspace(run, boto3.Session(), s3=s3, dynamodb=aws.dynamodb, glue=aws.glue)
    fill(made)
    return made


def fill(workspace: Workspace) -> None:
    """Write a day of two images, whose responses are in one chunk, into an empty lake."""
    s3, run = workspace.s3, workspace.run
    chunk = f"{run.responses_uri('batch-0000')}c.ndjson.gz"
    assets, plan, lines, usage, events = [], [], [], [], []
    rows: dict[str, list[Row]] = {"media_assets": [], "analyses": [], "labels": []}
    for name, key in KEYS.items():
        own = {
            "media_id": media_id(name),
            "bucket": "media",
            "key": key,
            "etag": f"{name * 31}0",
            "content_id": f"etag:{name * 31}0:1",
        }
        found = {"media_id": media_id(name), "analysis_key": name * 64}
        assets.append({**least_row(TABLES["media_assets"]), **own, "media_type": "image"})
        plan.append({"asset": own, "analyses": [{"analysis_key": name * 64}]})
        payer = {"media_id": media_id(name), "run_id": run.run_id, "partition": DAY}
        lines.append({"analysis_key": name * 64, "operation": "X", "response": {}, "payer": payer})
        usage.append({"usage_id": f"{name * 64}-labels-at", **found, "units": 1.0})
        events.append({"bucket": "media", "key": key, "etag": "x"})
        for table, extra in (("media_assets", own), ("analyses", found), ("labels", found)):
            rows[table].append({**least_row(TABLES[table]), **extra})
        entry = Entry(name * 64, "done", payer=json.dumps(payer), response_uri=chunk)
        workspace.ledger.finish([entry])
    columns = set(MANIFEST_SCHEMA.names)
    kept = [{name: value for name, value in asset.items() if name in columns} for asset in assets]
    put_parquet(s3, run.manifest_uri(), kept, MANIFEST_SCHEMA)
    for uri, written in (
        (run.plan_uri(0), plan),
        (chunk, lines),
        (run.usage_uri("x"), usage),
        (f"{LAKE}/events/dt={DAY}/x.ndjson.gz", events),
    ):
        put_ndjson(s3, uri, written)
    put(s3, f"{LAKE}/athena/result.csv", f'"{media_id("a")}"'.encode())
    tables = {}
    for table, changed in rows.items():
        location = f"{LAKE}/curated/{table}/dt={DAY}/media_type=image/{VERSION}/"
        write_table(s3, TABLES[table], changed, f"{location}x.parquet")
        tables[table] = PublishedTable(location=location, rows=2)
    published = Publication(
        version="v", media_type="image", dag_id="d", run_id="r", planned_at=NOW, audited_at=NOW,
        published_at=NOW, tables=tables,
    )  # fmt: skip
    note_publication(s3, "media-lake", DAY, published)
    record = {"live": published.model_dump(mode="json"), "next": None}
    workspace.ledger.shared(f"publication#{DAY}#image").change(lambda _: record)


def state(workspace: Workspace) -> dict[str, str]:
    """Return all that the lake has, without what chance or the clock makes."""
    found = {item["key"]["S"]: str(item) for item in workspace.ledger.items()}
    for uri in list_uris(workspace.s3, f"{LAKE}/"):
        body = get(workspace.s3, uri)
        if body.startswith(b"PAR1"):
            found[uri] = str(pq.read_table(io.BytesIO(body)).to_pylist())
        else:
            found[uri] = str(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
    return without_chance(found)


@contextmanager
def writes(workspace: Workspace, most: int = 10_000) -> Iterator[list[str]]:
    """Count the writes of a workspace's clients; each beyond so many ends the process."""
    done: list[str] = []

    def count(operation: str) -> None:
        if len(done) >= most:
            raise Killed
        done.append(operation)

    with watched_writes([workspace.aws.client(service) for service in ("s3", "dynamodb", "glue")], count):
        yield done


def empty(workspace: Workspace) -> None:
    for uri in list_uris(workspace.s3, f"{LAKE}/"):
        workspace.s3.delete_object(Bucket="media-lake", Key=uri.removeprefix(f"{LAKE}/"))
    workspace.ledger.remove([item["key"]["S"] for item in workspace.ledger.items()])


def test_killed_at_ten_of_its_writes_and_begun_again_it_ends_the_same(workspace: Workspace) -> None:
    add = partial(publish_added, workspace)
    before = state(workspace)
    with writes(workspace) as done:
        (plan,) = erase(workspace, REQUEST, add)
    wanted = state(workspace)
    gone = (media_id("a"), "a" * 64, "a" * 31, "wild party")
    assert [name for name, text in wanted.items() if any(each in name + text for each in gone)] == []
    assert all(media_id("b") in wanted[name] for name, text in before.items() if media_id("b") in text)
    assert "'assets': 1, 'contents': 1" in next(text for name, text in wanted.items() if "erasures" in name)
    assert len(done) > 15
    assert plan.counts
    for point in (number * (len(done) - 1) // 10 for number in range(10)):
        empty(workspace)
        fill(workspace)
        with writes(workspace, point), pytest.raises(Killed):
            erase(workspace, REQUEST, add)
        erase(workspace, REQUEST, add)
        assert state(workspace) == wanted, point


def test_a_killed_erasure_is_finished_by_the_next_night(workspace: Workspace) -> None:
    add = partial(publish_added, workspace)
    with writes(workspace, 4), pytest.raises(Killed):
        erase(workspace, REQUEST, add)
    (plan,) = left(workspace)
    assert [each.erasure_id for each in finish_left(workspace, add)] == [plan.erasure_id]
    assert list(left(workspace)) == []
    assert find(workspace, REQUEST).counts == ()


def test_looking_changes_nothing(workspace: Workspace) -> None:
    before = state(workspace)
    with writes(workspace) as done:
        find(workspace, REQUEST)
    assert done == []
    assert state(workspace) == before


def test_what_is_being_analyzed_is_not_erased(workspace: Workspace) -> None:
    payer = json.dumps({"media_id": media_id("a"), "run_id": "busy-run", "partition": DAY})
    running = Entry("f" * 64, "running", payer=payer, lease_expires=workspace.ledger.now() + 60_000)
    workspace.ledger.replace([running.to_item()])
    with pytest.raises(ErasureError, match="1 analyses of it are under way in run busy-run"):
        find(workspace, REQUEST)


def test_earlier_versions_of_objects_go_too(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    # moto lists versions while it deletes others, and fails then: one object at a time.
    monkeypatch.setattr(lake_walk, "THREADS", 1)
    workspace.s3.put_bucket_versioning(Bucket="media-lake", VersioningConfiguration={"Status": "Enabled"})
    empty(workspace)
    fill(workspace)
    erase(workspace, REQUEST, partial(publish_added, workspace))
    listed = workspace.s3.list_object_versions(Bucket="media-lake")["Versions"]
    touched = [each for each in listed if each["Key"].startswith(("curated/labels", "athena"))]
    assert [each["IsLatest"] for each in touched] == [True]


def test_a_face_bars_nothing(workspace: Workspace) -> None:
    face = ErasureRequest(kind="face", value="ada", decided_by="ann")
    with pytest.raises(ErasureError, match="bars nothing"):
        allow(workspace, face, partial(publish_added, workspace))
