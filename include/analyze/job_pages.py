"""The archive of a video job's pages: each is asked for and kept once, also after interruptions.

A page leads to the next by a token that is good for 24 hours. Rekognition keeps the results of a job for 7
days (https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore import xform_name
from botocore.exceptions import ClientError

from include.core.errors import EXPIRED_PAGE_TOKEN, error_code, retrying
from include.core.features import VideoJob
from include.store.objects import Ndjson, Row, delete_prefix, get_ndjson, list_uris

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

PAGE_SIZE = 1000
PAGES_PER_OBJECT = 20
READINGS = 3  # of a job whose page tokens expire while it is read
PATIENCE = 300.0  # seconds for which a page is asked for again while Rekognition is busy or down


@dataclass(frozen=True)
class Pages:
    """The first and the last line of the archive; of a job that has not succeeded, its only page."""

    first: Row
    last: Row

    @property
    def status(self) -> str:
        """IN_PROGRESS, SUCCEEDED or FAILED."""
        status: str = self.first["response"]["JobStatus"]
        return status


class JobArchive:
    """The pages of one job.

    :param prefix: S3 prefix of this job's pages alone.
    :param line: makes the line that is archived of a reply and of the token that it was asked for by.
    """

    def __init__(
        self,
        rekognition: RekognitionClient,
        s3: S3Client,
        job: VideoJob,
        job_id: str,
        prefix: str,
        line: Callable[[Row, str | None], Row],
    ) -> None:
        self._rekognition = rekognition
        self._s3 = s3
        self._job = job
        self._job_id = job_id
        self._prefix = prefix
        self._line = line

    def complete(self) -> Pages:
        """Archive the pages that are missing.

        :raises botocore.exceptions.ClientError: ResourceNotFoundException if the results are gone.
        """
        first, last, objects = self._archived()
        for _ in range(READINGS):
            try:
                return self._read_on(first, last, objects)
            except ClientError as error:
                if error_code(error) not in EXPIRED_PAGE_TOKEN:
                    raise
            log.warning("a page token of job %s has expired; reading the job from its start", self._job_id)
            first, last, objects = None, None, 0
        raise TimeoutError(f"page tokens of job {self._job_id} expired {READINGS} times while it was read")

    def _archived(self) -> tuple[Row | None, Row | None, int]:
        """Return the first and the last archived line, and the number of objects."""
        first: Row | None = None
        last: Row | None = None
        uris = list_uris(self._s3, self._prefix)
        for uri in uris:
            for line in get_ndjson(self._s3, uri):
                first, last = first or line, line
        return first, last, len(uris)

    def _read_on(self, first: Row | None, last: Row | None, objects: int) -> Pages:
        """Read the pages after the last one, or all of them.

        Objects that are there are written over, not deleted: another run may be reading the same job.
        """
        pages = Ndjson()
        while first is None or last is None or last["response"].get("NextToken"):
            token = last["response"]["NextToken"] if last else None
            last = self._line(self._page(token), token)
            first = first or last
            if last["response"]["JobStatus"] != "SUCCEEDED":
                return Pages(last, last)
            pages.add(last)
            if pages.rows == PAGES_PER_OBJECT or not last["response"].get("NextToken"):
                pages.put(self._s3, self._uri(objects))
                objects, pages = objects + 1, Ndjson()
        for uri in list_uris(self._s3, self._prefix)[objects:]:  # of a reading with smaller pages
            delete_prefix(self._s3, uri)
        return Pages(first, last)

    def _uri(self, number: int) -> str:
        return f"{self._prefix}pages-{number:06d}.ndjson.gz"

    def _page(self, token: str | None) -> Row:
        more = {"NextToken": token} if token else {}
        call = getattr(self._rekognition, xform_name(self._job.get_operation))
        reply: Row = retrying(PATIENCE)(
            call, JobId=self._job_id, MaxResults=PAGE_SIZE, **self._job.get_parameters, **more
        )
        return reply
