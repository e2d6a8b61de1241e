"""What an operator does in Airflow's UI, by its REST API: start Dags, wait for runs, look into them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

import httpx

from local.stack.airflow_api import AirflowApi, DagRun
from local.stack.pipeline import PIPELINE, started_by

WAIT_SECONDS = 240
# Nobody reads and answers faster. If a task goes on before the executor has reported the end of the process
# that asked, Airflow 3.3.2 takes its state for changed from outside, and tries it again.
READING_SECONDS = 5
_FINISHED_TASKS = ("success", "failed", "upstream_failed", "skipped", "removed")


class Operator:
    """Somebody at a stack's Airflow.

    :param url: address of the api-server.
    :param login: for it.
    """

    def __init__(self, url: str, login: httpx.Auth) -> None:
        self.api = AirflowApi(url, login)
        self._url = f"{url}/api/v2"
        self._client = httpx.Client(auth=login, timeout=30, trust_env=False)

    def wait_for_dags(self, dag_ids: Collection[str]) -> None:
        """Return when Airflow has read these Dags."""
        until = time.monotonic() + WAIT_SECONDS
        while missing := set(dag_ids) - set(self.api.dags()):
            if time.monotonic() > until:
                raise TimeoutError(f"not read: {', '.join(sorted(missing))}; {self.api.import_errors()}")
            time.sleep(0.5)

    def run_dag(self, dag_id: str, **form: Any) -> DagRun:
        """Start a Dag with these values of its form, and return its run when it has ended."""
        return self.end_of(dag_id, self.start_dag(dag_id, **form))

    def start_dag(self, dag_id: str, **form: Any) -> str:
        """Start a Dag with these values of its form, and return the id of its run."""
        body = {"logical_date": None, "conf": form}
        reply = self._client.post(f"{self._url}/dags/{dag_id}/dagRuns", json=body)
        run_id: str = reply.raise_for_status().json()["dag_run_id"]
        return run_id

    def end_of(self, dag_id: str, run_id: str) -> DagRun:
        """Return a run when it has ended."""
        return self._wait(dag_id, lambda run: run.run_id == run_id, 1, run_id)[0]

    def answer(
        self, dag_id: str, run_id: str, task_id: str, map_index: int, option: str, **form: Any
    ) -> None:
        """Choose an option of a task that waits for a person."""
        instance = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{map_index}"
        body = {"chosen_options": [option], "params_input": form}
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            found = self._client.get(f"{self._url}/{instance}")
            if found.status_code == 200 and found.json()["state"] == "awaiting_input":
                time.sleep(READING_SECONDS)
                url = f"{self._url}/{instance}/hitlDetails"
                self._client.patch(url, json=body).raise_for_status()
                return
            time.sleep(0.5)
        raise TimeoutError(f"{task_id}[{map_index}] of {run_id} asks nobody")

    def runs_of_day(self, dag_id: str, day: object, count: int = 1) -> list[DagRun]:
        """Return a Dag's runs of a day, newest first, when there are so many at least and all have ended."""
        return self._wait(dag_id, lambda run: run.partition == str(day), count, str(day))

    def reports_of_day(self, day: object) -> list[DagRun]:
        """Return a day's reports, newest first.

        Waits until the newest run of each kind of media has led to one, and all have ended.
        """
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            published = [self.runs_of_day(dag_id, day)[0] for dag_id in PIPELINE["report_costs"]]
            reports = self.runs_of_day("report_costs", day)
            if started_by(published, reports, self.api.sources):
                return reports
            time.sleep(1)
        raise TimeoutError(f"what was published of {day} is in no report")

    def states(self, run: DagRun) -> dict[str, str | None]:
        """Return the state of each task of a run; mapped tasks have one instance at most."""
        return {task["task_id"]: task["state"] for task in self.api.task_instances(run)}

    def returned(self, run: DagRun, task_id: str) -> Any:
        """Return what a task left as its XCom."""
        path = f"{self._url}/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}/xcomEntries"
        reply = self._client.get(f"{path}/return_value", params={"deserialize": True})
        return reply.raise_for_status().json()["value"]

    def failures(self, run: DagRun) -> dict[str, list[str]]:
        """Return each task that failed, and the errors in the log of its last attempt."""
        return {
            f"{task['task_id']}[{task['map_index']}]": self._errors(run, task)
            for task in self.api.task_instances(run)
            if task["state"] == "failed"
        }

    def _errors(self, run: DagRun, task: dict[str, Any]) -> list[str]:
        path = f"{self._url}/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task['task_id']}"
        reply = self._client.get(
            f"{path}/logs/{task['try_number']}",
            params={"map_index": task["map_index"]},
            headers={"Accept": "application/json"},
        )
        lines = reply.raise_for_status().json()["content"]
        return [
            " | ".join([line["event"], *(detail["exc_value"] for detail in line.get("error_detail") or [])])
            for line in lines
            if line.get("level") in ("error", "critical")
        ]

    def _wait(self, dag_id: str, chosen: Callable[[DagRun], bool], count: int, name: str) -> list[DagRun]:
        """Return the chosen runs when there are so many and all have ended.

        :param name: of what is waited for, in the error.
        :raises TimeoutError: after ``WAIT_SECONDS``; names the runs and tasks that are unfinished.
        """
        until = time.monotonic() + WAIT_SECONDS
        while True:
            runs = [run for run in self.api.runs(dag_id) if chosen(run)]
            if len(runs) >= count and all(run.ended for run in runs):
                return runs
            if time.monotonic() > until:
                unfinished = "; ".join(self._describe(run) for run in runs if not run.ended)
                raise TimeoutError(
                    f"{dag_id} {name}: {len(runs)} of {count} runs after {WAIT_SECONDS} s; "
                    f"unfinished: {unfinished or '-'}"
                )
            time.sleep(1)

    def _describe(self, run: DagRun) -> str:
        tasks = [task for task in self.api.task_instances(run) if task["state"] not in _FINISHED_TASKS]
        states = ", ".join(f"{task['task_id']}[{task['map_index']}] {task['state']}" for task in tasks)
        return f"{run.run_id} is {run.state} ({states or 'no unfinished task'})"
