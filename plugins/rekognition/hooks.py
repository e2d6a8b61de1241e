"""Hook of Amazon Rekognition, with the table of its video jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.common.compat.sdk import AirflowException
from botocore import xform_name

MAX_RESULTS = 1000


@dataclass(frozen=True)
class RekognitionVideoJob:
    """
    One kind of asynchronous job on a video in S3.

    :param start_operation: Operation that starts a job, as AWS names it.
    :param get_operation: Operation that returns the state and the results of a job.
    :param result_field: Member of the Get response that lists the results.
    """

    start_operation: str
    get_operation: str
    result_field: str

    @property
    def waiter_name(self) -> str:
        """Name of its waiter in ``waiters.json``."""
        return f"{xform_name(self.get_operation.removeprefix('Get'))}_complete"


VIDEO_JOBS: Mapping[str, RekognitionVideoJob] = {
    job.get_operation: job
    for job in (
        RekognitionVideoJob("StartLabelDetection", "GetLabelDetection", "Labels"),
        RekognitionVideoJob("StartTextDetection", "GetTextDetection", "TextDetections"),
        RekognitionVideoJob("StartFaceDetection", "GetFaceDetection", "Faces"),
        RekognitionVideoJob("StartContentModeration", "GetContentModeration", "ModerationLabels"),
        RekognitionVideoJob("StartSegmentDetection", "GetSegmentDetection", "Segments"),
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
    """State of a video job: ``IN_PROGRESS``, ``SUCCEEDED`` or ``FAILED``, and AWS's message if it failed."""

    state: str
    message: str


class RekognitionHook(AwsBaseHook):
    """
    Interact with Amazon Rekognition.

    Provide thick wrapper around :external+boto3:py:class:`boto3.client("rekognition") <Rekognition.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
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

    def get_job_pages(
        self, operation: str, job_id: str, max_results: int = MAX_RESULTS, **kwargs: Any
    ) -> Iterator[dict[str, Any]]:
        """
        Iterate over the responses that hold the results of a finished video job, page by page.

        A page token is valid for 24 hours, the results for 7 days.

        :param operation: Get operation, for instance ``GetLabelDetection``.
        :param job_id: JobId that the Start operation returned.
        :param max_results: Results per page, 1 to 1000.
        :param kwargs: Further members of the request, for instance ``SortBy``, or ``NextToken`` to go on
            from a page.
        :raises AirflowException: if the job has not succeeded, since it has no results then.
        """
        request: dict[str, Any] = {"JobId": job_id, "MaxResults": max_results, **kwargs}
        while True:
            page = self._call(operation, **request)
            if page["JobStatus"] != "SUCCEEDED":
                raise AirflowException(
                    f"{operation}: job {job_id} has no results, it is {page['JobStatus']}: "
                    f"{page.get('StatusMessage', 'no message')}"
                )
            yield page
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        response: dict[str, Any] = getattr(self.conn, xform_name(operation))(**request)
        return response
