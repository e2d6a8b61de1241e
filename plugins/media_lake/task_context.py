"""What the running task works with: settings, AWS through Airflow's connection, and its Dag run."""

from __future__ import annotations

from airflow.sdk import get_current_context

from include.core.run import Run
from include.core.settings import load_settings
from include.store.workspace import Deployment, Workspace
from media_lake.aws_clients import ConnectionClients


def task_deployment() -> Deployment:
    """Return what a task works with that is about no day."""
    settings = load_settings()
    return Deployment(settings, ConnectionClients(settings))


def task_workspace(day: str | None = None) -> Workspace:
    """Return what a task works with that is about a day.

    :param day: day of the lake; None for the run's partition key.
    :raises include.core.run.PartitionError: if the run has no partition key, and no day is given.
    """
    settings = load_settings()
    dag_run = get_current_context()["dag_run"]
    run = Run(settings.bucket, dag_run.dag_id, dag_run.run_id, day or dag_run.partition_key or "")
    return Workspace(run, settings, ConnectionClients(settings))
