"""The client of Airflow's REST API, against a server of canned answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx
import pytest

from local.stack.airflow_api import AirflowApi, Dag, DagRun

Handler = Callable[[httpx.Request], httpx.Response]


def api(handler: Handler, retry_seconds: float = 5) -> AirflowApi:
    return AirflowApi("http://airflow", None, retry_seconds, httpx.MockTransport(handler))


def a_run(number: int) -> dict[str, object]:
    return {
        "dag_run_id": f"run-{number}",
        "run_type": "backfill",
        "partition_key": "2026-11-20",
        "state": "running",
        "queued_at": "2026-11-22T20:46:11.339270Z",
        "end_date": None,
    }


def test_pages_are_read_to_the_end() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        runs = [a_run(number) for number in range(250)][offset : offset + limit]
        return httpx.Response(200, json={"dag_runs": runs, "total_entries": 250})

    runs = api(handler).runs("discover_media")
    assert [run.run_id for run in runs] == [f"run-{number}" for number in range(250)]
    assert runs[0].queued_at == datetime(2026, 11, 22, 20, 46, 11, 339270, UTC)
    assert not runs[0].ended


def test_dags_say_when_they_are_due() -> None:
    dags = [
        {"dag_id": "a", "is_paused": True, "next_dagrun_run_after": "2026-11-23T00:00:00Z"},
        {"dag_id": "b", "is_paused": False, "next_dagrun_run_after": None},
    ]
    found = api(lambda _: httpx.Response(200, json={"dags": dags, "total_entries": 2})).dags()
    assert found == {"a": Dag("a", True, datetime(2026, 11, 23, tzinfo=UTC)), "b": Dag("b", False, None)}


def test_a_backfill_covers_whole_days_and_runs_them_again() -> None:
    sent: list[dict[str, object]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={})

    api(handler).create_backfill("discover_media", date(2026, 11, 19), date(2026, 11, 21), 3)
    assert sent == [
        {
            "dag_id": "discover_media",
            "from_date": "2026-11-19T00:00:00Z",
            "to_date": "2026-11-21T23:59:59Z",
            "reprocess_behavior": "completed",
            "max_active_runs": 3,
        }
    ]


def test_a_refusal_is_raised() -> None:
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        api(lambda _: httpx.Response(409)).create_backfill("d", date(2026, 11, 19), date(2026, 11, 19), 1)


def test_a_server_that_is_away_or_fails_is_asked_again() -> None:
    calls = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise httpx.ConnectError("refused", request=request)
        if calls == 2:
            return httpx.Response(503)
        return httpx.Response(
            200, json={"backfills": [{"completed_at": None}, {"completed_at": "2026-11-22"}]}
        )

    assert api(handler).open_backfills("discover_media") == 1
    assert calls == 3


def test_a_server_that_stays_away_is_given_up() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(httpx.ConnectError):
        api(handler, retry_seconds=0).open_backfills("discover_media")


def test_a_component_without_a_status_is_unreachable() -> None:
    content = {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": "unhealthy"},
        "triggerer": {"status": None},
    }
    assert api(lambda _: httpx.Response(200, json=content)).health() == {
        "metadatabase": "healthy",
        "scheduler": "unhealthy",
        "dag_processor": "unreachable",
        "triggerer": "unreachable",
    }


def test_what_started_a_run_is_unknown_while_airflow_cannot_say() -> None:
    run = DagRun(
        "report_costs", "r", "asset_triggered", "2026-11-20", "queued", datetime(2026, 11, 22, tzinfo=UTC)
    )
    assert api(lambda _: httpx.Response(500)).sources(run) == set()
    events = {"asset_events": [{"source_run_id": "i"}, {"source_run_id": "v"}]}
    assert api(lambda _: httpx.Response(200, json=events)).sources(run) == {"i", "v"}
