"""A client of Airflow's REST API, with the requests that the stack and the demonstration need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Self

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

PAGE = 100
RunState = Literal["queued", "running", "success", "failed"]


@dataclass(frozen=True)
class Dag:
    """A Dag that Airflow has read.

    :param due_at: when its next scheduled run is due; None if it has no schedule by time.
    """

    dag_id: str
    paused: bool
    due_at: datetime | None


@dataclass(frozen=True)
class DagRun:
    """A run of a Dag.

    :param partition: the day that it is about.
    :param queued_at: when it was created.
    :param ended_at: when it ended; None as long as it has not.
    """

    dag_id: str
    run_id: str
    run_type: str
    partition: str | None
    state: RunState
    queued_at: datetime
    ended_at: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.state in ("success", "failed")


class AirflowApi:
    """Airflow's REST API, version 2.

    :param url: address of the api-server.
    :param login: adds what the server asks for to each request; None asks for its health only.
    :param retry_seconds: how long requests are repeated while the server restarts.
    """

    def __init__(
        self,
        url: str,
        login: httpx.Auth | None,
        retry_seconds: float = 60,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = httpx.Client(
            base_url=url, auth=login, timeout=30, trust_env=False, transport=transport
        )
        self._retry_seconds = retry_seconds
        self._sources: dict[tuple[str, str], set[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    def health(self) -> dict[str, str]:
        """Return the status of each component: ``healthy`` or not, ``unreachable`` if the server is."""
        try:
            response = self._client.get("/api/v2/monitor/health", auth=None, timeout=5)
            response.raise_for_status()
            content = response.json()
        except (httpx.HTTPError, ValueError):
            content = {}
        names = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return {name: (content.get(name) or {}).get("status") or "unreachable" for name in names}

    def dags(self) -> dict[str, Dag]:
        """Return the Dags that Airflow has parsed, by id."""
        return {
            dag["dag_id"]: Dag(dag["dag_id"], dag["is_paused"], _moment(dag["next_dagrun_run_after"]))
            for dag in self._pages("/api/v2/dags", "dags")
        }

    def unpause(self, dag_id: str) -> None:
        self._request("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def import_errors(self) -> dict[str, str]:
        """Return the error of each Dag file that cannot be imported."""
        return {
            error["filename"]: error["stack_trace"]
            for error in self._pages("/api/v2/importErrors", "import_errors")
        }

    def create_pool(self, name: str, definition: dict[str, Any]) -> None:
        """Create a pool, unless one of this name exists.

        :param definition: members of the pool, as in a file for ``airflow pools import``.
        """
        try:
            self._request("POST", "/api/v2/pools", json={"name": name, **definition})
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.CONFLICT:
                raise

    def create_backfill(self, dag_id: str, first: date, last: date, max_active_runs: int) -> None:
        """Run a Dag for each day from ``first`` to ``last``, both included; days that have a run get another.

        :raises httpx.HTTPStatusError: if Airflow refuses: with status 409 while another backfill of the Dag
            is open.
        """
        body = {
            "dag_id": dag_id,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T23:59:59Z",
            "reprocess_behavior": "completed",
            "max_active_runs": max_active_runs,
        }
        self._request("POST", "/api/v2/backfills", json=body)

    def open_backfills(self, dag_id: str) -> int:
        """Return the number of a Dag's backfills that are not complete."""
        content = self._request("GET", "/api/v2/backfills", params={"dag_id": dag_id, "limit": PAGE})
        return sum(backfill["completed_at"] is None for backfill in content["backfills"])

    def runs(self, dag_id: str) -> list[DagRun]:
        """Return the runs of a Dag, newest first."""
        return [
            DagRun(
                dag_id,
                run["dag_run_id"],
                run["run_type"],
                run["partition_key"],
                run["state"],
                datetime.fromisoformat(run["queued_at"]),
                _moment(run["end_date"]),
            )
            for run in self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", {"order_by": "-id"})
        ]

    def sources(self, run: DagRun) -> set[str]:
        """Return the ids of the runs whose asset events started a run, none while Airflow cannot tell.

        Airflow 3.3.2 answers with status 500 while another run that the same events started is still queued.
        Once it has answered, it is not asked again.
        """
        name = run.dag_id, run.run_id
        if not self._sources.get(name):
            self._sources[name] = self._ask_sources(run)
        return self._sources[name]

    def _ask_sources(self, run: DagRun) -> set[str]:
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/upstreamAssetEvents"
        try:
            events = self._request("GET", path)["asset_events"]
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                raise
            return set()
        return {event["source_run_id"] for event in events}

    def task_instances(self, run: DagRun) -> list[dict[str, Any]]:
        """Return the task instances of a run as Airflow describes them."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return list(self._pages(path, "task_instances"))

    def _pages(
        self, path: str, member: str, params: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            content = self._request("GET", path, params={**(params or {}), "limit": PAGE, "offset": offset})
            yield from content[member]
            offset += PAGE
            if offset >= content["total_entries"]:
                return

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request, and repeat it while the server is away: repeating does no harm with any of them."""
        for attempt in Retrying(
            retry=retry_if_exception(_is_outage),
            stop=stop_after_delay(self._retry_seconds),
            wait=wait_fixed(0.5),
            reraise=True,
        ):
            with attempt:
                response = self._client.request(method, path, **arguments)
                response.raise_for_status()
        return response.json()


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE)
    return isinstance(error, httpx.TransportError)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
