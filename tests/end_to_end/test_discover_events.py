"""On the real scheduler, events of S3 in their queue start the enrichment of exactly their days."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
import yaml
from PIL import Image

from include.stack.airflow_api import AirflowApi
from tests.end_to_end.conftest import Stack, running_stack

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]

BUCKET, QUEUE = "media-lake", "media-lake-events"
DAYS = ["2026-03-01", "2026-03-03"]
LAKE = {
    "cost_centers": {"team": {"title": "Team"}},
    "sources": [
        {
            "name": "drop",
            "prefix": "drop/",
            "cost_center": "team",
            "discovery": "events",
            "features": {"image": ["labels"]},
        }
    ],
}


def event(key: str, day: str, etag: str, size: int) -> str:
    thing = {"key": quote_plus(key, safe="/"), "eTag": etag, "size": size, "sequencer": "0055AED6DCD90281E5"}
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": f"{day}T10:00:00.000Z",
        "s3": {"bucket": {"name": BUCKET}, "object": thing},
    }
    return json.dumps({"Records": [record]})


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("events")
    lake = folder / "lake.yaml"
    lake.write_text(yaml.safe_dump(LAKE), encoding="utf-8")
    with running_stack(folder / "stack", MEDIA_LAKE_LAKE_FILE=str(lake)) as running:
        up = running.run("-m", "include.stack", "up")
        assert up.returncode == 0, up.stdout
        yield running


def test_the_days_of_events_are_discovered_and_enriched(stack: Stack) -> None:
    endpoint = f"http://127.0.0.1:{stack.environment['MEDIA_LAKE_STACK_AWS_PORT']}"
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
    s3, sqs = (boto3.client(service, endpoint_url=endpoint, **keys) for service in ("s3", "sqs"))  # type: ignore[call-overload]
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    bodies = [json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})]
    for number, day in enumerate(DAYS):
        buffer = io.BytesIO()
        Image.new("RGB", (200, 150), (90 * number, 30, 90)).save(buffer, "PNG")
        key = f"drop/a b+{number}.png"
        etag = s3.put_object(Bucket=BUCKET, Key=key, Body=buffer.getvalue())["ETag"].strip('"')
        bodies += 2 * [event(key, day, etag, len(buffer.getvalue()))]
    for body in reversed(bodies):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    with AirflowApi(f"http://127.0.0.1:{stack.environment['MEDIA_LAKE_STACK_AIRFLOW_PORT']}") as api:
        for dag_id in ("enrich_images", "enrich_videos"):
            _wait_for_days(api, dag_id)
        scheduled = {run.partition for run in api.runs("discover_media")}
        assert {run.partition for run in api.runs("enrich_images")} - scheduled == set(DAYS)
        assert {run.state for run in api.runs("discover_events")} <= {"success", "queued", "running"}
    assert not [found for found in _listed(s3) if found.startswith("events/undiscovered/")]
    called = {item["key"]: item["count"] for item in stack.calls()["images"]}
    assert called == {"drop/a b+0.png": 1, "drop/a b+1.png": 1}


def _wait_for_days(api: AirflowApi, dag_id: str, seconds: float = 400) -> None:
    deadline = time.monotonic() + seconds
    states: dict[str | None, str] = {}
    while time.monotonic() < deadline and not all(states.get(day) in ("success", "failed") for day in DAYS):
        time.sleep(2)
        states = {run.partition: run.state for run in api.runs(dag_id)}
    assert {day: states.get(day) for day in DAYS} == dict.fromkeys(DAYS, "success")


def _listed(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
