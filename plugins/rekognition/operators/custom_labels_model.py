"""Operators that start and stop Amazon Rekognition Custom Labels models. AWS bills the time they run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.exceptions import WaiterTerminalFailure
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.amazon.aws.utils.waiter_with_logging import wait
from airflow.providers.common.compat.sdk import AirflowException, conf
from airflow.utils.helpers import prune_dict

from rekognition.hooks import RekognitionHook
from rekognition.links import RekognitionConsoleLink, RekognitionCustomLabelsProjectLink
from rekognition.triggers import RekognitionProjectVersionStateTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context


class RekognitionProjectVersionOperator(AwsBaseOperator[RekognitionHook]):
    """
    Base of the operators about a Custom Labels model (not supposed to be used directly in Dags).

    AWS describes a model only to those who name its project too. The ARN of the project is looked up, so
    besides the action itself the permissions ``rekognition:DescribeProjects`` and
    ``rekognition:DescribeProjectVersions`` are needed.

    :param project_version_arn: ARN of the model. (templated)
    :param wait_for_completion: Whether to wait until the model is in its new state.
    :param waiter_delay: Time in seconds to wait between status checks. (default: 30)
    :param waiter_max_attempts: Maximum number of status checks. (default: 60)
    :param deferrable: If True, the operator will wait asynchronously. It does not wait where
        ``wait_for_completion`` is False. This mode requires aiobotocore module to be installed.
        (default: False, but can be overridden in config file by setting default_deferrable to True)
    :param aws_conn_id: The Airflow connection used for AWS credentials.
        If this is ``None`` or empty then the default boto3 behaviour is used. If
        running Airflow in a distributed manner and aws_conn_id is None or
        empty, then default boto3 configuration would be used (and must be
        maintained on each worker node).
    :param region_name: AWS region_name. If not specified then the default boto3 behaviour is used.
    :param verify: Whether to verify SSL certificates. See:
        https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/session.html
    :param botocore_config: Configuration dictionary (key-values) for botocore client. See:
        https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
    """

    aws_hook_class = RekognitionHook

    template_fields: Sequence[str] = aws_template_fields("project_version_arn")
    operator_extra_links = (RekognitionConsoleLink(), RekognitionCustomLabelsProjectLink())

    ui_color = "#66c3ff"

    def __init__(
        self,
        *,
        project_version_arn: str,
        wait_for_completion: bool,
        waiter_delay: int = 30,
        waiter_max_attempts: int = 60,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project_version_arn = project_version_arn
        self.wait_for_completion = wait_for_completion
        self.waiter_delay = waiter_delay
        self.waiter_max_attempts = waiter_max_attempts
        self.deferrable = deferrable

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        validated_event = validate_execute_complete_event(event)
        if validated_event["status"] != "success":
            raise AirflowException(validated_event["message"])
        project_version_arn: str = validated_event["project_version_arn"]
        return project_version_arn

    def _persist_links(self, context: Context, project_arn: str) -> None:
        where = {"region_name": self.hook.conn_region_name, "aws_partition": self.hook.conn_partition}
        RekognitionConsoleLink.persist(context=context, operator=self, **where)
        RekognitionCustomLabelsProjectLink.persist(
            context=context, operator=self, project_name=project_arn.split("/")[1], **where
        )

    def _state(self, project_arn: str) -> str:
        state, message = self.hook.get_project_version_status(self.project_version_arn, project_arn)
        self.log.info("Model %s is %s %s", self.project_version_arn, state, message)
        return state

    def _wait(self, project_arn: str, target_state: str, method_name: str) -> None:
        """Wait here, or on the triggerer, which then calls the method. The trigger knows what to wait for."""
        trigger = RekognitionProjectVersionStateTrigger(
            project_version_arn=self.project_version_arn,
            project_arn=project_arn,
            target_state=target_state,
            waiter_delay=self.waiter_delay,
            waiter_max_attempts=self.waiter_max_attempts,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )
        if self.deferrable:
            self._defer(trigger, method_name)
        else:
            self._wait_here(trigger)

    def _defer(self, trigger: RekognitionProjectVersionStateTrigger, method_name: str) -> None:
        self.defer(
            trigger=trigger,
            method_name=method_name,
            # A trigger counts its attempts anew when the triggerer restarts.
            timeout=timedelta(seconds=self.waiter_max_attempts * self.waiter_delay + 60),
        )

    def _wait_here(self, trigger: RekognitionProjectVersionStateTrigger) -> None:
        try:
            wait(
                waiter=self.hook.get_waiter(trigger.waiter_name),
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                args=trigger.waiter_args,
                failure_message=trigger.failure_message,
                status_message=trigger.status_message,
                status_args=trigger.status_queries,
            )
        except WaiterTerminalFailure as failure:
            reasons = [
                f"{version['Status']} - {version.get('StatusMessage', 'no message')}"
                for version in failure.last_response["ProjectVersionDescriptions"]
            ]
            raise AirflowException(
                f"{trigger.failure_message}: {', '.join(reasons) or 'there is no such model'}"
            ) from failure


class RekognitionStartProjectVersionOperator(RekognitionProjectVersionOperator):
    """
    Start a Custom Labels model. It is billed by the hour, from when it runs until it is stopped.

    A model that is already starting or running is no error, so the operator can be retried. Returns the ARN
    of the model.

    As a setup task, with the task that stops the model as its teardown, the model is stopped whatever
    happens to the tasks between them. Airflow skips a teardown whose setup has failed; therefore the setup
    only asks AWS to start the model, which is what this operator does by default, and a sensor between them
    waits for it:

    .. code-block:: python

        start = RekognitionStartProjectVersionOperator(
            task_id="start_model", project_version_arn=MODEL, retries=3
        ).as_setup()
        running = RekognitionProjectVersionStateSensor(
            task_id="model_is_running", project_version_arn=MODEL, target_state="RUNNING", deferrable=True
        )
        stop = RekognitionStopProjectVersionOperator(
            task_id="stop_model", project_version_arn=MODEL, deferrable=True, retries=5
        ).as_teardown(setups=start)
        start >> running >> analyze() >> stop

    All Dag runs share the model: with ``max_active_runs=1`` none stops it while another one uses it. A model
    that is still stopping cannot be started; AWS refuses with ResourceInUseException, so give the task
    retries. A teardown that fails does not fail the run: give it retries too, and an ``on_failure_callback``
    that tells somebody. (With ``on_failure_fail_dagrun=True`` it alone would decide about the run, and hide
    that the analysis has failed.)

    For the other parameters see :class:`RekognitionProjectVersionOperator`.

    :param min_inference_units: Least number of inference units, each of which is billed. (default: 1)
    :param max_inference_units: Largest number of inference units that AWS scales to. (default: no scaling)
    :param wait_for_completion: Whether to wait until the model runs. (default: False)
    """

    def __init__(
        self,
        *,
        min_inference_units: int = 1,
        max_inference_units: int | None = None,
        wait_for_completion: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(wait_for_completion=wait_for_completion, **kwargs)
        self.min_inference_units = min_inference_units
        self.max_inference_units = max_inference_units

    def execute(self, context: Context) -> str:
        project_arn = self.hook.get_project_arn(self.project_version_arn)
        self._persist_links(context, project_arn)
        if self._state(project_arn) not in ("STARTING", "RUNNING"):
            self._start()
        if self.wait_for_completion:
            self._wait(project_arn, "RUNNING", method_name="execute_complete")
        return self.project_version_arn

    def _start(self) -> None:
        request = {
            "ProjectVersionArn": self.project_version_arn,
            "MinInferenceUnits": self.min_inference_units,
            "MaxInferenceUnits": self.max_inference_units,
        }
        self.hook.conn.start_project_version(**prune_dict(request))
        self.log.info("Starting model %s", self.project_version_arn)


class RekognitionStopProjectVersionOperator(RekognitionProjectVersionOperator):
    """
    Stop a Custom Labels model, which ends its billing.

    A model that does not run, or is stopping already, is no error. AWS stops models that run: one that is
    still starting is waited for first, whatever ``wait_for_completion`` says. Returns the ARN of the model.

    For its use as a teardown task see :class:`RekognitionStartProjectVersionOperator`, for the
    other parameters :class:`RekognitionProjectVersionOperator`.

    :param wait_for_completion: Whether to wait until the model is stopped. (default: True)
    """

    def __init__(self, *, wait_for_completion: bool = True, **kwargs: Any) -> None:
        super().__init__(wait_for_completion=wait_for_completion, **kwargs)

    def execute(self, context: Context) -> str:
        project_arn = self.hook.get_project_arn(self.project_version_arn)
        self._persist_links(context, project_arn)
        state = self._state(project_arn)
        if state == "STARTING":
            try:
                self._wait(project_arn, "RUNNING", method_name="execute_started")
            except AirflowException as failure:
                self.log.warning("%s", failure)
            state = self._state(project_arn)
        return self._stop(project_arn, state)

    def execute_started(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """Go on when the model has started or failed to; only what AWS says about it now counts."""
        validated_event = validate_execute_complete_event(event)
        if validated_event["status"] != "success":
            self.log.warning("%s", validated_event["message"])
        project_arn = self.hook.get_project_arn(self.project_version_arn)
        return self._stop(project_arn, self._state(project_arn))

    def _stop(self, project_arn: str, state: str) -> str:
        if state in ("STARTING", "RUNNING"):
            self.hook.conn.stop_project_version(ProjectVersionArn=self.project_version_arn)
            self.log.info("Stopping model %s", self.project_version_arn)
        if self.wait_for_completion and state in ("STARTING", "RUNNING", "STOPPING"):
            self._wait(project_arn, "STOPPED", method_name="execute_complete")
        return self.project_version_arn
