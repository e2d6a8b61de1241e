"""Days of a small lake on the real scheduler: media in, runs waited for, tables and payments checked."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from PIL import Image, ImageDraw, ImageFont

from include.analyze.image_analyzer import CHUNK_CALLS
from include.core.features import FEATURES, ImageCall, MediaType
from local.stack.airflow_api import AirflowApi, DagRun
from local.stack.pipeline import FIRST_DAG, PIPELINE, is_over, runs_of_days, states
from tests.end_to_end.conftest import Stack
from tests.end_to_end.relay import Relay
from tests.integration.video_runs import clip
from tools.query import run_query

BUCKET = "media-lake"
THREADS = 2
FILES: dict[MediaType, int] = {"image": 6, "video": 4}  # of a day; its images are two batches
ASKED: dict[MediaType, tuple[str, ...]] = {
    "image": ("labels", "moderation", "text"),
    "video": ("segments", "moderation"),
}
SETTINGS = {"MEDIA_LAKE_BATCH_SIZE": "9", "MEDIA_LAKE_IMAGE_THREADS": str(THREADS)}
CONFIGURATION = {
    "cost_centers": {"team": {"title": "Team"}},
    "sources": [
        {
            "name": "sample",
            "prefix": "raw/sample/",
            "cost_center": "team",
            "features": {kind: list(names) for kind, names in ASKED.items()},
        }
    ],
}
IMAGE_BATCHES, BATCH_CALLS = 2, 9
# What a task may pay for again if it is interrupted: what was in flight or not yet archived.
TWICE_PER_TASK = min(BATCH_CALLS, CHUNK_CALLS + THREADS * len(ASKED["image"]))
SETTLE_SECONDS = 480

_Runs = dict[str, list[DagRun]]


@dataclass
class Lake:
    """The stack under test.

    :ivar relays: by service, what its tasks reach Rekognition and the rest of AWS through.
    """

    stack: Stack
    api: AirflowApi
    relays: dict[str, Relay]
    _next_day: date = date(2025, 1, 1)

    def backfill(self, count: int = 1) -> tuple[list[date], datetime]:
        """Let media arrive on days of their own and backfill them; return the days and when that began."""
        days = [self._next_day + timedelta(days=number) for number in range(count)]
        self._next_day = days[-1] + timedelta(days=1)
        s3 = self.stack.client("s3")
        for day in days:
            for key, body in media(day):
                s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        began = datetime.now(UTC)
        self.create_backfill(days)
        return days, began

    def create_backfill(self, days: Sequence[date]) -> int:
        """Create a backfill; return how often Airflow refused because another was open."""
        return create_backfill(self.api, days, max_active_runs=len(days))

    def runs(self, days: Sequence[date]) -> _Runs:
        """Return the runs of these days by Dag, newest first."""
        wanted = {str(day) for day in days}
        return {dag: [run for run in self.api.runs(dag) if run.partition in wanted] for dag in PIPELINE}

    def settle(self, days: Sequence[date], began: datetime) -> None:
        """Wait until all runs of these days, and those that they cause, have ended; all must succeed.

        :param began: what ran before is not taken for the newest.
        """
        known: _Runs = {}

        def ended() -> bool:
            known.update(self.runs(days))
            recent = {dag: [run for run in runs if run.queued_at >= began] for dag, runs in known.items()}
            over = is_over(states(days, runs_of_days(days, recent, self.api.sources)))
            return over and all(run.ended for runs in known.values() for run in runs)

        try:
            wait_until(ended, "the runs have not ended", SETTLE_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._tasks_but(known, 'success')}") from None
        unfinished = self._tasks_but(known, "success", "skipped")
        assert (unfinished, {run.state for runs in known.values() for run in runs}) == ([], {"success"})

    def billed(self, days: Sequence[date], kind: MediaType) -> dict[tuple[str, str], int]:
        """Return how often Rekognition counted each file of these days as paid, by key and operation."""
        items = self.stack.calls()["images" if kind == "image" else "jobs"]
        places = tuple(_place(day) for day in days)
        return {
            (item["key"], item["operation"]): item["count"]
            for item in items
            if item["key"].startswith(places)
        }

    def requests(self, operation: str) -> int:
        """Return how often an operation was asked for, on all days."""
        return int(self.stack.calls()["requests"].get(operation, 0))

    def check(self, days: Sequence[date], interrupted: int = 0) -> int:
        """Assert that these days are done, published and paid once; return the image calls paid again.

        :param interrupted: attempts at tasks that were cut off, at most.
        """
        self._check_tables(days)
        calls, jobs = self.billed(days, "image"), self.billed(days, "video")
        assert (set(calls), set(jobs)) == (needed(days, "image"), needed(days, "video"))
        assert set(jobs.values()) == {1}
        again = sum(calls.values()) - len(calls)
        assert again <= interrupted * TWICE_PER_TASK, calls
        booked = self.rows(
            "SELECT media_type, count(DISTINCT analysis_key), count(*) FROM usage"
            f" WHERE NOT reused AND {within(days)} GROUP BY 1 ORDER BY 1"
        )
        assert [(kind, keys) for kind, keys, _ in booked] == [("image", len(calls)), ("video", len(jobs))]
        assert len(calls) <= booked[0][2] <= sum(calls.values())
        return again

    def tables(self, days: Sequence[date]) -> dict[str, list[str]]:
        """Return the rows of all tables about these days."""
        names = {table for asked in ASKED.values() for feature in asked for table in FEATURES[feature].tables}
        return {
            name: sorted(map(str, self.rows(f"SELECT * FROM {name} WHERE {within(days)}")))
            for name in names | {"media_assets", "analyses"}
        }

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        result = run_query(self.stack.client("athena"), sql, "media_lake", "media-lake")
        return [tuple(row) for row in result.rows]

    def _check_tables(self, days: Sequence[date]) -> None:
        """Assert that each file and analysis is there once, and each finding as its analysis counts it."""
        assets = self.rows(
            "SELECT dt, media_type, status, count(*), count(DISTINCT media_id), count(DISTINCT key)"
            f" FROM media_assets WHERE {within(days)} GROUP BY 1, 2, 3"
        )
        assert set(assets) == {
            (str(day), kind, "analyzed", n, n, n) for day in days for kind, n in FILES.items()
        }
        analyses = self.rows(
            "SELECT dt, media_type, feature, count(*), count(DISTINCT media_id),"
            " sum(CASE WHEN status IN ('succeeded', 'reused') THEN 1 ELSE 0 END)"
            f" FROM analyses WHERE {within(days)} GROUP BY 1, 2, 3"
        )
        assert set(analyses) == {
            (str(day), kind, feature, n, n, n)
            for day in days
            for kind, n in FILES.items()
            for feature in ASKED[kind]
        }
        for feature in {name for names in ASKED.values() for name in names}:
            self._check_findings(feature, days)

    def _check_findings(self, feature: str, days: Sequence[date]) -> None:
        (table,) = FEATURES[feature].tables
        said = f"SELECT media_id, findings FROM analyses WHERE feature = '{feature}' AND {within(days)}"
        found = f"SELECT media_id, count(*) AS n FROM {table} WHERE {within(days)} GROUP BY 1"
        wrong = "CASE WHEN coalesce(found.n, 0) <> coalesce(said.findings, 0) THEN 1 ELSE 0 END"
        (sums,) = self.rows(
            f"SELECT sum({wrong}), sum(findings) FROM ({said}) AS said"
            f" FULL JOIN ({found}) AS found ON said.media_id = found.media_id"
        )
        ((distinct,),) = self.rows(
            f"SELECT count(*) FROM (SELECT DISTINCT * FROM {table} WHERE {within(days)}) AS t"
        )
        assert sums == (0, distinct), table
        assert (distinct > 0) == (feature != "moderation"), table

    def _tasks_but(self, runs: _Runs, *expected: str) -> list[str]:
        """Name the tasks that are in none of the expected states."""
        return [
            f"{run.dag_id} {run.partition} {task['task_id']}[{task['map_index']}] {task['state']}"
            for run in (run for each in runs.values() for run in each)
            for task in self.api.task_instances(run)
            if task["state"] not in expected
        ]


def create_backfill(api: AirflowApi, days: Sequence[date], max_active_runs: int) -> int:
    """Create a backfill as soon as Airflow does it; return how often it refused because another was open."""
    for refused in range(120):
        try:
            api.create_backfill(FIRST_DAG, days[0], days[-1], max_active_runs=max_active_runs)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.CONFLICT:
                raise
            time.sleep(1)
        else:
            return refused
    raise AssertionError("Airflow creates no other backfill")


def media(day: date) -> Iterator[tuple[str, bytes]]:
    """Yield key and content of a day's files, no two of which are the same."""
    for number in range(FILES["image"]):
        yield f"{_place(day)}{number}.png", _picture(f"{day.toordinal() % 1000:03d}{number:03d}")
    for number in range(FILES["video"]):
        yield f"{_place(day)}{number}.mp4", clip(day.toordinal() * 10 + number, seconds=1)


def needed(days: Sequence[date], kind: MediaType) -> set[tuple[str, str]]:
    """Return key and operation of all that has to be paid for."""
    calls = [FEATURES[feature].analysis(kind) for feature in ASKED[kind]]
    operations = [
        call.operation if isinstance(call, ImageCall) else call.start_operation for call in calls if call
    ]
    suffix = "png" if kind == "image" else "mp4"
    return {
        (f"{_place(day)}{number}.{suffix}", operation)
        for day in days
        for number in range(FILES[kind])
        for operation in operations
    }


def within(days: Sequence[date]) -> str:
    """Return the condition that selects these days."""
    return f"dt IN ({', '.join(repr(str(day)) for day in days)})"


def wait_until(condition: Callable[[], Any], complaint: str, seconds: float = 60, pause: float = 1) -> None:
    """Wait until a condition holds.

    :raises AssertionError: with the complaint, if it does not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{complaint} (waited {seconds:.0f} s)"
        time.sleep(pause)


def _place(day: date) -> str:
    return f"raw/sample/{day:%Y/%m/%d}/"


def _picture(text: str) -> bytes:
    """Return a blue sky with a text."""
    ramp = Image.linear_gradient("L").resize((160, 120))
    red, green, blue = (ramp.point(lambda value, least=least: least + value // 5) for least in (60, 120, 200))
    picture = Image.merge("RGB", (red, green, blue))
    ImageDraw.Draw(picture).text((20, 70), text, fill="white", font=ImageFont.load_default(36))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
