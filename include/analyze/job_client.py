"""What the engine of videos asks Rekognition for, as :class:`rekognition.hooks.RekognitionHook` offers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient


class JobClient(Protocol):
    """Starts video jobs and looks them up."""

    @property
    def conn(self) -> RekognitionClient:
        """The boto3 client, for the pages of results, which are archived as they come."""

    def start_job(self, operation: str, **request: Any) -> str:
        """Start a job and return its JobId.

        :param operation: Start operation, such as ``StartLabelDetection``.
        """

    def get_job_status(self, operation: str, job_id: str) -> tuple[str, str]:
        """Return the state of a job and Rekognition's message about it, which may be empty.

        :param operation: Get operation, such as ``GetLabelDetection``.
        """
