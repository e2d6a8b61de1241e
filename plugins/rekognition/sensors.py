"""Sensors that wait for Amazon Rekognition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowException, conf

from rekognition.hooks import RekognitionHook, get_project_version_target
from rekognition.triggers import (
    RekognitionProjectVersionStateTrigger,
    RekognitionVideoJobCompletedTrigger,
)

if TYPE_CHECKING:
    from airflow.sdk import Context


class RekognitionVideoJobCompletedSensor(AwsBaseSensor[RekognitionHook]):
    """
    Poll the state of a Rekognition video job until it is complete; fails if the job fails.

    :param job_id: JobId that the Start operation returned. (templated)
    :param operation: Get operation of the job, for instance ``GetLabelDetection``. (templated)
    :param deferrable: If True, the sensor will operate in deferrable mode. This mode requires aiobotocore
        module to be installed.
        (default: False, but can be overridden in config file by setting default_deferrable to True)
    :param poke_interval: Polling period in seconds to check for the status of the job. (default: 60)
    :param max_retries: Number of checks in deferrable mode before giving up. (default: 360)
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

    INTERMEDIATE_STATES: tuple[str, ...] = ("IN_PROGRESS",)
    SUCCESS_STATES: tuple[str, ...] = ("SUCCEEDED",)
    FAILURE_STATES: tuple[str, ...] = ("FAILED",)
    FAILURE_MESSAGE = "Rekognition video job sensor failed."

    template_fields: Sequence[str] = aws_template_fields("job_id", "operation")

    ui_color = "#66c3ff"

    def __init__(
        self,
        *,
        job_id: str,
        operation: str,
        max_retries: int = 360,
        poke_interval: float = 60,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.job_id = job_id
        self.operation = operation
        self.max_retries = max_retries
        self.deferrable = deferrable

    def execute(self, context: Context) -> None:
        if not self.deferrable:
            super().execute(context=context)
            return
        self.defer(
            trigger=RekognitionVideoJobCompletedTrigger(
                job_id=self.job_id,
                operation=self.operation,
                waiter_delay=int(self.poke_interval),
                waiter_max_attempts=self.max_retries,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> None:
        validated_event = validate_execute_complete_event(event)
        if validated_event["status"] != "success":
            raise AirflowException(f"{self.FAILURE_MESSAGE} {validated_event['message']}")
        self.log.info("%s: job %s is complete", self.operation, validated_event["job_id"])

    def poke(self, context: Context) -> bool:
        state, message = self.hook.get_job_status(self.operation, self.job_id)
        self.log.info("%s: job %s is %s %s", self.operation, self.job_id, state, message)
        if state in self.FAILURE_STATES:
            raise AirflowException(f"{self.FAILURE_MESSAGE} {self.operation}: job {self.job_id}: {message}")
        return state in self.SUCCESS_STATES


class RekognitionProjectVersionStateSensor(AwsBaseSensor[RekognitionHook]):
    """
    Poll the state of a Custom Labels model until it runs, or does not run; fails if it will not run.

    AWS describes a model only to those who name its project too. The ARN of the project is looked up, so the
    permissions ``rekognition:DescribeProjects`` and ``rekognition:DescribeProjectVersions`` are needed.

    :param project_version_arn: ARN of the model. (templated)
    :param target_state: ``RUNNING`` or ``STOPPED``. A model that is stopped or trained may still be
        started, so it is waited for to run; as stopped counts every model that does not run. (templated)
        (default: RUNNING)
    :param deferrable: If True, the sensor will operate in deferrable mode. This mode requires aiobotocore
        module to be installed.
        (default: False, but can be overridden in config file by setting default_deferrable to True)
    :param poke_interval: Polling period in seconds to check for the status of the model. (default: 30)
    :param max_retries: Number of checks in deferrable mode before giving up. (default: 60)
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

    FAILURE_MESSAGE = "Rekognition project version sensor failed."

    template_fields: Sequence[str] = aws_template_fields("project_version_arn", "target_state")

    ui_color = "#66c3ff"

    def __init__(
        self,
        *,
        project_version_arn: str,
        target_state: str = "RUNNING",
        max_retries: int = 60,
        poke_interval: float = 30,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.project_version_arn = project_version_arn
        self.target_state = target_state
        self.max_retries = max_retries
        self.deferrable = deferrable

    def execute(self, context: Context) -> None:
        if not self.deferrable:
            super().execute(context=context)
            return
        self.defer(
            trigger=RekognitionProjectVersionStateTrigger(
                project_version_arn=self.project_version_arn,
                project_arn=self._project_arn,
                target_state=self.target_state,
                waiter_delay=int(self.poke_interval),
                waiter_max_attempts=self.max_retries,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> None:
        validated_event = validate_execute_complete_event(event)
        if validated_event["status"] != "success":
            raise AirflowException(f"{self.FAILURE_MESSAGE} {validated_event['message']}")
        self.log.info("Model %s is %s", validated_event["project_version_arn"], self.target_state)

    def poke(self, context: Context) -> bool:
        target = get_project_version_target(self.target_state)
        state, message = self.hook.get_project_version_status(self.project_version_arn, self._project_arn)
        self.log.info("Model %s is %s %s", self.project_version_arn, state, message)
        if state in target.failure_states:
            raise AirflowException(
                f"{self.FAILURE_MESSAGE} Model {self.project_version_arn} is {state}: {message}"
            )
        return state in target.success_states

    @cached_property
    def _project_arn(self) -> str:
        return self.hook.get_project_arn(self.project_version_arn)
