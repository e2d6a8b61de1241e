"""What a day costs on which little is new: `make bench` prints a line of JSON for each measurement."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from include.core.lake import load_lake
from local.stack.airflow_api import DagRun
from local.stack.lifecycle import stack_processes
from local.stack.media_upload import plan_uploads, upload
from local.stack.people import index_people
from local.stack.pipeline import PIPELINE, is_over, runs_of_days, states
from local.stack.stack_settings import PROJECT, StackSettings
from tests.end_to_end.airflow_runs import Operator
from tests.end_to_end.conftest import Stack, running_stack
from tests.end_to_end.watched_days import create_backfill
from tests.task_imports import measure, task_codes

pytestmark = [pytest.mark.end_to_end, pytest.mark.benchmark, pytest.mark.timeout(3600)]

BUCKET = "media-lake"
DAYS = 20
RUNS_AT_ONCE = 8  # as `make demo`
SETTLE_SECONDS = 5

CHAIN_DAG = "empty_chain"

# Each of its tasks is a process that does nothing.
CHAIN = f"""
from airflow.sdk import chain, dag, task


@dag(schedule=None)
def {CHAIN_DAG}():
    @task
    def nothing():
        pass

    chain(*[nothing.override(task_id=f"nothing_{{number}}")() for number in range(LENGTH)])


{CHAIN_DAG}()
"""


@dataclass
class Bench:
    """A stack, and what its processes have used so far."""

    stack: Stack
    operator: Operator

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of the stack's processes, with those of their children that ended."""
        total = 0.0
        for process in stack_processes(StackSettings(folder=self.stack.folder)):
            try:
                total += sum(process.cpu_times()[:4])
            except psutil.NoSuchProcess:
                continue
        return total

    def upload(self, days: Sequence[date]) -> None:
        """Put the sample into the lake, dealt out to days in turn."""
        source = load_lake(PROJECT / "include" / "lake.yaml").sources[0]
        sample = PROJECT / "local" / "sample_media"
        upload(self.stack.client("s3"), BUCKET, plan_uploads(sample, source, days))
        index_people(self.stack.client("rekognition"), source)

    def backfill(self, days: Sequence[date]) -> tuple[float, list[DagRun]]:
        """Backfill days and return the seconds until each has its reports, and the runs."""
        api, wanted = self.operator.api, {str(day) for day in days}
        began, since = time.monotonic(), datetime.now(UTC)
        create_backfill(api, days, max_active_runs=min(len(days), RUNS_AT_ONCE))

        def recent(dag_id: str) -> list[DagRun]:
            return [run for run in api.runs(dag_id) if run.partition in wanted and run.queued_at >= since]

        def is_reported() -> bool:
            reports = recent("report_costs")
            if {run.partition for run in reports} != wanted or not all(run.ended for run in reports):
                return False
            runs = {dag_id: recent(dag_id) for dag_id in PIPELINE}
            return is_over(states(days, runs_of_days(days, runs, api.sources)))

        while not is_reported():
            time.sleep(1)
        seconds = time.monotonic() - began
        return seconds, [run for dag_id in PIPELINE for run in recent(dag_id)]

    def processes(self, runs: Sequence[DagRun]) -> int:
        """Return how many tasks of runs were processes: all but those that were skipped."""
        return sum(
            task["state"] == "success" for run in runs for task in self.operator.api.task_instances(run)
        )

    def run_empty_chain(self, length: int) -> tuple[float, float]:
        """Run so many tasks that do nothing, one after the other; return their CPU seconds and seconds."""
        file = self.stack.project / "dags" / f"{CHAIN_DAG}.py"
        file.write_text(CHAIN.replace("LENGTH", str(length)), encoding="utf-8")
        self.operator.wait_for_dags([CHAIN_DAG])
        time.sleep(SETTLE_SECONDS)
        before, began = self.cpu_seconds(), time.monotonic()
        self.operator.run_dag(CHAIN_DAG)
        return self.cpu_seconds() - before, time.monotonic() - began

    def wait_for_idleness(self) -> None:
        """Return when the Dags are read and the latest day, which Airflow runs by itself, has its reports."""
        self.operator.wait_for_dags(list(PIPELINE))
        self.operator.reports_of_day(datetime.now(UTC).date() - timedelta(days=1))
        time.sleep(SETTLE_SECONDS)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A stack of a copy of the project, to which a Dag of empty tasks can be added."""
    project = tmp_path / "project"
    left_out = shutil.ignore_patterns(".*", "tests", "docs", "__pycache__")
    shutil.copytree(PROJECT, project, ignore=left_out)
    with running_stack(tmp_path / "stack", project) as stack:
        up = stack.run("-m", "local.stack", "up", seconds=600)
        assert up.returncode == 0, up.stdout
        made = Bench(stack, Operator(stack.url("airflow"), stack.login))
        with made.operator.api:
            made.wait_for_idleness()
            yield made


def test_small_day(bench: Bench, tmp_path: Path) -> None:
    """A day of the sample of which everything is paid for, beside as many tasks that do nothing."""
    day = [date(2025, 1, 1)]
    bench.upload(day)
    bench.backfill(day)
    time.sleep(SETTLE_SECONDS)
    before, billed = bench.cpu_seconds(), bench.stack.calls()["billable"]
    wall, runs = bench.backfill(day)
    used, tasks = bench.cpu_seconds() - before, bench.processes(runs)
    empty, empty_wall = bench.run_empty_chain(tasks)
    figures = {
        "benchmark": "small_day",
        "cpu_seconds": round(used, 1),
        "seconds": round(wall, 1),
        "tasks": tasks,
        "empty_chain_cpu_seconds": round(empty, 1),
        "empty_chain_seconds": round(empty_wall, 1),
        "ratio": round(used / empty, 2),
        "imports": _imports(tmp_path),
    }
    print(json.dumps(figures))
    assert bench.stack.calls()["billable"] == billed
    assert {run.state for run in runs} == {"success"}


def _imports(home: Path) -> dict[str, Any]:
    """Return what each task imports: CPU seconds by itself and in the stack's executor, and its modules."""
    tasks = task_codes(*PIPELINE)
    cold, warm = measure(tasks, home), measure(tasks, home, warm=True)
    return {name: {**cold[name], "warm_seconds": warm[name]["seconds"]} for name in cold}


def test_backfill_20_days(bench: Bench) -> None:
    """Days over which the sample is spread, so that some have a file and the others none."""
    days = [date(2025, 2, 1) + timedelta(days=number) for number in range(DAYS)]
    bench.upload(days)
    before = bench.cpu_seconds()
    wall, runs = bench.backfill(days)
    used = bench.cpu_seconds() - before
    reports = [run for run in runs if run.dag_id == "report_costs"]
    figures = {
        "benchmark": "backfill_20_days",
        "days": DAYS,
        "seconds": round(wall, 1),
        "cpu_seconds": round(used, 1),
        "reports": len(reports),
        "days_reported": len({run.partition for run in reports}),
        "runs": len(runs),
    }
    print(json.dumps(figures))
    published = bench.stack.client("glue").get_partitions(DatabaseName="media_lake", TableName="costs_daily")
    assert {str(day) for day in days} <= {part["Values"][0] for part in published["Partitions"]}
    assert {run.state for run in runs} == {"success"}
