"""The image engine against the local Rekognition, which counts what is paid for."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from include.analyze.image_analyzer import CHUNK_CALLS, ImageAnalyzer
from include.analyze.image_caller import ServiceUnavailableError
from include.analyze.image_lanes import Summary
from include.core.lake import Lake
from include.core.prices import load_price_book
from include.core.run import Run
from include.discover.discovery import discover
from include.plan.planner import plan
from include.store.ledger import Entry, Ledger
from include.store.objects import Row
from include.store.plan_batches import read_plan
from include.store.response_archive import read_lines
from include.store.spare_calls import SpareCalls
from include.store.usage_log import read_usage_log
from tests.integration.conftest import ROOT, LocalLake, paces, picture
from tests.workspaces import make_workspace

pytestmark = pytest.mark.integration

THREADS = 8
DAYS = iter(range(1, 28))


@pytest.fixture
def run(local_lake: LocalLake) -> Run:
    """A run on a day of its own."""
    return Run(
        local_lake.settings.bucket, "enrich_images", f"run-{uuid.uuid4()}", f"2026-01-{next(DAYS):02d}"
    )


def lake_with(local_lake: LocalLake, *features: str, **members: Row) -> Lake:
    """Return a lake that asks for features; the latter with members of their requests."""
    wanted = {name: {} for name in features} | members
    source = local_lake.lake.sources[0].model_copy(update={"features": {"image": wanted}})
    return local_lake.lake.model_copy(update={"sources": (source,)})


def key_of(run: Run, name: str) -> str:
    return f"raw/sample/{run.partition.replace('-', '/')}/{name}"


def planned(local_lake: LocalLake, run: Run, *features: str, **members: Row) -> list[Row]:
    """Discover and plan the run's day, in one batch."""
    lake = lake_with(local_lake, *features, **members)
    settings = local_lake.settings.model_copy(update={"batch_size": 10_000})
    workspace = make_workspace(run, local_lake.session, settings, lake)
    discover(workspace)
    batches, _ = plan(workspace, "image", load_price_book("us-east-1"), dict)
    return read_plan(workspace.s3, batches[0]["uri"])


def analyzer(local_lake: LocalLake, run: Run, ledger: Ledger | None = None, lease: int = 5) -> ImageAnalyzer:
    workspace = local_lake.workspace(run, image_threads=THREADS, lease_seconds=lease)
    if ledger is not None:
        workspace.ledger = ledger
    return ImageAnalyzer(workspace, batch="batch-0000", paces=paces())


def states(local_lake: LocalLake, batch: list[Row]) -> list[str]:
    entries = local_lake.ledger.lookup(item["analysis_key"] for row in batch for item in row["analyses"])
    return [entry.state for entry in entries.values()]


def test_each_analysis_is_paid_once_and_logged(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(6):
        upload(key_of(run, f"été {seed} +%2B.jpg"), picture(seed))
    upload(key_of(run, "zz copy.jpg"), picture(0))
    batch = planned(local_lake, run, "labels", "moderation")

    summary = analyzer(local_lake, run).analyze(batch)

    assert (summary.calls, summary.reused, summary.failed) == (12, 2, 0)
    assert set(local_lake.billed().values()) == {1}
    assert len(local_lake.billed()) == 12
    assert states(local_lake, batch) == ["done"] * 12
    usage = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))
    assert sorted(line["reused"] for line in usage) == [False] * 12 + [True] * 2
    assert len({line["usage_id"] for line in usage}) == 14
    archived = list(read_lines(local_lake.client("s3"), run.responses_uri("batch-0000")))
    assert len(archived) == 12
    assert {line["payer"]["run_id"] for line in archived} == {run.run_id}
    planned_for = {row["asset"]["media_id"]: row["analyses"] for row in batch}
    for line in archived:
        keys = [item["analysis_key"] for item in planned_for[line["payer"]["media_id"]]]
        assert line["analysis_key"] in keys


def test_repeating_a_batch_pays_nothing_and_logs_nothing_twice(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(20, 24):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    batch = planned(local_lake, run, "labels")
    analyzer(local_lake, run).analyze(batch)
    before = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))

    summary = analyzer(local_lake, run).analyze(batch)

    assert (summary.calls, summary.reused) == (0, 0)
    assert set(local_lake.billed().values()) == {1}
    after = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))
    assert {line["usage_id"] for line in after} == {line["usage_id"] for line in before}


def test_two_runs_of_one_day_at_once_pay_once(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(30, 60):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    other = Run(run.bucket, run.dag_id, f"other-{uuid.uuid4()}", run.partition)
    batches = [planned(local_lake, each, "labels") for each in (run, other)]
    local_lake.behave(latency_ms=20)

    with ThreadPoolExecutor(2) as pool:
        tasks = [analyzer(local_lake, each) for each in (run, other)]
        summaries = list(pool.map(lambda pair: pair[0].analyze(pair[1]), zip(tasks, batches, strict=True)))

    assert set(local_lake.billed().values()) == {1}
    assert len(local_lake.billed()) == 30
    assert sum(summary.calls for summary in summaries) == 30
    assert sum(summary.reused for summary in summaries) == 30


@pytest.mark.timeout(60)
def test_throttling_and_outages_are_ridden_out(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(60, 80):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    batch = planned(local_lake, run, "moderation")
    local_lake.behave(
        faults=[
            {"operation": "*", "code": "ThrottlingException", "rate": 0.3},
            {"operation": "*", "code": "InternalServerError", "status": 500, "rate": 0.05},
        ]
    )

    # A lease longer than the test may take: a repeated call must not wait for its own claim to run out.
    summary = analyzer(local_lake, run, lease=300).analyze(batch)

    assert (summary.calls, summary.failed) == (20, 0)
    assert summary.throttled > 0
    assert set(local_lake.billed().values()) == {1}


def test_a_bad_object_fails_alone(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(80, 84):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    batch = planned(local_lake, run, "labels")
    local_lake.client("s3").delete_object(Bucket=run.bucket, Key=key_of(run, "82.jpg"))

    summary = analyzer(local_lake, run).analyze(batch)

    assert (summary.calls, summary.failed) == (3, 1)
    assert dict(summary.errors.by_code) == {"InvalidS3ObjectException": 1}
    assert sorted(states(local_lake, batch)) == ["done"] * 3 + ["failed"]


def test_access_denied_stops_at_once_and_keeps_what_was_paid(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(100, 130):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    batch = planned(local_lake, run, "moderation")
    local_lake.behave(faults=[{"operation": "*", "code": "AccessDeniedException", "rate": 0.2}])

    with pytest.raises(ClientError, match="AccessDenied"):
        analyzer(local_lake, run).analyze(batch)

    paid = len(local_lake.billed())
    assert states(local_lake, batch).count("done") == paid
    local_lake.behave(faults=[])
    summary = analyzer(local_lake, run).analyze(batch)
    assert summary.calls == 30 - paid
    assert set(local_lake.billed().values()) == {1}


def test_a_copy_of_what_failed_is_not_reused(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    """The plan counted on the original being paid for; it was not, so nothing was saved."""
    for name in ("original.jpg", "copy.jpg"):
        upload(key_of(run, name), picture(90))
    batch = planned(local_lake, run, "labels")
    for name in ("original.jpg", "copy.jpg"):
        local_lake.client("s3").delete_object(Bucket=run.bucket, Key=key_of(run, name))

    summary = analyzer(local_lake, run).analyze(batch)

    assert (summary.calls, summary.reused, summary.failed) == (0, 0, 1)
    assert list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition)) == []


class _FailingLedger(Ledger):
    """A ledger that does not take what was done the first times.

    :param failures: how often.
    """

    def __init__(self, local_lake: LocalLake, failures: int) -> None:
        super().__init__(local_lake.client("dynamodb"), local_lake.settings.ledger_table)
        self._failures = failures

    def finish(self, entries: Any) -> None:
        self._failures -= 1
        if self._failures >= 0:
            raise ConnectionError("the ledger is out of reach")
        super().finish(entries)


def test_a_failed_flush_stops_the_batch_and_is_tried_once_more(
    local_lake: LocalLake,
    run: Run,
    upload: Callable[[str, bytes], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("include.analyze.image_analyzer.CHUNK_CALLS", 5)
    for seed in range(200, 260):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    batch = planned(local_lake, run, "moderation")

    with pytest.raises(ConnectionError, match="out of reach"):
        analyzer(local_lake, run, _FailingLedger(local_lake, 1)).analyze(batch)

    paid = len(local_lake.billed())
    assert 5 <= paid < 60
    assert states(local_lake, batch).count("done") == paid
    assert analyzer(local_lake, run).analyze(batch).calls == 60 - paid
    assert set(local_lake.billed().values()) == {1}
    usage = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))
    assert len({line["usage_id"] for line in usage}) == 60


def test_responses_archived_before_the_ledger_failed_are_adopted(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(140, 150):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    batch = planned(local_lake, run, "labels")
    with pytest.raises(ConnectionError):
        analyzer(local_lake, run, _FailingLedger(local_lake, 2)).analyze(batch)
    assert len(local_lake.billed()) == 10

    summary = analyzer(local_lake, run).analyze(batch)

    assert summary.calls == 0
    assert set(local_lake.billed().values()) == {1}
    assert states(local_lake, batch) == ["done"] * 10
    usage = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))
    assert len({line["usage_id"] for line in usage}) == 10
    payers = {(line["run_id"], line["media_id"]) for line in usage}
    assert payers == {(run.run_id, row["asset"]["media_id"]) for row in batch}
    assert not any(line["reused"] for line in usage)


def _analyze_in_process(local_lake: LocalLake, run: Run, batch: list[Row]) -> Summary:
    return analyzer(local_lake, run).analyze(batch)


def test_a_killed_task_pays_again_for_at_most_a_chunk(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    count = 260
    for seed in range(count):
        upload(key_of(run, f"{seed}.jpg"), picture(1000 + seed, 80, 80))
    batch = planned(local_lake, run, "moderation")
    local_lake.behave(latency_ms=20)
    process = multiprocessing.get_context("fork").Process(
        target=_analyze_in_process, args=(local_lake, run, batch)
    )
    process.start()
    deadline = time.monotonic() + 60
    while len(local_lake.billed()) < 150 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert 150 <= len(local_lake.billed()) < count

    summary = analyzer(local_lake, run).analyze(batch)

    billed = local_lake.billed()
    assert len(billed) == count
    assert max(billed.values()) <= 2
    assert 0 < sum(billed.values()) - count <= min(CHUNK_CALLS + THREADS, summary.interrupted)
    assert states(local_lake, batch) == ["done"] * count


@pytest.mark.timeout(60)
def test_without_spare_calls_what_a_killed_task_may_have_called_is_not_called_again(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    """The upper bound of the plan has no room for more. What was not called yet is called."""
    for seed in range(870, 873):
        upload(key_of(run, f"{seed}.jpg"), picture(seed))
    batch = planned(local_lake, run, "labels")
    ledger, spare = local_lake.ledger, SpareCalls(local_lake.ledger, run)
    spare.allow(0)
    at = ledger.now() - 1000
    key = batch[0]["analyses"][0]["analysis_key"]
    owner = f"{run.token}/batch-0000"
    assert ledger.claim(Entry(key, "running", owner, claimed_at=at, lease_expires=at + 60_000), at) is None

    assert analyzer(local_lake, run).analyze(batch).calls == 2
    assert states(local_lake, batch).count("running") == 1

    spare.allow(1)
    assert analyzer(local_lake, run).analyze(batch).calls == 1
    assert not spare.take(1)


def test_a_service_that_stays_down_is_an_error_that_says_so(
    local_lake: LocalLake,
    run: Run,
    upload: Callable[[str, bytes], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("include.analyze.image_caller.MAX_ATTEMPTS", 3)
    upload(key_of(run, "one.jpg"), picture(5000))
    batch = planned(local_lake, run, "labels")
    local_lake.behave(faults=[{"operation": "*", "code": "ServiceUnavailable", "status": 503}])

    with pytest.raises(ServiceUnavailableError, match="failed 3 times"):
        analyzer(local_lake, run).analyze(batch)

    assert local_lake.billed() == {}


def test_discover_needs_a_day() -> None:
    with pytest.raises(ValueError, match="backfill discover_media"):
        Run("bucket", "enrich_images", "manual", str(datetime.now(UTC).year))


def test_many_calls_through_the_one_address_never_block_it(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None], endpoints: Any
) -> None:
    """Rekognition reads images through the same server: calls that hold all its threads would hang."""
    keys = [key_of(run, f"{number}.jpg") for number in range(120)]
    for number, key in enumerate(keys):
        upload(key, picture(9000 + number, 80, 80))
    config = Config(max_pool_connections=120, retries={"mode": "standard", "total_max_attempts": 20})
    client = local_lake.session.client("rekognition", endpoint_url=endpoints.aws, config=config)

    def call(key: str) -> str:
        image = {"S3Object": {"Bucket": run.bucket, "Name": key}}
        return client.detect_moderation_labels(Image=image)["ModerationModelVersion"]

    with ThreadPoolExecutor(120) as pool:
        assert len(list(pool.map(call, keys, timeout=60))) == 120
    assert set(local_lake.billed().values()) == {1}


def test_a_picture_without_a_face_was_searched_and_has_no_match(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    face = (ROOT / "local" / "sample_media" / "grace-hopper.jpg").read_bytes()
    rekognition, collection = local_lake.client("rekognition"), f"people-{uuid.uuid4()}"
    rekognition.create_collection(CollectionId=collection)
    rekognition.index_faces(CollectionId=collection, Image={"Bytes": face}, ExternalImageId="hopper")
    upload(key_of(run, "a face.jpg"), face)
    upload(key_of(run, "no face.jpg"), picture(7701))
    batch = planned(local_lake, run, face_search={"CollectionId": collection})

    summary = analyzer(local_lake, run).analyze(batch)

    assert (summary.calls, summary.failed) == (2, 0)
    assert states(local_lake, batch) == ["done", "done"]
    lines = list(read_lines(local_lake.client("s3"), run.responses_uri("batch-0000")))
    (found,) = [line for line in lines if line["response"]]
    (nothing,) = [line for line in lines if not line["response"]]
    assert found["response"]["FaceMatches"][0]["Face"]["ExternalImageId"] == "hopper"
    assert found["request"]["FaceMatchThreshold"] == 80.0
    assert found["model_version"]
    assert "no faces in the image" in nothing["note"]


def test_a_collection_that_does_not_exist_fails_its_own_analyses_only(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "a.jpg"), picture(7801))
    batch = planned(local_lake, run, "moderation", face_search={"CollectionId": "nobody"})
    summary = analyzer(local_lake, run).analyze(batch)
    assert (summary.calls, summary.failed) == (1, 1)
    assert summary.errors.by_code == {"ResourceNotFoundException": 1}
    assert sorted(states(local_lake, batch)) == ["done", "failed"]
