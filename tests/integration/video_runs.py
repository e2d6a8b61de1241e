"""Runs of `enrich_videos` without Airflow's processes: small clips, a batch's tasks, deferrals, retries."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from fractions import Fraction
from functools import partial
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import av
import boto3
import numpy as np
import pytest
from airflow.sdk.exceptions import TaskDeferred

from include.analyze import job_slots
from include.core.features import FEATURES
from include.core.prices import load_price_book
from include.core.run import Run, job_responses_uri
from include.core.settings import load_settings
from include.discover.discovery import discover
from include.plan.planner import plan
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.plan_batches import read_plan
from include.store.response_archive import read_lines
from include.store.usage_log import read_usage_log
from infrastructure.roles import role_name
from media_lake import task_context
from media_lake.aws_clients import ConnectionClients
from media_lake.sensors.video_jobs_sensor import VideoJobsSensor
from media_lake.tasks import analyze as tasks
from media_lake.triggers import video_jobs_trigger as triggers
from tests.integration.conftest import LocalLake
from tests.workspaces import make_workspace

RETRIES = 3
_run: ContextVar[Run] = ContextVar("run")
# With whose rights AWS is called: those of tasks, or of the triggerer.
_role: ContextVar[str] = ContextVar("role", default="tasks")


def clip(seed: int, seconds: float = 2.0, shots: int = 2, black: bool = False) -> bytes:
    """Return a small H.264 clip whose bytes depend on the seed, with hard cuts between its shots.

    :param black: whether the first shot is black.
    """
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        colors = np.random.default_rng(seed).integers(0, 80, (shots, 3), dtype=np.uint8)
        colors[1::2] += 170  # a bright shot after each dark one, or a cut might not be seen
        if black:
            colors[0] = 0
        frames = int(seconds * 10)
        for number in range(frames):
            pixels = np.empty((96, 128, 3), dtype=np.uint8)
            pixels[:] = colors[number * shots // frames]
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()


def new_run(local_lake: LocalLake, day: str) -> Run:
    return Run(local_lake.settings.bucket, "enrich_videos", f"run-{uuid.uuid4()}", day)


def key_of(run: Run, name: str) -> str:
    return f"raw/sample/{run.partition.replace('-', '/')}/{name}"


def plan_videos(local_lake: LocalLake, run: Run, *features: str) -> list[Row]:
    """Discover the day of a run and return the claim checks of its batches."""
    source = local_lake.lake.sources[0].model_copy(
        update={"features": {"video": {name: {} for name in features}}}
    )
    lake = local_lake.lake.model_copy(update={"sources": (source,)})
    workspace = make_workspace(run, local_lake.session, load_settings(), lake)
    discover(workspace)
    return plan(workspace, "video", load_price_book("us-east-1"), dict)[0]


def forget_slots(local_lake: LocalLake) -> None:
    """Forget what earlier tests learned of slots."""
    key = {"key": {"S": job_slots.KEY}}
    local_lake.client("dynamodb").delete_item(TableName=local_lake.settings.ledger_table, Key=key)


def settle(patch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Let tasks and triggers run here, each with its rights, short pauses and these settings."""
    patch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    for name, value in settings.items():
        patch.setenv(f"MEDIA_LAKE_{name.upper()}", str(value))
    load_settings.cache_clear()
    # A process of Airflow's makes its session once; here all tasks of a test run in one process.
    sessions = {role: _session_of(role) for role in ("tasks", "triggerer")}
    patch.setattr(ConnectionClients, "_session", property(lambda clients: sessions[_role.get()]))
    patch.setattr(task_context, "get_current_context", _current_context)
    patch.setattr(triggers, "PAUSE_IN_TROUBLE", 0.2)
    patch.setattr(triggers, "LONG_POLL", 1)
    patch.setattr(job_slots, "FIRST_PAUSE", 1.0)


def _session_of(role: str) -> boto3.Session:
    settings = load_settings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", role_name(settings, settings.region, role))
        session = ConnectionClients(settings).session()
        session.client("s3")  # the first client completes the session: after it threads may share it
    return session


def _current_context() -> dict[str, Any]:
    run = _run.get()
    return {"dag_run": SimpleNamespace(dag_id=run.dag_id, run_id=run.run_id, partition_key=run.partition)}


def enrich(run: Run, batch: Row) -> Row:
    """Do the video tasks of a batch as Airflow does, and return what the last one says."""
    _run.set(run)
    _tried(lambda: tasks.start_jobs.function(batch))
    _tried(lambda: _waited(batch))
    collected: Row = _tried(lambda: collect(run, batch))
    return collected


def collect(run: Run, batch: Row) -> Row:
    from media_lake.video_batch import video_analyzer

    _run.set(run)
    workspace = task_context.task_workspace()
    return video_analyzer(workspace, batch).collect(read_plan(workspace.s3, batch["uri"])).to_xcom()


def _waited(batch: Row) -> Row:
    sensor = VideoJobsSensor(task_id="wait_for_jobs", batch=batch, timeout=120)
    step: Callable[[], Any] = partial(sensor.execute, {})
    while True:
        try:
            result: Row = step()
        except TaskDeferred as deferred:
            event = asyncio.run(_first_event(deferred.trigger))
            step = partial(sensor.resume, {}, event)
        else:
            return result


async def _first_event(trigger: Any) -> Row:
    _role.set("triggerer")
    trigger.min_wait = 0
    async for event in trigger.run():
        payload: Row = event.payload
        return payload
    raise AssertionError("the trigger ended without an event")


def _tried(work: Callable[[], Any]) -> Any:
    for attempt in range(RETRIES + 1):
        try:
            return work()
        except Exception:
            if attempt == RETRIES:
                raise
            time.sleep(0.5)
    raise AssertionError


def entries_of(local_lake: LocalLake, batch: Row) -> dict[str, tuple[Row, Row, Entry]]:
    """Return ``(asset, analysis, entry)`` of every analysis of a batch, by key."""
    rows = read_plan(local_lake.client("s3"), batch["uri"])
    found = {each["analysis_key"]: (row["asset"], each) for row in rows for each in row["analyses"]}
    known = local_lake.ledger.lookup(found)
    return {key: (asset, analysis, known[key]) for key, (asset, analysis) in found.items()}


def check_done(local_lake: LocalLake, run: Run, batch: Row) -> None:
    """Every analysis is done, was paid for once, and has each page and each usage line once."""
    s3 = local_lake.client("s3")
    entries = entries_of(local_lake, batch)
    assert entries
    assert {(entry.state, entry.error_code) for _, _, entry in entries.values()} == {("done", None)}
    counted = local_lake.billed()
    for asset, analysis, _ in entries.values():
        operation = FEATURES[analysis["feature"]].video.start_operation  # type: ignore[union-attr]
        assert counted[asset["key"], operation] == 1
    for _, _, entry in entries.values():
        check_pages(s3, run.bucket, entry)
    log = [line for line in read_usage_log(s3, run.bucket, run.partition) if not line["reused"]]
    usage = [line for line in log if line["analysis_key"] in entries]
    assert len({line["usage_id"] for line in usage}) == len(usage)
    assert {line["analysis_key"] for line in usage} == set(entries)


def check_pages(s3: Any, bucket: str, entry: Entry) -> None:
    assert entry.job_id is not None
    pages = [line["response"] for line in read_lines(s3, job_responses_uri(bucket, entry.job_id))]
    assert [bool(page.get("NextToken")) for page in pages] == [True] * (len(pages) - 1) + [False]
    shots = [
        item["ShotSegment"]["Index"]
        for page in pages
        for item in page.get("Segments", [])
        if "ShotSegment" in item
    ]
    assert shots == list(range(len(shots)))
