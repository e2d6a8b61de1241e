from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import DAG
from airflow.sdk.exceptions import TaskDeferred
from airflow.serialization.serialized_objects import DagSerialization
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from rekognition.hooks import PROJECT_VERSION_TARGETS
from rekognition.operators import (
    RekognitionStartProjectVersionOperator,
    RekognitionStopProjectVersionOperator,
)
from rekognition.triggers import RekognitionProjectVersionStateTrigger

NOT_RUNNING = sorted(set(PROJECT_VERSION_TARGETS["STOPPED"].success_states))

OperatorFactory = Callable[..., Any]

each_operator = pytest.mark.parametrize(
    "operator_class", [RekognitionStartProjectVersionOperator, RekognitionStopProjectVersionOperator]
)


class Model:
    """Answers of AWS about one model, in the order in which they have to be asked for."""

    def __init__(self, stub: Stubber, arn: str, project_arn: str) -> None:
        self._stub = stub
        self._arn = arn
        self._project_arn = project_arn

    def project(self) -> Model:
        answer = {"ProjectDescriptions": [{"ProjectArn": self._project_arn}]}
        self._stub.add_response("describe_projects", answer, {"ProjectNames": ["crates"]})
        return self

    def described(self, *states: str) -> Model:
        for state in states:
            version = {"ProjectVersionArn": self._arn, "Status": state, "StatusMessage": f"it is {state}"}
            self._stub.add_response(
                "describe_project_versions",
                {"ProjectVersionDescriptions": [version]},
                {"ProjectArn": self._project_arn, "VersionNames": ["crates.2026-11-20"]},
            )
        return self

    def vanished(self) -> Model:
        self._stub.add_response("describe_project_versions", {"ProjectVersionDescriptions": []})
        return self

    def started(self, **units: int) -> Model:
        request = {"ProjectVersionArn": self._arn, **(units or {"MinInferenceUnits": 1})}
        self._stub.add_response("start_project_version", {"Status": "STARTING"}, request)
        return self

    def stopped(self) -> Model:
        request = {"ProjectVersionArn": self._arn}
        self._stub.add_response("stop_project_version", {"Status": "STOPPING"}, request)
        return self

    def refused(self, method: str, code: str) -> Model:
        self._stub.add_client_error(method, code)
        return self

    def assert_all_asked(self) -> None:
        self._stub.assert_no_pending_responses()


@pytest.fixture
def make(project_version_arn: str, project_arn: str) -> OperatorFactory:
    """Return an operator and the model that it meets."""

    def run(operator_class: type, **kwargs: Any) -> tuple[Any, Model]:
        arguments: dict[str, Any] = {"waiter_delay": 0, "project_version_arn": project_version_arn, **kwargs}
        operator = operator_class(task_id="model", **arguments)
        stub = Stubber(operator.hook.conn)
        stub.activate()
        return operator, Model(stub, project_version_arn, project_arn)

    return run


@pytest.fixture
def start(make: OperatorFactory) -> OperatorFactory:
    return lambda **kwargs: make(RekognitionStartProjectVersionOperator, **kwargs)


@pytest.fixture
def stop(make: OperatorFactory) -> OperatorFactory:
    return lambda **kwargs: make(RekognitionStopProjectVersionOperator, **kwargs)


@pytest.mark.parametrize(
    ("wait_for_completion", "deferrable", "waits", "defers"),
    [(False, False, 0, 0), (True, False, 1, 0), (False, True, 0, 0), (True, True, 0, 1)],
)
@each_operator
def test_wait_and_defer(
    operator_class: type,
    wait_for_completion: bool,
    deferrable: bool,
    waits: int,
    defers: int,
    make: OperatorFactory,
    task_context: Any,
    project_version_arn: str,
) -> None:
    operator, model = make(operator_class, wait_for_completion=wait_for_completion, deferrable=deferrable)
    model.project()
    if operator_class is RekognitionStartProjectVersionOperator:
        model.described("STOPPED").started()
    else:
        model.described("RUNNING").stopped()
    with (
        mock.patch.object(operator.hook, "get_waiter") as get_waiter,
        mock.patch.object(operator, "defer") as defer,
    ):
        assert operator.execute(task_context.for_try(1)) == project_version_arn
    model.assert_all_asked()
    assert get_waiter.call_count == waits
    assert defer.call_count == defers


def test_defaults_are_those_of_setup_and_teardown(start: OperatorFactory, stop: OperatorFactory) -> None:
    assert start()[0].wait_for_completion is False
    assert stop()[0].wait_for_completion is True


@pytest.mark.parametrize(
    ("operator_class", "states", "target_state"),
    [
        (RekognitionStartProjectVersionOperator, ["STARTING"], "RUNNING"),
        (RekognitionStopProjectVersionOperator, ["STOPPING"], "STOPPED"),
    ],
)
def test_deferral_hands_everything_to_the_trigger(
    operator_class: type,
    states: list[str],
    target_state: str,
    make: OperatorFactory,
    task_context: Any,
    project_version_arn: str,
    project_arn: str,
) -> None:
    operator, model = make(
        operator_class,
        wait_for_completion=True,
        deferrable=True,
        waiter_delay=15,
        waiter_max_attempts=40,
        region_name="eu-west-1",
        verify=False,
        botocore_config={"read_timeout": 5},
    )
    model.project().described(*states)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(task_context.for_try(1))
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout == timedelta(seconds=15 * 40 + 60)
    trigger = deferred.value.trigger
    assert isinstance(trigger, RekognitionProjectVersionStateTrigger)
    assert trigger.serialize()[1] == {
        "project_version_arn": project_version_arn,
        "project_arn": project_arn,
        "target_state": target_state,
        "waiter_delay": 15,
        "waiter_max_attempts": 40,
        "aws_conn_id": "aws_default",
        "region_name": "eu-west-1",
        "verify": False,
        "botocore_config": {"read_timeout": 5},
    }


def test_start_with_more_units_and_wait(
    start: OperatorFactory, task_context: Any, project_version_arn: str
) -> None:
    operator, model = start(wait_for_completion=True, min_inference_units=2, max_inference_units=5)
    model.project().described("TRAINING_COMPLETED").started(MinInferenceUnits=2, MaxInferenceUnits=5)
    model.described("STARTING", "RUNNING")
    assert operator.execute(task_context.for_try(1)) == project_version_arn
    model.assert_all_asked()


@pytest.mark.parametrize("state", ["STARTING", "RUNNING"])
def test_retry_does_not_start_a_model_again(
    state: str, start: OperatorFactory, task_context: Any, project_version_arn: str
) -> None:
    operator, model = start()
    model.project().described(state)
    assert operator.execute(task_context.for_try(2)) == project_version_arn
    model.assert_all_asked()


def test_model_that_cannot_be_started_yet(start: OperatorFactory, task_context: Any) -> None:
    operator, model = start()
    model.project().described("STOPPING").refused("start_project_version", "ResourceInUseException")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        operator.execute(task_context.for_try(1))


def test_model_that_fails_to_start_says_why(
    start: OperatorFactory, task_context: Any, project_version_arn: str
) -> None:
    operator, model = start(wait_for_completion=True)
    model.project().described("STOPPED").started().described("STARTING", "FAILED")
    with pytest.raises(
        AirflowException, match=f"{project_version_arn} did not become RUNNING: FAILED - it is FAILED"
    ):
        operator.execute(task_context.for_try(1))


def test_model_that_is_deleted_meanwhile(start: OperatorFactory, task_context: Any) -> None:
    operator, model = start(wait_for_completion=True)
    model.project().described("STOPPED").started().vanished()
    with pytest.raises(AirflowException, match="did not become RUNNING: there is no such model"):
        operator.execute(task_context.for_try(1))


def test_stop_waits_until_the_model_is_stopped(
    stop: OperatorFactory, task_context: Any, project_version_arn: str
) -> None:
    operator, model = stop()
    model.project().described("RUNNING").stopped().described("STOPPING", "STOPPED")
    assert operator.execute(task_context.for_try(1)) == project_version_arn
    model.assert_all_asked()


@pytest.mark.parametrize("state", NOT_RUNNING)
def test_model_that_does_not_run_needs_no_stop(
    state: str, stop: OperatorFactory, task_context: Any, project_version_arn: str
) -> None:
    operator, model = stop()
    model.project().described(state)
    assert operator.execute(task_context.for_try(1)) == project_version_arn
    model.assert_all_asked()


def test_retry_waits_for_the_model_that_is_stopping(stop: OperatorFactory, task_context: Any) -> None:
    operator, model = stop()
    model.project().described("STOPPING", "STOPPING", "STOPPED")
    operator.execute(task_context.for_try(2))
    model.assert_all_asked()


@pytest.mark.parametrize("wait_for_completion", [False, True])
def test_model_that_is_starting_is_stopped_once_it_runs(
    wait_for_completion: bool, stop: OperatorFactory, task_context: Any
) -> None:
    operator, model = stop(wait_for_completion=wait_for_completion)
    model.project().described("STARTING", "STARTING", "RUNNING").described("RUNNING").stopped()
    if wait_for_completion:
        model.described("STOPPING", "STOPPED")
    operator.execute(task_context.for_try(1))
    model.assert_all_asked()


def test_model_that_fails_while_it_is_waited_for_needs_no_stop(
    stop: OperatorFactory, task_context: Any, project_version_arn: str
) -> None:
    operator, model = stop()
    model.project().described("STARTING", "FAILED").described("FAILED")
    assert operator.execute(task_context.for_try(1)) == project_version_arn
    model.assert_all_asked()


def test_model_that_never_gets_to_run_is_not_left_silently(stop: OperatorFactory, task_context: Any) -> None:
    operator, model = stop(waiter_max_attempts=2)
    model.project().described("STARTING", "STARTING", "STARTING").described("STARTING")
    model.refused("stop_project_version", "ResourceInUseException")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        operator.execute(task_context.for_try(1))
    model.assert_all_asked()


@pytest.mark.parametrize("status", ["success", "error"])
def test_deferred_stop_of_a_starting_model(status: str, stop: OperatorFactory, task_context: Any) -> None:
    """It defers until the model runs, asks to stop it, and defers until it is stopped."""
    operator, model = stop(deferrable=True)
    model.project().described("STARTING")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(task_context.for_try(1))
    assert deferred.value.method_name == "execute_started"
    assert deferred.value.trigger.serialize()[1]["target_state"] == "RUNNING"

    resumed, model = stop(deferrable=True)
    model.project().described("RUNNING").stopped()
    with pytest.raises(TaskDeferred) as deferred:
        resumed.execute_started(task_context.for_try(1), {"status": status, "message": "max attempts"})
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.trigger.serialize()[1]["target_state"] == "STOPPED"
    model.assert_all_asked()


def test_stop_that_aws_refuses_fails(stop: OperatorFactory, task_context: Any) -> None:
    operator, model = stop()
    model.project().described("RUNNING").refused("stop_project_version", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        operator.execute(task_context.for_try(1))


def test_model_that_does_not_stop_fails(stop: OperatorFactory, task_context: Any) -> None:
    operator, model = stop(waiter_max_attempts=2)
    model.project().described("RUNNING").stopped().described("STOPPING", "STOPPING")
    with pytest.raises(AirflowException, match="max attempts reached"):
        operator.execute(task_context.for_try(1))


@each_operator
def test_malformed_arn_is_named(operator_class: type, make: OperatorFactory, task_context: Any) -> None:
    operator, _ = make(operator_class, project_version_arn="crates")
    with pytest.raises(ValueError, match="'crates' is not the ARN of a Rekognition project version"):
        operator.execute(task_context.for_try(1))


@each_operator
def test_execute_complete(operator_class: type, make: OperatorFactory, project_version_arn: str) -> None:
    operator, _ = make(operator_class)
    event = {"status": "success", "project_version_arn": project_version_arn}
    assert operator.execute_complete({}, event) == project_version_arn
    with pytest.raises(AirflowException, match="no capacity"):
        operator.execute_complete({}, {"status": "error", "message": "no capacity"})
    with pytest.raises(AirflowException, match="event is None"):
        operator.execute_complete({}, None)


def test_execute_started_without_an_event(stop: OperatorFactory) -> None:
    with pytest.raises(AirflowException, match="event is None"):
        stop()[0].execute_started({}, None)


@each_operator
def test_links(operator_class: type, make: OperatorFactory, task_context: Any) -> None:
    operator, model = make(operator_class, region_name="eu-west-1", wait_for_completion=False)
    model.project().refused("describe_project_versions", "ThrottlingException")
    with pytest.raises(ClientError, match="ThrottlingException"):
        operator.execute(task_context.for_try(1))
    where = {"region_name": "eu-west-1", "aws_domain": "aws.amazon.com"}
    assert task_context.pushed == {
        "rekognition_console": where,
        "rekognition_custom_labels_project": {"project_name": "crates", **where},
    }


@each_operator
def test_template_fields(operator_class: type) -> None:
    template = "{{ params.value }}"
    with DAG("templates", schedule=None):
        operator = operator_class(task_id="model", project_version_arn=template, region_name=template)
    operator.render_template_fields({"params": {"value": "rendered"}})
    assert (operator.project_version_arn, operator.region_name) == ("rendered", "rendered")
    assert set(operator.template_fields) == {"aws_conn_id", "project_version_arn", "region_name", "verify"}


def test_setup_and_teardown_survive_serialization(project_version_arn: str) -> None:
    with DAG("model", schedule=None) as dag:
        start = RekognitionStartProjectVersionOperator(
            task_id="start_model", project_version_arn=project_version_arn
        ).as_setup()
        stop = RekognitionStopProjectVersionOperator(
            task_id="stop_model", project_version_arn=project_version_arn
        ).as_teardown(setups=start)
        start >> stop
    tasks = DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict
    assert (tasks["start_model"].is_setup, tasks["stop_model"].is_teardown) == (True, True)
    assert set(tasks["stop_model"].operator_extra_link_dict) == {
        "Amazon Rekognition",
        "Amazon Rekognition Custom Labels project",
    }
