"""The fault matrix on the real scheduler: whatever fails, each analysis is done, and paid once.

Processes are killed, services are away, notifications are late, work is done twice. The tests share a stack
and follow one another: notifications of the first day come while later days are worked on.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import Any

import psutil
import pytest
import yaml

from tests.end_to_end.conftest import Stack, running_stack
from tests.end_to_end.relay import Relay
from tests.end_to_end.watched_days import (
    ASKED,
    CONFIGURATION,
    FILES,
    IMAGE_BATCHES,
    SETTINGS,
    SETTLE_SECONDS,
    Lake,
    wait_until,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix, pytest.mark.timeout(900)]

# How many times each kind of process is killed; `make faults` sets 20.
RUNS = int(os.environ.get("FAULT_RUNS", "1"))
OUTAGE_SECONDS, LATE_SECONDS = 60, 120
PARALLELISM = 8
TIMES = {
    "MEDIA_LAKE_LEASE_SECONDS": "30",
    "MEDIA_LAKE_SWEEP_AFTER_SECONDS": "5",
    "MEDIA_LAKE_STACK_PARALLELISM": str(PARALLELISM),
}
KILLS = ("task", "scheduler", "triggerer", "api-server")
ENRICHING = ("enrich_images", "enrich_videos")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("faults")
    lake_file = folder / "lake.yaml"
    lake_file.write_text(yaml.safe_dump(CONFIGURATION), encoding="utf-8")
    with ExitStack() as opened:
        relays = {name: opened.enter_context(Relay()) for name in ("rekognition", "aws")}
        settings = SETTINGS | TIMES | _connection(relays) | {"MEDIA_LAKE_LAKE_FILE": str(lake_file)}
        stack = opened.enter_context(running_stack(folder / "stack", **settings))
        for name, relay in relays.items():
            relay.target = int(stack.url(name).rsplit(":", 1)[1])
        up = stack.run("-m", "local.stack", "up")
        assert up.returncode == 0, up.stdout
        yield Lake(stack, opened.enter_context(stack.airflow_api()), relays)


@pytest.fixture(scope="module")
def late(lake: Lake) -> tuple[list[date], str]:
    """A day whose notifications are late, and a queue of the test's own that gets them too."""
    queue = lake.stack.subscribed_queue("AmazonRekognitionMediaLakeJobs")
    lake.stack.behave(job_seconds=[1, 4], notifications={"delay_seconds": LATE_SECONDS})
    days, began = lake.backfill()
    lake.settle(days, began)
    lake.stack.behave(notifications={"delay_seconds": 0})
    return days, queue


def test_jobs_whose_notifications_are_late_are_looked_up(lake: Lake, late: tuple[list[date], str]) -> None:
    days, queue = late
    assert _messages(lake, queue) == 0
    lake.check(days)


@pytest.mark.parametrize("seed", range(RUNS))
def test_processes_are_killed_at_random_moments(
    lake: Lake, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(seed)
    moments = sorted(round(dice.uniform(2, 25), 1) for _ in KILLS)
    kills = list(zip(moments, dice.sample(KILLS, k=len(KILLS)), strict=True))
    lake.stack.behave(latency_ms=5000, job_seconds=[8, 16], seed=seed)
    calls = lake.requests("DetectLabels")
    days, began = lake.backfill()
    if seed % 2:  # from the first image on, or from the beginning
        wait_until(lambda: lake.requests("DetectLabels") > calls, "no image was sent")
    at, interrupted, paid = time.monotonic(), 0, []
    for moment, kind in kills:
        time.sleep(max(0, at + moment - time.monotonic()))
        interrupted += _kill(lake.stack, kind, dice)
        paid.append(sum(lake.billed(days, "image").values()))
    lake.stack.behave(latency_ms=0)
    lake.settle(days, began)
    took, again = round(time.monotonic() - at), lake.check(days, interrupted)
    _tell(capsys, "kills", seed=seed, kills=kills, paid_by_then=paid, seconds=took, paid_again=again)


@pytest.mark.parametrize("service", ["rekognition", "aws"])
def test_an_endpoint_is_away_for_a_minute(
    lake: Lake, service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.stack.behave(latency_ms=1500, job_seconds=[5, 10])
    days, began = lake.backfill()
    wait_until(lambda: lake.billed(days, "image") and lake.billed(days, "video"), "nothing was called")
    with lake.relays[service].cut():
        time.sleep(OUTAGE_SECONDS)
    back = time.monotonic()
    lake.stack.behave(latency_ms=0)
    lake.settle(days, began)
    took = round(time.monotonic() - back)
    # Calls whose answer is cut off are billed. While the ledger is away, paid answers wait in memory.
    again = lake.check(days, interrupted=IMAGE_BATCHES if service == "rekognition" else 0)
    _tell(capsys, "away", service=service, seconds_after=took, paid_again=again)


def test_two_backfills_of_the_same_days_overlap(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.stack.behave(latency_ms=4000, job_seconds=[35, 40])
    days, _ = lake.backfill(5)
    began = datetime.now(UTC)
    refused = lake.create_backfill(days)
    lake.stack.behave(latency_ms=0, job_seconds=1)
    lake.settle(days, began)
    overlaps = {dag: _overlapping(lake, days, dag) for dag in ENRICHING}
    again = lake.check(days)
    _tell(capsys, "two backfills", refused=refused, overlapping_days=overlaps, paid_again=again)
    assert overlaps["enrich_videos"] >= 1


def test_finished_tasks_are_cleared(lake: Lake, late: tuple[list[date], str]) -> None:
    days, _ = late
    before, billable, cleared = lake.tables(days), lake.stack.calls()["billable"], datetime.now(UTC)
    for dag in ENRICHING:
        (run,) = lake.runs(days)[dag]
        body = {"dag_run_id": run.run_id, "only_failed": False, "dry_run": False}
        reply = lake.stack.airflow("POST", f"dags/{dag}/clearTaskInstances", **body)
        assert reply["total_entries"] == len(lake.api.task_instances(run))

    def reported() -> bool:
        return any(run.queued_at > cleared for run in lake.runs(days)["report_costs"])

    wait_until(reported, "the cleared runs lead to no report", SETTLE_SECONDS)
    lake.settle(days, datetime.min.replace(tzinfo=UTC))
    for dag in ENRICHING:
        (run,) = lake.runs(days)[dag]
        # What is skipped, such as `stop_models` without models, is never tried.
        tried = [task for task in lake.api.task_instances(run) if task["state"] != "skipped"]
        assert {task["try_number"] for task in tried} == {2}
    assert lake.stack.calls()["billable"] == billable
    assert lake.tables(days) == before
    lake.check(days)


def test_late_notifications_did_no_harm(lake: Lake, late: tuple[list[date], str]) -> None:
    days, queue = late
    jobs = FILES["video"] * len(ASKED["video"])
    wait_until(lambda: _messages(lake, queue) >= jobs, "late notifications have not come", LATE_SECONDS)
    later, began = lake.backfill()
    lake.settle(later, began)
    lake.check(later)
    taken = lake.stack.client("sqs").get_queue_url(QueueName="media-lake-jobs")["QueueUrl"]
    assert _messages(lake, taken) == 0
    lake.check(days)


def _kill(stack: Stack, kind: str, dice: random.Random) -> int:
    """Kill a component, or a task as soon as one runs; return how many batches end by that, at most."""
    if kind != "task":
        stack.kill(kind)
        return IMAGE_BATCHES if kind == "scheduler" else 0  # its workers are ended before it starts again

    def killed() -> bool:
        processes = stack.task_processes()
        try:
            if processes:
                dice.choice(processes).kill()
        except psutil.NoSuchProcess:
            return False
        return bool(processes)

    wait_until(killed, "no task was seen running", pause=0.05)
    return 1


def _overlapping(lake: Lake, days: Sequence[date], dag: str) -> int:
    """Return on how many days the two runs of a Dag went on at the same time."""
    spans: dict[str | None, list[tuple[str, str]]] = {}
    for run in lake.runs(days)[dag]:
        tasks = lake.api.task_instances(run)
        span = min(task["start_date"] for task in tasks), max(task["end_date"] for task in tasks)
        spans.setdefault(run.partition, []).append(span)
    return sum(max(first for first, _ in each) < min(last for _, last in each) for each in spans.values())


def _messages(lake: Lake, queue: str) -> int:
    """Return how many messages a queue holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = lake.stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def _tell(capsys: pytest.CaptureFixture[str], fault: str, **figures: Any) -> None:
    with capsys.disabled():
        print(json.dumps({"fault": fault, **figures}))


def _connection(relays: dict[str, Relay]) -> dict[str, str]:
    """Return the settings that lead the tasks to AWS by way of the relays."""
    urls = {name: f"http://127.0.0.1:{relay.port}" for name, relay in relays.items()}
    extra = {
        "endpoint_url": urls["aws"],
        "service_config": {"rekognition": {"endpoint_url": urls["rekognition"]}},
    }
    connection = json.dumps({"conn_type": "aws", "extra": extra})
    return {"AIRFLOW_CONN_RELAYED": connection, "MEDIA_LAKE_AWS_CONN_ID": "relayed"}
