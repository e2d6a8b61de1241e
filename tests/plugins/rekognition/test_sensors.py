from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import DAG
from airflow.sdk.exceptions import TaskDeferred
from botocore import xform_name
from botocore.stub import Stubber

from rekognition.hooks import VIDEO_JOBS
from rekognition.sensors import RekognitionVideoJobCompletedSensor

REQUEST = {"JobId": "j-1", "MaxResults": 1}


def make_sensor(operation: str = "GetTextDetection", **kwargs: Any) -> RekognitionVideoJobCompletedSensor:
    return RekognitionVideoJobCompletedSensor(
        task_id="wait", job_id="j-1", operation=operation, poke_interval=0, **kwargs
    )


@pytest.mark.parametrize("operation", VIDEO_JOBS)
@pytest.mark.parametrize(
    ("state", "complete"),
    [
        *((state, False) for state in RekognitionVideoJobCompletedSensor.INTERMEDIATE_STATES),
        *((state, True) for state in RekognitionVideoJobCompletedSensor.SUCCESS_STATES),
    ],
)
def test_poke(operation: str, state: str, complete: bool) -> None:
    sensor = make_sensor(operation)
    with Stubber(sensor.hook.conn) as stub:
        stub.add_response(xform_name(operation), {"JobStatus": state}, REQUEST)
        assert sensor.poke({}) is complete


@pytest.mark.parametrize("operation", VIDEO_JOBS)
@pytest.mark.parametrize("state", RekognitionVideoJobCompletedSensor.FAILURE_STATES)
def test_poke_of_a_failed_job_raises_what_aws_says(operation: str, state: str) -> None:
    sensor = make_sensor(operation)
    with Stubber(sensor.hook.conn) as stub:
        stub.add_response(xform_name(operation), {"JobStatus": state, "StatusMessage": "bad codec"}, REQUEST)
        with pytest.raises(
            AirflowException, match=f"{sensor.FAILURE_MESSAGE} {operation}: job j-1: bad codec"
        ):
            sensor.poke({})


def test_execute_pokes_until_the_job_is_complete(task_context: Any) -> None:
    sensor = make_sensor(deferrable=False)
    with Stubber(sensor.hook.conn) as stub:
        for state in ("IN_PROGRESS", "SUCCEEDED"):
            stub.add_response("get_text_detection", {"JobStatus": state}, REQUEST)
        sensor.execute(task_context.for_try(1))
        stub.assert_no_pending_responses()


def test_execute_defers(task_context: Any) -> None:
    sensor = RekognitionVideoJobCompletedSensor(
        task_id="wait",
        job_id="j-1",
        operation="GetTextDetection",
        poke_interval=20,
        max_retries=9,
        timeout=600,
        region_name="eu-west-1",
        deferrable=True,
    )
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(task_context.for_try(1))
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout == timedelta(seconds=600)
    classpath, arguments = deferred.value.trigger.serialize()
    assert classpath == "rekognition.triggers.RekognitionVideoJobCompletedTrigger"
    assert arguments == {
        "job_id": "j-1",
        "operation": "GetTextDetection",
        "waiter_delay": 20,
        "waiter_max_attempts": 9,
        "aws_conn_id": "aws_default",
        "region_name": "eu-west-1",
    }


def test_execute_complete() -> None:
    sensor = make_sensor()
    sensor.execute_complete({}, {"status": "success", "job_id": "j-1"})
    with pytest.raises(AirflowException, match=f"{sensor.FAILURE_MESSAGE} bad codec"):
        sensor.execute_complete({}, {"status": "error", "message": "bad codec", "job_id": "j-1"})
    with pytest.raises(AirflowException, match="event is None"):
        sensor.execute_complete({}, None)


def test_template_fields() -> None:
    with DAG("templates", schedule=None):
        sensor = RekognitionVideoJobCompletedSensor(
            task_id="wait", job_id="{{ params.value }}", operation="{{ params.value }}"
        )
    sensor.render_template_fields({"params": {"value": "rendered"}})
    assert (sensor.job_id, sensor.operation) == ("rendered", "rendered")
    assert set(sensor.template_fields) == {"aws_conn_id", "job_id", "operation", "region_name", "verify"}
