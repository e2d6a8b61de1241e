"""Dags with a Custom Labels model as setup and teardown; ``run.py`` runs each of them once."""

from __future__ import annotations

from airflow.sdk import DAG, task

from rekognition.operators import (
    RekognitionStartProjectVersionOperator,
    RekognitionStopProjectVersionOperator,
)
from rekognition.sensors import RekognitionProjectVersionStateSensor

MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/crates/version/v1/1763600000000"


def build(dag_id: str, *, analysis_fails: bool = False, deferrable: bool = False, checks: int = 60) -> DAG:
    """
    Return a Dag that starts a model, waits for it, uses it and stops it.

    :param checks: how often the deferred sensor looks at the model before it gives up.
    """
    with DAG(dag_id, schedule=None) as dag:
        start = RekognitionStartProjectVersionOperator(
            task_id="start_model", project_version_arn=MODEL
        ).as_setup()
        running = RekognitionProjectVersionStateSensor(
            task_id="model_is_running",
            project_version_arn=MODEL,
            poke_interval=0.01,
            max_retries=checks,
            deferrable=deferrable,
        )

        @task
        def analyze() -> None:
            if analysis_fails:
                raise RuntimeError("the analysis fails")

        stop = RekognitionStopProjectVersionOperator(
            task_id="stop_model", project_version_arn=MODEL, waiter_delay=0, deferrable=deferrable
        ).as_teardown(setups=start)
        start >> running >> analyze() >> stop
    return dag


all_is_well = build("all_is_well")
analysis_fails = build("analysis_fails", analysis_fails=True, deferrable=True)
model_fails = build("model_fails")
model_is_slow = build("model_is_slow", deferrable=True, checks=2)
