"""Operators that start Amazon Rekognition video jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow.providers.amazon.aws.exceptions import WaiterTerminalFailure
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.amazon.aws.utils.waiter_with_logging import wait
from airflow.providers.common.compat.sdk import AirflowException, ResumableJobMixin, conf
from botocore.exceptions import ClientError

from rekognition.hooks import RekognitionHook, RekognitionVideoJob, get_video_job
from rekognition.links import RekognitionConsoleLink, RekognitionVideoObjectLink
from rekognition.triggers import RekognitionVideoJobCompletedTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context
    from pydantic import JsonValue

NOT_FOUND_STATE = "NOT_FOUND"


class RekognitionStartVideoJobOperator(ResumableJobMixin, AwsBaseOperator[RekognitionHook]):
    """
    Base of the operators that start a Rekognition video job (not supposed to be used directly in Dags).

    A job is never paid for twice. Its JobId is stored for the task instance before waiting, so a retry, or a
    cleared task, waits for the same job or returns it if it has succeeded. Only a changed request, a failed
    job or one that AWS no longer knows (after 7 days) leads to a new one. If the worker dies before the JobId
    is stored, the unchanged client request token makes AWS return the same JobId.

    :param video: The video in S3: ``{"S3Object": {"Bucket": ..., "Name": ...}}``. (templated)
    :param start_kwargs: Further members of the Start request that belong to the operation, for instance
        ``{"MinConfidence": 30}``. (templated)
    :param client_request_token: Token by which AWS recognizes a repeated request. (templated)
        (default: derived from Dag, run, task, map index, request and the failed job that is repeated, if any)
    :param notification_channel: The topic to which AWS publishes the end of the job:
        ``{"SNSTopicArn": ..., "RoleArn": ...}``. (templated)
    :param job_tag: Tag that AWS repeats in that message. (templated)
    :param wait_for_completion: Whether to wait for the job to finish. (default: True)
    :param waiter_delay: Time in seconds to wait between status checks. (default: 60)
    :param waiter_max_attempts: Maximum number of status checks. (default: 360)
    :param deferrable: If True, the operator will wait asynchronously for the job to finish.
        This implies waiting for completion. This mode requires aiobotocore module to be installed.
        (default: False, but can be overridden in config file by setting default_deferrable to True)
    :param durable: Whether to store the JobId for retries. (default: True)
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
    video_job: ClassVar[RekognitionVideoJob]

    template_fields: Sequence[str] = aws_template_fields(
        "video", "start_kwargs", "client_request_token", "notification_channel", "job_tag"
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "video": "json",
        "start_kwargs": "json",
        "notification_channel": "json",
    }
    operator_extra_links = (RekognitionConsoleLink(), RekognitionVideoObjectLink())

    ui_color = "#66c3ff"

    def __init__(
        self,
        *,
        video: dict[str, Any],
        start_kwargs: dict[str, Any] | None = None,
        client_request_token: str | None = None,
        notification_channel: dict[str, str] | None = None,
        job_tag: str | None = None,
        wait_for_completion: bool = True,
        waiter_delay: int = 60,
        waiter_max_attempts: int = 360,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.video = video
        self.start_kwargs = start_kwargs or {}
        self.client_request_token = client_request_token
        self.notification_channel = notification_channel
        self.job_tag = job_tag
        self.wait_for_completion = wait_for_completion
        self.waiter_delay = waiter_delay
        self.waiter_max_attempts = waiter_max_attempts
        self.deferrable = deferrable
        self.job_id: str | None = None

    def execute(self, context: Context) -> str | None:
        # One entry per request: a task that is cleared after its request changed must not find the old job.
        self.external_id_key = f"job_id_{_digest(self._request())[:16]}"
        self.execute_resumable(context)
        return self.job_id

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        validated_event = validate_execute_complete_event(event)
        if validated_event["status"] != "success":
            raise AirflowException(validated_event["message"])
        job_id: str = validated_event["job_id"]
        return job_id

    def submit_job(self, context: Context) -> str:
        """Start the job. The mixin calls this when there is none to return to."""
        request = self._request()
        request.setdefault("ClientRequestToken", self._default_token(context))
        job_id = self.hook.start_job(self.video_job.start_operation, **request)
        self.log.info("%s: job %s", self.video_job.start_operation, job_id)
        self._set_job_id(job_id, context)
        return job_id

    def get_job_status(self, external_id: JsonValue, context: Context) -> str:
        """Return the state of the stored job; AWS forgets a job after 7 days."""
        job_id = cast("str", external_id)
        self._set_job_id(job_id, context)
        try:
            return self.hook.get_job_status(self.video_job.get_operation, job_id).state
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return NOT_FOUND_STATE
            raise

    def is_job_active(self, status: str) -> bool:
        return status == "IN_PROGRESS"

    def is_job_succeeded(self, status: str) -> bool:
        return status == "SUCCEEDED"

    def poll_until_complete(self, external_id: JsonValue, context: Context) -> None:
        """Wait for the job on the triggerer or here, as the operator was told. The JobId is stored by now."""
        job_id = cast("str", external_id)
        if self.deferrable:
            self._defer_until_complete(job_id)
        elif self.wait_for_completion:
            self._wait_until_complete(job_id)

    def get_job_result(self, external_id: JsonValue, context: Context) -> str:
        return cast("str", external_id)

    def _request(self) -> dict[str, Any]:
        """Return the Start request as the author of the Dag gave it."""
        members = {
            "Video": self.video,
            "ClientRequestToken": self.client_request_token,
            "NotificationChannel": self.notification_channel,
            "JobTag": self.job_tag,
        }
        return {**self.start_kwargs, **{name: value for name, value in members.items() if value}}

    def _default_token(self, context: Context) -> str:
        """
        Return the same token for every try of this task instance, until one of its jobs has failed.

        AWS answers a repeated token with the same job, a failed one too. The stored JobId is that of a failed
        job here, or there is none.
        """
        ti = context["ti"]
        failed_job_id = context["task_state_store"].get(self.external_id_key)
        return _digest([ti.dag_id, ti.run_id, ti.task_id, ti.map_index, self._request(), failed_job_id])

    def _set_job_id(self, job_id: str, context: Context) -> None:
        """Remember the job and link to it; a retry begins without the links of the try before."""
        self.job_id = job_id
        where = {"region_name": self.hook.conn_region_name, "aws_partition": self.hook.conn_partition}
        video_object = self.video["S3Object"]
        RekognitionConsoleLink.persist(context=context, operator=self, **where)
        RekognitionVideoObjectLink.persist(
            context=context,
            operator=self,
            bucket=video_object["Bucket"],
            object_key=video_object["Name"],
            **where,
        )

    def _defer_until_complete(self, job_id: str) -> None:
        self.defer(
            trigger=RekognitionVideoJobCompletedTrigger(
                job_id=job_id,
                operation=self.video_job.get_operation,
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
            ),
            method_name="execute_complete",
            # A trigger counts its attempts anew when the triggerer restarts.
            timeout=timedelta(seconds=self.waiter_max_attempts * self.waiter_delay + 60),
        )

    def _wait_until_complete(self, job_id: str) -> None:
        operation = self.video_job.get_operation
        failure_message = f"{operation}: Rekognition video job {job_id} failed"
        try:
            wait(
                waiter=self.hook.get_waiter(self.video_job.waiter_name),
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                args={"JobId": job_id, "MaxResults": 1},
                failure_message=failure_message,
                status_message=f"{operation}: status of Rekognition video job {job_id} is",
                status_args=["JobStatus", "StatusMessage"],
            )
        except WaiterTerminalFailure as failure:
            reason = failure.last_response.get("StatusMessage", "no message")
            raise AirflowException(f"{failure_message}: {reason}") from failure


def _digest(value: Any) -> str:
    """Return 64 hexadecimal digits, which AWS allows as a client request token."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class RekognitionStartLabelDetectionOperator(RekognitionStartVideoJobOperator):
    """
    Start the detection of labels (objects, scenes, activities, concepts) in a video.

    ``start_kwargs`` may hold ``MinConfidence``, ``Features`` and ``Settings``. For the other parameters see
    :class:`RekognitionStartVideoJobOperator`.
    """

    video_job = get_video_job("GetLabelDetection")


class RekognitionStartTextDetectionOperator(RekognitionStartVideoJobOperator):
    """
    Start the detection of lines and words of text in a video.

    ``start_kwargs`` may hold ``Filters``. For the other parameters see
    :class:`RekognitionStartVideoJobOperator`.
    """

    video_job = get_video_job("GetTextDetection")


class RekognitionStartFaceDetectionOperator(RekognitionStartVideoJobOperator):
    """
    Start the detection of faces and their attributes in a video.

    ``start_kwargs`` may hold ``FaceAttributes`` (``DEFAULT`` or ``ALL``). For the other parameters see
    :class:`RekognitionStartVideoJobOperator`.
    """

    video_job = get_video_job("GetFaceDetection")


class RekognitionStartContentModerationOperator(RekognitionStartVideoJobOperator):
    """
    Start the detection of inappropriate, unwanted or offensive content in a video.

    ``start_kwargs`` may hold ``MinConfidence``. For the other parameters see
    :class:`RekognitionStartVideoJobOperator`.
    """

    video_job = get_video_job("GetContentModeration")


class RekognitionStartSegmentDetectionOperator(RekognitionStartVideoJobOperator):
    """
    Start the detection of shots and technical cues in a video.

    ``start_kwargs`` must hold ``SegmentTypes`` (``SHOT``, ``TECHNICAL_CUE`` or both) and may hold
    ``Filters``. For the other parameters see :class:`RekognitionStartVideoJobOperator`.
    """

    video_job = get_video_job("GetSegmentDetection")


class RekognitionStartCelebrityRecognitionOperator(RekognitionStartVideoJobOperator):
    """
    Start the recognition of celebrities in a video.

    For the parameters see :class:`RekognitionStartVideoJobOperator`.
    """

    video_job = get_video_job("GetCelebrityRecognition")


class RekognitionStartFaceSearchOperator(RekognitionStartVideoJobOperator):
    """
    Start the search for faces of a collection in a video.

    ``start_kwargs`` may hold ``FaceMatchThreshold``. For the other parameters see
    :class:`RekognitionStartVideoJobOperator`.

    :param collection_id: Collection whose faces are searched for. (templated)
    """

    video_job = get_video_job("GetFaceSearch")

    template_fields: Sequence[str] = aws_template_fields(
        *RekognitionStartVideoJobOperator.template_fields, "collection_id"
    )

    def __init__(self, *, collection_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection_id = collection_id

    def _request(self) -> dict[str, Any]:
        return {**super()._request(), "CollectionId": self.collection_id}
