"""Every discovery method over real HTTP, with keys of any kind and objects that change meanwhile."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest

from include.core.lake import Lake
from include.core.run import Run
from include.discover.discovery import discover
from include.discover.event_queue import record_events
from include.store.workspace import Workspace
from tests.include.discover.inventories import csv_file, deliver, entry, parquet_file
from tests.include.discover.test_discovery import KEYS
from tests.integration.conftest import LocalLake, picture
from tests.parquet_objects import get_parquet

pytestmark = pytest.mark.integration

Upload = Callable[[str, bytes], None]


def a_lake(prefix: str, discovery: str, **members: Any) -> Lake:
    source = {"name": "one", "prefix": prefix, "cost_center": "team", "discovery": discovery} | members
    source["features"] = {"image": ["labels"]}
    return Lake.model_validate({"cost_centers": {"team": {"title": "Team"}}, "sources": [source]})


def manifest(workspace: Workspace) -> dict[str, Any]:
    rows = get_parquet(workspace.s3, workspace.run.manifest_uri()).to_pylist()
    return {row["key"]: row for row in rows}


def a_workspace(local_lake: LocalLake, day: str, lake: Lake) -> Workspace:
    run = Run(local_lake.settings.bucket, "discover_media", f"run-{uuid.uuid4()}", day)
    return local_lake.workspace(run, lake)


@pytest.fixture
def prefix() -> str:
    return f"discovery/{uuid.uuid4().hex}/"


@pytest.mark.parametrize("discovery", ["date_path", "last_modified", "events", "CSV", "Parquet"])
def test_keys_of_any_kind(local_lake: LocalLake, upload: Upload, prefix: str, discovery: str) -> None:
    s3, day = local_lake.client("s3"), datetime.now(UTC).date().isoformat()
    folder = prefix + (f"{day}/" if discovery == "date_path" else "")
    longest = folder + "k" * (1020 - len(folder)) + ".jpg"
    # moto's server does not find a path with a line break; such a key is tested without HTTP.
    names = [name for name in KEYS if "\n" not in name and len((folder + name).encode()) <= 1024]
    keys = {longest, *(folder + name for name in names)}
    for number, key in enumerate(sorted(keys)):
        upload(key, picture(number))
    bucket, members = local_lake.settings.bucket, {}
    if discovery == "date_path":
        members = {"date_path": "%Y-%m-%d/"}
    elif discovery == "events":
        lake = a_lake(prefix, "events")
        report(local_lake, *(an_event(s3, bucket, key) for key in keys))
        found_days = record_events(a_workspace(local_lake, day, lake), mark=prefix.replace("/", "-")).days
        assert day in {found["day"] for found in found_days}
    elif discovery in ("CSV", "Parquet"):
        s3.create_bucket(Bucket="inventories")
        local_lake.let_tasks_read("inventories")
        heads = [s3.head_object(Bucket=bucket, Key=key) | {"Key": key} for key in keys]
        now = f"{day}T12:00:00+00:00"
        entries = [entry(head["Key"], now, head["ETag"].strip('"'), head["ContentLength"]) for head in heads]
        body = csv_file(entries) if discovery == "CSV" else parquet_file(entries)
        place = f"{uuid.uuid4().hex}"
        prefix_of_list = f"{place}/{bucket}/daily"
        deliver(s3, [body], discovery, "2099-01-01T01-00Z", prefix_of_list, sourceBucket=bucket)
        members = {"inventory": {"bucket": "inventories", "prefix": place, "id": "daily"}}
        discovery = "inventory"
    workspace = a_workspace(local_lake, day, a_lake(prefix, discovery, **members))
    found = discover(workspace)
    rows = manifest(workspace)
    assert set(rows) == keys
    assert {row["reason_code"] for row in rows.values()} == {None}
    assert (found["rows"], found["defective"]) == (len(keys), 0)


def an_event(s3: Any, bucket: str, key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    head = s3.head_object(Bucket=bucket, Key=key)
    thing = {"key": quote_plus(key, safe="/"), "size": head["ContentLength"], "eTag": head["ETag"].strip('"')}
    return {
        "eventName": name,
        "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "s3": {
            "bucket": {"name": bucket},
            "object": thing | {"sequencer": f"{datetime.now().timestamp():.6f}"},
        },
    }


def report(local_lake: LocalLake, *events: dict[str, Any]) -> None:
    """Send events twice and backwards, as S3 may."""
    sqs = local_lake.client("sqs")
    url = sqs.get_queue_url(QueueName=local_lake.settings.events_queue)["QueueUrl"]
    for event in (*reversed(events), *events):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Records": [event]}))


def test_what_happens_to_objects_after_their_events(
    local_lake: LocalLake, upload: Upload, prefix: str
) -> None:
    s3, bucket = local_lake.client("s3"), local_lake.settings.bucket
    names = ("stays", "gone", "gone-and-told", "replaced", "replaced-and-told")
    keys = {name: f"{prefix}{name}.jpg" for name in names}
    events = []
    for number, key in enumerate(keys.values()):
        upload(key, picture(number))
        events.append(an_event(s3, bucket, key))
    events.append(an_event(s3, bucket, keys["gone-and-told"], "ObjectRemoved:Delete"))
    for name in ("gone", "gone-and-told"):
        s3.delete_object(Bucket=bucket, Key=keys[name])
    for name in ("replaced", "replaced-and-told"):
        upload(keys[name], picture(99))
    events.append(an_event(s3, bucket, keys["replaced-and-told"]))
    report(local_lake, *events)
    lake = a_lake(prefix, "events")
    mark, today = prefix.replace("/", "-"), datetime.now(UTC).date().isoformat()
    (found, *_) = record_events(a_workspace(local_lake, today, lake), mark).days
    workspace = a_workspace(local_lake, found["day"], lake)
    discover(workspace)
    rows = manifest(workspace)
    assert {name: rows[key]["reason_code"] for name, key in keys.items()} == {
        "stays": None,
        "gone": "Deleted",
        "gone-and-told": "Deleted",
        "replaced": "Overwritten",
        "replaced-and-told": None,
    }
    assert record_events(workspace, mark).days[0]["day"] == found["day"]
