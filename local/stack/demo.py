"""``make demo``: load media, run the pipeline over them by a backfill, and show the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import boto3
import httpx
from rich.console import Console
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from include.core.lake import load_lake
from include.core.settings import load_settings
from local.stack.airflow_api import AirflowApi, DagRun
from local.stack.lifecycle import up
from local.stack.login import AirflowLogin
from local.stack.media_upload import complete_days, plan_uploads, upload
from local.stack.people import COLLECTION, index_people
from local.stack.pipeline import FIRST_DAG, PIPELINE, Cell, State, is_over, runs_of_days, states
from local.stack.progress import Progress, state_table
from local.stack.stack_settings import StackError, StackSettings
from local.stack.summary import print_summary

PARSE_SECONDS = 120
EARLIER_RUNS_SECONDS = 600
RUNS_AT_ONCE = 8


def demo(stack: StackSettings, media: Path, days: int, console: Console) -> int:
    """Run the demonstration.

    :param media: folder of images and videos.
    :param days: number of days that the media are spread over.
    :return: exit status, 1 if a run failed.
    :raises StackError: if the stack does not start, or a step takes too long.
    """
    settings = load_settings()
    if isinstance(settings.lake_file, str):
        raise StackError("the demo reads lake.yaml before its S3 is up; let MEDIA_LAKE_LAKE_FILE name a file")
    source = load_lake(settings.lake_file).sources[0]
    backfilled = complete_days(datetime.now(UTC).date(), days)
    uploads = plan_uploads(media, source, backfilled)
    up(stack, console.print)

    with AirflowApi(stack.airflow_url, AirflowLogin(stack.folder)) as api:
        _wait_for_dags(api)
        console.print("waiting for runs of these days that Airflow started by itself")
        _wait_for_earlier_runs(api, backfilled)
        if added := index_people(boto3.client("rekognition", region_name=settings.region), source):
            console.print(
                f"indexed the faces of {' and '.join(added)} in collection {COLLECTION}", markup=False
            )
        bucket = source.bucket or settings.bucket
        upload(boto3.client("s3"), bucket, uploads)
        console.print(
            f"uploaded {len(uploads)} files to s3://{bucket}/{source.prefix} "
            f"for {backfilled[0]} to {backfilled[-1]}",
            markup=False,
        )
        began = datetime.now(UTC)
        _create_backfill(api, backfilled)
        console.print(f"backfilling {FIRST_DAG} over these days; watch it at {stack.airflow_url}")
        runs, board = _follow(api, backfilled, began, stack.run_timeout_seconds, console)
        console.print(state_table(backfilled, board))
        for run in runs.values():
            if run.state == "failed":
                _explain_failure(api, run, stack, console)
    print_summary(stack, settings, backfilled, {run.run_id for run in runs.values()}, console)
    return 0 if all(state == "success" for state in board.values()) else 1


def _wait_for_dags(api: AirflowApi) -> None:
    """Wait until Airflow has parsed all Dags, and unpause them."""

    def parsed() -> bool:
        dags = api.dags()
        if errors := api.import_errors():
            name, error = next(iter(errors.items()))
            raise StackError(f"{name} cannot be imported: {error.strip().splitlines()[-1]}")
        if set(PIPELINE) - set(dags):
            return False
        for dag_id in PIPELINE:
            if dags[dag_id].paused:
                api.unpause(dag_id)
        return True

    _wait(parsed, PARSE_SECONDS, "Airflow has not read the Dags; see the log of airflow-dag-processor")


def _wait_for_earlier_runs(api: AirflowApi, days: Sequence[date]) -> None:
    """Wait until no run of these days is due or active: Airflow does not backfill a day with an active run.

    A new stack has such a run: Airflow starts a Dag's latest day as soon as it has read the Dag.
    """

    def idle() -> bool:
        due_at = api.dags()[FIRST_DAG].due_at
        if api.open_backfills(FIRST_DAG) or (due_at and due_at <= datetime.now(UTC)):
            return False
        runs = runs_of_days(days, {dag_id: api.runs(dag_id) for dag_id in PIPELINE}, api.sources)
        run_before = [day for day in days if (FIRST_DAG, day) in runs]
        return is_over(states(run_before, runs))

    _wait(idle, EARLIER_RUNS_SECONDS, "earlier runs of these days have not ended; look at them in the UI")


def _create_backfill(api: AirflowApi, days: Sequence[date]) -> None:
    """Create the backfill.

    Airflow refuses until it has closed the one before, some time after that one's runs.
    """
    for attempt in Retrying(
        retry=retry_if_exception(_is_conflict), stop=stop_after_delay(60), wait=wait_fixed(1), reraise=True
    ):
        with attempt:
            api.create_backfill(FIRST_DAG, days[0], days[-1], min(len(days), RUNS_AT_ONCE))


def _is_conflict(error: BaseException) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.CONFLICT


def _follow(
    api: AirflowApi, days: Sequence[date], began: datetime, limit: float, console: Console
) -> tuple[dict[Cell, DagRun], dict[Cell, State]]:
    """Show progress until every run of the backfill has ended; return the runs and their states."""
    runs: dict[Cell, DagRun] = {}
    board: dict[Cell, State] = {}
    with Progress(console, days) as progress:

        def over() -> bool:
            nonlocal runs, board
            created = {
                dag_id: [run for run in api.runs(dag_id) if run.queued_at >= began] for dag_id in PIPELINE
            }
            created[FIRST_DAG] = [run for run in created[FIRST_DAG] if run.run_type == "backfill"]
            runs = runs_of_days(days, created, api.sources)
            board = states(days, runs)
            progress.show(board)
            return is_over(board)

        _wait(over, limit, "the runs have not ended; look at them in the UI")
    return runs, board


def _explain_failure(api: AirflowApi, run: DagRun, stack: StackSettings, console: Console) -> None:
    """Print the failed tasks of a run and the addresses of their logs."""
    for task in api.task_instances(run):
        if task["state"] != "failed":
            continue
        mapped = f"/mapped/{task['map_index']}" if task["map_index"] >= 0 else ""
        place = (
            f"{stack.airflow_url}/dags/{run.dag_id}/runs/{quote(run.run_id)}/tasks/{task['task_id']}{mapped}"
        )
        console.print(
            f"failed: {run.dag_id} {run.partition} task {task['task_id']}; its log: {place}", markup=False
        )


def _wait(condition: Callable[[], bool], seconds: float, complaint: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"{complaint} (waited {seconds:.0f} s)")
        time.sleep(1)
