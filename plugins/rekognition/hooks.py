"""Hook of Amazon Rekognition, with the tables of its video jobs and of the states of its Custom Labels models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from airflow.providers.common.compat.sdk import AirflowException
from botocore import xform_name

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient


@dataclass(frozen=True)
class RekognitionVideoJob:
    """
    One kind of asynchronous job on a video in S3.

    :param start_operation: Operation that starts a job, as AWS names it.
    :param get_operation: Operation that returns the state and the results of a job.
    """

    start_operation: str
    get_operation: str

    @property
    def waiter_name(self) -> str:
        """Name of its waiter in ``waiters.json``."""
        return f"{xform_name(self.get_operation.removeprefix('Get'))}_complete"


VIDEO_JOBS: Mapping[str, RekognitionVideoJob] = {
    job.get_operation: job
    for job in (
        RekognitionVideoJob("StartLabelDetection", "GetLabelDetection"),
        RekognitionVideoJob("StartTextDetection", "GetTextDetection"),
        RekognitionVideoJob("StartFaceDetection", "GetFaceDetection"),
        RekognitionVideoJob("StartFaceSearch", "GetFaceSearch"),
        RekognitionVideoJob("StartCelebrityRecognition", "GetCelebrityRecognition"),
        RekognitionVideoJob("StartContentModeration", "GetContentModeration"),
        RekognitionVideoJob("StartSegmentDetection", "GetSegmentDetection"),
    )
}


def get_video_job(operation: str) -> RekognitionVideoJob:
    """
    Return the kind of job that a Get operation belongs to.

    :param operation: Get operation, for instance ``GetLabelDetection``.
    :raises ValueError: if it is not the Get operation of a video job.
    """
    if operation not in VIDEO_JOBS:
        raise ValueError(f"{operation!r} is not one of the video operations {', '.join(VIDEO_JOBS)}")
    return VIDEO_JOBS[operation]


class JobStatus(NamedTuple):
    """State of a video job or a model in AWS's word, for instance ``IN_PROGRESS``, and AWS's message about it."""

    state: str
    message: str


@dataclass(frozen=True)
class RekognitionProjectVersionTarget:
    """
    A state of a Custom Labels model that one can wait for, and what the other states mean until then.

    :param success_states: States in which the wait is over.
    :param failure_states: States that the model does not leave for the awaited one.
    :param intermediate_states: States to go on waiting in.
    """

    state: str
    success_states: tuple[str, ...]
    failure_states: tuple[str, ...]
    intermediate_states: tuple[str, ...]

    @property
    def waiter_name(self) -> str:
        """Name of its waiter in ``waiters.json``."""
        return f"project_version_{self.state.lower()}"


PROJECT_VERSION_TARGETS: Mapping[str, RekognitionProjectVersionTarget] = {
    target.state: target
    for target in (
        # A model that is trained or stopped now may be started by another task.
        RekognitionProjectVersionTarget(
            state="RUNNING",
            success_states=("RUNNING",),
            failure_states=(
                "FAILED",
                "TRAINING_FAILED",
                "COPYING_FAILED",
                "DELETING",
                "DEPRECATED",
                "EXPIRED",
            ),
            intermediate_states=(
                "TRAINING_IN_PROGRESS",
                "TRAINING_COMPLETED",
                "COPYING_IN_PROGRESS",
                "COPYING_COMPLETED",
                "STARTING",
                "STOPPING",
                "STOPPED",
            ),
        ),
        # What matters about a stopped model is that it does not run, because it is billed while it does.
        RekognitionProjectVersionTarget(
            state="STOPPED",
            success_states=(
                "STOPPED",
                "FAILED",
                "TRAINING_IN_PROGRESS",
                "TRAINING_COMPLETED",
                "TRAINING_FAILED",
                "COPYING_IN_PROGRESS",
                "COPYING_COMPLETED",
                "COPYING_FAILED",
                "DELETING",
                "DEPRECATED",
                "EXPIRED",
            ),
            failure_states=(),
            intermediate_states=("STARTING", "RUNNING", "STOPPING"),
        ),
    )
}


def get_project_version_target(state: str) -> RekognitionProjectVersionTarget:
    """
    Return what waiting for a state of a Custom Labels model means.

    :param state: ``RUNNING`` or ``STOPPED``.
    :raises ValueError: if it is neither.
    """
    if state not in PROJECT_VERSION_TARGETS:
        raise ValueError(
            f"{state!r} is not one of the states to wait for: {', '.join(PROJECT_VERSION_TARGETS)}"
        )
    return PROJECT_VERSION_TARGETS[state]


class ProjectVersion(NamedTuple):
    """A version of a Custom Labels project, that is a model: the names in its ARN."""

    project_name: str
    version_name: str


_PROJECT_VERSION_ARN = re.compile(
    r"arn:[a-z\d-]+:rekognition:[a-z\d-]+:\d{12}"
    r":project/(?P<project_name>[\w.-]{1,255})/version/(?P<version_name>[\w.-]{1,255})/\d+",
    re.ASCII,
)


def parse_project_version_arn(project_version_arn: str) -> ProjectVersion:
    """
    Return the names of the project and of the version in the ARN of a model.

    The ARN of the project is not among what it tells: that ends in the time of the project's creation.

    :param project_version_arn: ``arn:aws:rekognition:<region>:<account>:project/<name>/version/<name>/<time>``.
    :raises ValueError: if it is not the ARN of a project version.
    """
    match = _PROJECT_VERSION_ARN.fullmatch(project_version_arn)
    if match is None:
        raise ValueError(f"{project_version_arn!r} is not the ARN of a Rekognition project version")
    return ProjectVersion(**match.groupdict())


def describe_project_version_request(project_version_arn: str, project_arn: str) -> dict[str, Any]:
    """Return the DescribeProjectVersions request that a single model answers to."""
    return {
        "ProjectArn": project_arn,
        "VersionNames": [parse_project_version_arn(project_version_arn).version_name],
    }


class RekognitionHook(AwsGenericHook["RekognitionClient"]):
    """
    Interact with Amazon Rekognition.

    Provide thick wrapper around :external+boto3:py:class:`boto3.client("rekognition") <Rekognition.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsGenericHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsGenericHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "rekognition"
        super().__init__(*args, **kwargs)

    @cached_property
    def waiter_path(self) -> Path:
        """File of the custom waiters; the base class looks only among those of the provider."""
        return Path(__file__).with_name("waiters.json")

    def start_job(self, operation: str, **request: Any) -> str:
        """
        Start a video job and return its JobId.

        :param operation: Start operation, for instance ``StartLabelDetection``.
        :param request: Members of the request. While a ``ClientRequestToken`` is remembered (7 days), the
            same token returns the same JobId and starts nothing.
        """
        job_id: str = self._call(operation, **request)["JobId"]
        return job_id

    def get_job_status(self, operation: str, job_id: str) -> JobStatus:
        """
        Return the state of a video job without fetching its results.

        :param operation: Get operation, for instance ``GetLabelDetection``.
        :param job_id: JobId that the Start operation returned.
        """
        response = self._call(operation, JobId=job_id, MaxResults=1)
        return JobStatus(response["JobStatus"], response.get("StatusMessage", ""))

    def get_project_arn(self, project_version_arn: str) -> str:
        """
        Look up the project of a Custom Labels model, which operations that describe models ask for.

        Needs the permission ``rekognition:DescribeProjects``. Project names are unique in an account and region.

        :param project_version_arn: ARN of the model.
        :raises AirflowException: if there is no such project in the account and region of the connection.
        """
        name = parse_project_version_arn(project_version_arn).project_name
        pages = self.conn.get_paginator("describe_projects").paginate(ProjectNames=[name])
        for page in pages:
            for project in page["ProjectDescriptions"]:
                arn: str = project["ProjectArn"]
                if arn.split("/")[1] == name:
                    return arn
        raise AirflowException(
            f"There is no Custom Labels project {name!r} in {self.conn_region_name}, "
            f"to which the model {project_version_arn} could belong"
        )

    def get_project_version_status(self, project_version_arn: str, project_arn: str) -> JobStatus:
        """
        Return the state of a Custom Labels model, for instance ``RUNNING``, and AWS's message about it.

        :param project_version_arn: ARN of the model.
        :param project_arn: ARN of its project, see :meth:`get_project_arn`.
        :raises AirflowException: if the project has no such version.
        """
        request = describe_project_version_request(project_version_arn, project_arn)
        for version in self.conn.describe_project_versions(**request)["ProjectVersionDescriptions"]:
            if version["ProjectVersionArn"] == project_version_arn:
                return JobStatus(version["Status"], version.get("StatusMessage", ""))
        raise AirflowException(f"The Custom Labels project {project_arn} has no model {project_version_arn}")

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        response: dict[str, Any] = getattr(self.conn, xform_name(operation))(**request)
        return response
