"""Triggers that wait for Amazon Rekognition. Airflow's database holds their paths: do not rename them."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.triggers.base import AwsBaseWaiterTrigger

from rekognition.hooks import (
    RekognitionHook,
    describe_project_version_request,
    get_project_version_target,
    get_video_job,
)


class RekognitionVideoJobCompletedTrigger(AwsBaseWaiterTrigger):
    """
    Trigger when a Rekognition video job is complete.

    :param job_id: JobId that the Start operation returned.
    :param operation: Get operation of the job, for instance ``GetLabelDetection``.
    :param waiter_delay: The amount of time in seconds to wait between attempts. (default: 60)
    :param waiter_max_attempts: The maximum number of attempts to be made. (default: 360)
    :param aws_conn_id: The Airflow connection used for AWS credentials.
    :param region_name: The AWS region where the resources to watch are.
    :param verify: Whether or not to verify SSL certificates.
        See: https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/session.html
    :param botocore_config: Configuration dictionary (key-values) for botocore client. See:
        https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
    """

    aws_hook_class = RekognitionHook

    def __init__(
        self,
        *,
        job_id: str,
        operation: str,
        waiter_delay: int = 60,
        waiter_max_attempts: int = 360,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            serialized_fields={"job_id": job_id, "operation": operation},
            waiter_name=get_video_job(operation).waiter_name,
            waiter_args={"JobId": job_id, "MaxResults": 1},
            failure_message=f"{operation}: Rekognition video job {job_id} failed",
            status_message=f"{operation}: status of Rekognition video job {job_id} is",
            status_queries=["JobStatus", "StatusMessage"],
            return_key="job_id",
            return_value=job_id,
            waiter_delay=waiter_delay,
            waiter_max_attempts=waiter_max_attempts,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
        )


class RekognitionProjectVersionStateTrigger(AwsBaseWaiterTrigger):
    """
    Trigger when a Custom Labels model is in a state.

    :param project_version_arn: ARN of the model.
    :param project_arn: ARN of the project that the model belongs to.
    :param target_state: ``RUNNING`` or ``STOPPED``; as stopped counts every model that does not run.
    :param waiter_delay: The amount of time in seconds to wait between attempts. (default: 30)
    :param waiter_max_attempts: The maximum number of attempts to be made. (default: 60)
    :param aws_conn_id: The Airflow connection used for AWS credentials.
    :param region_name: The AWS region where the resources to watch are.
    :param verify: Whether or not to verify SSL certificates.
        See: https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/session.html
    :param botocore_config: Configuration dictionary (key-values) for botocore client. See:
        https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
    """

    aws_hook_class = RekognitionHook

    def __init__(
        self,
        *,
        project_version_arn: str,
        project_arn: str,
        target_state: str,
        waiter_delay: int = 30,
        waiter_max_attempts: int = 60,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            serialized_fields={
                "project_version_arn": project_version_arn,
                "project_arn": project_arn,
                "target_state": target_state,
            },
            waiter_name=get_project_version_target(target_state).waiter_name,
            waiter_args=describe_project_version_request(project_version_arn, project_arn),
            failure_message=f"Custom Labels model {project_version_arn} did not become {target_state}",
            status_message=f"Status of Custom Labels model {project_version_arn} is",
            status_queries=[
                "ProjectVersionDescriptions[0].Status",
                "ProjectVersionDescriptions[0].StatusMessage",
            ],
            return_key="project_version_arn",
            return_value=project_version_arn,
            waiter_delay=waiter_delay,
            waiter_max_attempts=waiter_max_attempts,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
        )
