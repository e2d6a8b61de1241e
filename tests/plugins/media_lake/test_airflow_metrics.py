"""Metrics leave a real task: Airflow's task runner, its StatsD client, and a socket that listens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.observability import stats

from include.core.metrics import Metric
from media_lake.airflow_metrics import AirflowMetrics

ROOT = Path(__file__).parents[3]
STATSD = Path(__file__).parent / "statsd"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str]]:
    """What the script printed, and the lake's lines of StatsD in the order in which they arrived."""
    home = tmp_path_factory.mktemp("airflow")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(STATSD / "dags"),
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(listener.getsockname()[1]),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
            "AIRFLOW__METRICS__METRICS_ALLOW_LIST": "media_lake",
            "PYTHONPATH": os.pathsep.join(
                (str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", ""))
            ),
        }
        done = subprocess.run(
            [sys.executable, str(STATSD / "run.py")],
            env=environment, cwd=home, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        listener.setblocking(False)
        lines: list[str] = []
        while True:
            try:
                lines += listener.recv(65536).decode().splitlines()
            except BlockingIOError:
                break
    return json.loads(done.stdout.splitlines()[-1]), lines


def test_figures_of_a_stage_arrive_with_their_tags(outcome: tuple[dict[str, Any], list[str]]) -> None:
    printed, lines = outcome
    assert printed["good"]["state"] == "success"
    found = [line for line in lines if line.startswith("airflow.media_lake.assets")]
    assert found == [
        f"airflow.media_lake.assets,dag_id=good,kind={kind}:{count}|c"
        for kind, count in {"images": 3, "videos": 2, "defective": 1, "ignored": 0, "known": 0}.items()
    ]


def test_counters_timers_and_gauges_arrive(outcome: tuple[dict[str, Any], list[str]]) -> None:
    _, lines = outcome
    assert (
        "airflow.media_lake.call_duration,dag_id=good,media_type=video,feature=labels:250.000000|ms" in lines
    )
    assert "airflow.media_lake.queue_age,dag_id=good,media_type=video:12.5|g" in lines
    assert "airflow.media_lake.throttles,dag_id=good,media_type=video:1|c" in lines


def test_each_instance_of_a_mapped_task_counts_and_is_named_by_batch_and_size(
    outcome: tuple[dict[str, Any], list[str]],
) -> None:
    printed, lines = outcome
    assert lines.count("airflow.media_lake.rows,dag_id=good,media_type=image,table=labels:7|c") == 2
    assert lines.count("airflow.media_lake.analyses,dag_id=good,media_type=video,state=failed:1|c") == 2
    assert printed["good"]["labels"] == [
        f"{task} {label}"
        for task in ("analyze.collect_responses", "analyze.wait", "normalize_batch")
        for label in ("batch-0000: 1 files", "batch-0001: 2 files")
    ]


def test_a_task_that_fails_leaves_its_cause(outcome: tuple[dict[str, Any], list[str]]) -> None:
    printed, _ = outcome
    assert printed["bad"]["state"] == "failed"
    (failure,) = printed["failures"]
    assert failure["code"] == "AccessDeniedException"
    assert "GetPartition" in failure["message"]


def test_a_collector_in_trouble_is_no_trouble_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **options: Any) -> None:
        raise ValueError("the collector is gone")

    for name in ("incr", "timing", "gauge"):
        monkeypatch.setattr(stats, name, broken)
    metrics = AirflowMetrics(dag_id="d")
    metrics.count(Metric.CALLS)
    metrics.timing(Metric.CALL_DURATION, 1.0)
    metrics.gauge(Metric.QUEUE_AGE, 1.0)
