"""Image calls under faults and quotas: every analysis ends done, paid once, at the pace that AWS allows."""

from __future__ import annotations

import hashlib
import pkgutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from include.analyze.image_analyzer import ImageAnalyzer
from include.analyze.image_lanes import Summary
from include.analyze.pace import Pace
from include.core.analysis_keys import analysis_key
from include.core.features import FEATURES
from include.core.metrics import Metric, Metrics
from include.core.run import Run
from include.store.ledger import Ledger
from include.store.objects import Row
from include.store.shared_record import SharedRecord
from include.store.usage_log import read_usage_log
from tests.integration.conftest import LocalLake, paces, picture
from tests.metrics_recorder import MetricsRecorder
from tests.rates import LocalRate

pytestmark = pytest.mark.integration

THREADS = 8
PICTURES = 12


@pytest.fixture
def keys(local_lake: LocalLake, upload: Callable[[str, bytes], None]) -> dict[str, str]:
    """Keys of some small pictures, and their ETags."""
    bodies = {f"faults/{number}.jpg": picture(number, 80, 80) for number in range(PICTURES)}
    for key, body in bodies.items():
        upload(key, body)
    return {key: hashlib.md5(body).hexdigest() for key, body in bodies.items()}


def a_run(local_lake: LocalLake) -> Run:
    return Run(local_lake.settings.bucket, "enrich_images", f"run-{uuid.uuid4()}", "2026-02-01")


def a_batch(run: Run, keys: dict[str, str], analyses: int, *features: str) -> list[Row]:
    """Return a planned batch of so many analyses per feature; pictures take turns, as new contents."""
    content = uuid.uuid4().hex
    rows = []
    for number in range(analyses):
        planned = []
        for name in features:
            call = FEATURES[name].image
            assert call is not None
            planned.append(
                {
                    "feature": name,
                    "parameters": dict(call.parameters),
                    "analysis_key": analysis_key(f"{content}-{number}", FEATURES[name], "image"),
                    "state": "planned",
                    "code": None,
                    "message": None,
                }
            )
        asset = {
            "media_id": f"m{number}",
            "source": "sample",
            "cost_center": "media-team",
            "bucket": run.bucket,
            "key": list(keys)[number % len(keys)],
            "version_id": None,
            "etag": keys[list(keys)[number % len(keys)]],
            "content_id": f"{content}-{number}",
            "media_type": "image",
        }
        rows.append({"asset": asset, "analyses": planned})
    return rows


def analyze(
    local_lake: LocalLake,
    run: Run,
    batch: list[Row],
    pace: Mapping[str, Pace],
    name: str = "batch-0000",
    metrics: Metrics | None = None,
) -> Summary:
    workspace = local_lake.workspace(run, image_threads=THREADS, lease_seconds=60)
    return ImageAnalyzer(workspace, batch=name, paces=pace, metrics=metrics).analyze(batch)


def states(local_lake: LocalLake, batch: list[Row]) -> Counter[str]:
    wanted = [item["analysis_key"] for row in batch for item in row["analyses"]]
    known = local_lake.ledger.lookup(wanted)
    return Counter(known[key].state if key in known else "unknown" for key in wanted)


@pytest.mark.parametrize(
    "faults",
    [
        [{"code": "ThrottlingException", "rate": 0.3}],
        [{"code": "InternalServerError", "status": 500, "rate": 0.05}],
        [
            {"code": "ProvisionedThroughputExceededException", "rate": 0.3},
            {"code": "ServiceUnavailable", "status": 503, "rate": 0.05},
        ],
    ],
    ids=["30 % throttled", "5 % faults", "both"],
)
def test_every_analysis_is_done_and_paid_once(
    local_lake: LocalLake, keys: dict[str, str], faults: list[Any]
) -> None:
    local_lake.behave(faults=faults)
    run = a_run(local_lake)
    batch = a_batch(run, keys, 150, "moderation")
    summary = analyze(local_lake, run, batch, paces())
    assert (summary.calls, summary.failed) == (150, 0)
    assert states(local_lake, batch) == {"done": 150}
    assert sum(local_lake.billed().values()) == 150
    if len(faults) == 1 and "Throttl" in faults[0]["code"]:
        assert summary.throttled > 20


def test_metrics_tell_of_calls_throttling_and_errors(local_lake: LocalLake, keys: dict[str, str]) -> None:
    faults = [
        {"code": "ThrottlingException", "rate": 0.2},
        {"code": "InternalServerError", "status": 500, "rate": 0.1},
    ]
    local_lake.behave(faults=faults, latency_ms=20)
    told = MetricsRecorder()
    run = a_run(local_lake)
    summary = analyze(local_lake, run, a_batch(run, keys, 150, "moderation"), paces(), metrics=told)
    assert told.counted(Metric.CALLS, feature="moderation") == 150
    assert told.counted(Metric.THROTTLES, operation="DetectModerationLabels") == summary.throttled > 0
    assert told.counted(Metric.ERRORS, code="InternalServerError") > 0
    durations = told.values(Metric.CALL_DURATION)
    assert len(durations) == 150
    assert min(durations) >= 0.02


def test_a_service_that_is_down_for_a_while_is_waited_for_and_not_hammered(
    local_lake: LocalLake, keys: dict[str, str]
) -> None:
    local_lake.behave(faults=[{"code": "ServiceUnavailable", "status": 503}])
    back = threading.Timer(8, local_lake.behave, kwargs={"faults": []})
    back.start()
    run = a_run(local_lake)
    batch = a_batch(run, keys, 100, "moderation")
    summary = analyze(local_lake, run, batch, paces())
    back.join()
    assert (summary.calls, summary.failed) == (100, 0)
    assert sum(local_lake.billed().values()) == 100
    assert local_lake.requests("DetectModerationLabels") < 100 + 60


@pytest.mark.timeout(60)
def test_a_ledger_that_cannot_be_claimed_from_is_an_error_and_no_task_hangs(
    local_lake: LocalLake, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(local_lake)
    batch = a_batch(run, keys, 130, "moderation")
    claim_all, turns = Ledger.claim_all, iter([True, False])

    def claim_once(self: Ledger, *arguments: Any) -> Any:
        if not next(turns, False):
            raise ConnectionError("the ledger is out of reach")
        return claim_all(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "claim_all", claim_once)
        with pytest.raises(ConnectionError, match="out of reach"):
            analyze(local_lake, run, batch, paces())
    paid = sum(local_lake.billed().values())
    assert states(local_lake, batch)["done"] == paid
    assert analyze(local_lake, run, batch, paces()).calls == 130 - paid
    assert sum(local_lake.billed().values()) == 130


@pytest.mark.parametrize("away", ["put_ndjson", "Ledger.finish", "Ledger.claim_all", "answer"])
def test_archive_and_ledger_are_waited_for_as_the_service_is(
    local_lake: LocalLake, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    """What is paid for is in memory until they are back; nothing is paid for again, nor recorded twice."""
    module = "include.analyze.image_records" if away == "put_ndjson" else "include.store.ledger"
    name = f"{module}.{'Ledger.claim_all' if away == 'answer' else away}"
    holder, _, attribute = name.rpartition(".")
    real, calls = getattr(pkgutil.resolve_name(holder), attribute), count()

    def flaky(*arguments: Any) -> Any:
        fails = next(calls) % 3 == 0
        reply = real(*arguments) if not fails or away == "answer" else None
        if fails:
            raise EndpointConnectionError(endpoint_url="http://away")
        return reply

    monkeypatch.setattr(name, flaky)
    run = a_run(local_lake)
    batch = a_batch(run, keys, 150, "moderation")
    summary = analyze(local_lake, run, batch, paces())
    assert (summary.calls, summary.failed, states(local_lake, batch)) == (150, 0, {"done": 150})
    assert sum(local_lake.billed().values()) == 150
    lines = read_usage_log(local_lake.client("s3"), run.bucket, run.partition)
    assert sum(line["run_id"] == run.run_id for line in lines) == 150


def test_batches_that_need_the_same_are_complete_by_themselves_and_pay_once(
    local_lake: LocalLake, keys: dict[str, str]
) -> None:
    """Two batches of a run at the same time, and within each every analysis twice."""
    local_lake.behave(latency_ms=50)
    run = a_run(local_lake)
    rows = a_batch(run, keys, 60, "moderation")
    copies = [
        {**row, "asset": row["asset"] | {"media_id": f"copy-{number}"}} for number, row in enumerate(rows)
    ]
    with ThreadPoolExecutor(2) as pool:
        batches = [pool.submit(_complete, local_lake, run, [*rows, *copies], f"batch-{n}") for n in range(2)]
        summaries = [batch.result() for batch in batches]
    assert sum(summary.calls for summary in summaries) == 60
    assert sum(local_lake.billed().values()) == 60
    lines = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))
    assert sum(not line["reused"] for line in lines if line["run_id"] == run.run_id) == 60


def _complete(local_lake: LocalLake, run: Run, rows: list[Row], name: str) -> Summary:
    """Analyze a batch and check that nothing is left of it when it ends."""
    summary = analyze(local_lake, run, rows, paces(), name)
    assert set(states(local_lake, rows)) == {"done"}
    return summary


def test_tasks_that_share_a_quota_use_all_of_it_and_are_not_throttled(
    local_lake: LocalLake, keys: dict[str, str]
) -> None:
    quota, analyses = 40.0, 120
    local_lake.behave(tps={"DetectModerationLabels": quota}, latency_ms=50)
    name = f"pace#{uuid.uuid4()}"

    def shared() -> dict[str, Pace]:
        item = SharedRecord(local_lake.client("dynamodb"), local_lake.settings.ledger_table, name)
        return {"DetectModerationLabels": Pace(item, quota)}

    runs = [a_run(local_lake) for _ in range(3)]
    batches = [a_batch(run, keys, analyses // 3, "moderation") for run in runs]
    summaries: list[Summary] = []
    threads = [
        threading.Thread(
            target=lambda run, batch: summaries.append(analyze(local_lake, run, batch, shared())), args=pair
        )
        for pair in zip(runs, batches, strict=True)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert sum(summary.calls for summary in summaries) == analyses
    assert sum(summary.throttled for summary in summaries) <= 0.1 * analyses
    assert took >= 0.9 * (analyses - quota) / quota  # the service lets a second's worth through at once


def test_a_slow_operation_keeps_no_other_waiting(local_lake: LocalLake, keys: dict[str, str]) -> None:
    """Equipment may be asked for 4 times a second, moderation 1,000 times: all threads could wait."""
    run = a_run(local_lake)
    batch = a_batch(run, keys, 24, "protective_equipment", "moderation")
    pace = {
        "DetectProtectiveEquipment": Pace(LocalRate(), 4),
        "DetectModerationLabels": Pace(LocalRate(), 1000),
    }
    analysis = threading.Thread(target=analyze, args=(local_lake, run, batch, pace))
    analysis.start()
    deadline = time.monotonic() + 30
    while local_lake.requests("DetectModerationLabels") < 24:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert local_lake.requests("DetectProtectiveEquipment") < 24
    analysis.join()
    assert states(local_lake, batch) == {"done": 48}


def test_what_is_replaced_while_it_is_analyzed_is_not_taken_for_what_was_discovered(
    local_lake: LocalLake, keys: dict[str, str], upload: Callable[[str, bytes], None]
) -> None:
    run = a_run(local_lake)
    batch = a_batch(run, keys, PICTURES, "moderation")
    upload("faults/3.jpg", picture(1003, 80, 80))
    local_lake.client("s3").delete_object(Bucket=run.bucket, Key="faults/5.jpg")
    summary = analyze(local_lake, run, batch, paces())
    assert (summary.calls, summary.failed) == (PICTURES - 1, 2)
    assert summary.errors.by_code == {"ObjectReplaced": 1, "InvalidS3ObjectException": 1}
    assert states(local_lake, batch) == {"done": PICTURES - 2, "failed": 2}
    again = analyze(local_lake, run, batch, paces())
    assert again.calls == 1
    usage = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))
    assert sum(line["run_id"] == run.run_id and not line["reused"] for line in usage) == PICTURES
