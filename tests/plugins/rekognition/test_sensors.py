from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import DAG
from airflow.sdk.exceptions import TaskDeferred
from botocore import xform_name
from botocore.stub import Stubber

from rekognition.hooks import PROJECT_VERSION_TARGETS, VIDEO_JOBS
from rekognition.sensors import RekognitionProjectVersionStateSensor, RekognitionVideoJobCompletedSensor

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


STATES = [
    (target.state, state, complete)
    for target in PROJECT_VERSION_TARGETS.values()
    for complete, states in ((True, target.success_states), (False, target.intermediate_states))
    for state in states
]


@pytest.fixture
def model(project_version_arn: str, project_arn: str) -> Any:
    """Make a sensor, and a stub whose model has the given states."""

    def make(*states: str, **kwargs: Any) -> tuple[RekognitionProjectVersionStateSensor, Stubber]:
        arguments: dict[str, Any] = {"poke_interval": 0, **kwargs}
        sensor = RekognitionProjectVersionStateSensor(
            task_id="wait", project_version_arn=project_version_arn, **arguments
        )
        stub = Stubber(sensor.hook.conn)
        stub.add_response("describe_projects", {"ProjectDescriptions": [{"ProjectArn": project_arn}]})
        for state in states:
            version = {
                "ProjectVersionArn": project_version_arn,
                "Status": state,
                "StatusMessage": "no capacity",
            }
            stub.add_response(
                "describe_project_versions",
                {"ProjectVersionDescriptions": [version]},
                {"ProjectArn": project_arn, "VersionNames": ["crates.2026-11-20"]},
            )
        stub.activate()
        return sensor, stub

    return make


@pytest.mark.parametrize(("target_state", "state", "complete"), STATES)
def test_poke_of_a_model(model: Any, target_state: str, state: str, complete: bool) -> None:
    sensor, _ = model(state, target_state=target_state)
    assert sensor.poke({}) is complete


@pytest.mark.parametrize("state", PROJECT_VERSION_TARGETS["RUNNING"].failure_states)
def test_poke_of_a_model_that_will_not_run(model: Any, state: str, project_version_arn: str) -> None:
    sensor, _ = model(state)
    with pytest.raises(
        AirflowException,
        match=f"{sensor.FAILURE_MESSAGE} Model {project_version_arn} is {state}: no capacity",
    ):
        sensor.poke({})


def test_project_is_looked_up_once(model: Any, task_context: Any) -> None:
    sensor, stub = model("STOPPED", "STARTING", "RUNNING", deferrable=False)
    sensor.execute(task_context.for_try(1))
    stub.assert_no_pending_responses()


def test_model_sensor_defers(
    model: Any, task_context: Any, project_version_arn: str, project_arn: str
) -> None:
    sensor, _ = model(
        target_state="STOPPED",
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
    assert classpath == "rekognition.triggers.RekognitionProjectVersionStateTrigger"
    assert arguments == {
        "project_version_arn": project_version_arn,
        "project_arn": project_arn,
        "target_state": "STOPPED",
        "waiter_delay": 20,
        "waiter_max_attempts": 9,
        "aws_conn_id": "aws_default",
        "region_name": "eu-west-1",
    }


@pytest.mark.parametrize("deferrable", [False, True])
def test_unknown_target_state_is_named(model: Any, task_context: Any, deferrable: bool) -> None:
    sensor, _ = model(target_state="TRAINED", deferrable=deferrable)
    with pytest.raises(ValueError, match="'TRAINED' is not one of the states to wait for"):
        sensor.execute(task_context.for_try(1))


def test_execute_complete_of_the_model_sensor(model: Any, project_version_arn: str) -> None:
    sensor, _ = model()
    sensor.execute_complete({}, {"status": "success", "project_version_arn": project_version_arn})
    with pytest.raises(AirflowException, match=f"{sensor.FAILURE_MESSAGE} no capacity"):
        sensor.execute_complete({}, {"status": "error", "message": "no capacity"})
    with pytest.raises(AirflowException, match="event is None"):
        sensor.execute_complete({}, None)


def test_template_fields_of_the_model_sensor() -> None:
    with DAG("templates", schedule=None):
        sensor = RekognitionProjectVersionStateSensor(
            task_id="wait", project_version_arn="{{ params.value }}", target_state="{{ params.value }}"
        )
    sensor.render_template_fields({"params": {"value": "rendered"}})
    assert (sensor.project_version_arn, sensor.target_state) == ("rendered", "rendered")
    assert set(sensor.template_fields) == {
        "aws_conn_id",
        "project_version_arn",
        "region_name",
        "target_state",
        "verify",
    }
