"""One Dag run on one partition: its identity and where it writes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from include.core.errors import TerminalError
from include.core.features import MediaType

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class PartitionError(TerminalError, ValueError):
    """The run has no usable partition key; the text says how to give it one."""


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar in the form ``YYYY-MM-DD``, in ASCII digits."""
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


@dataclass(frozen=True)
class Run:
    """A Dag run.

    :param bucket: bucket of the lake.
    :param partition: day of the lake, ``YYYY-MM-DD``.
    """

    bucket: str
    dag_id: str
    run_id: str
    partition: str

    def __post_init__(self) -> None:
        if not is_day(self.partition or ""):
            raise PartitionError(
                f"partition key {self.partition!r} is not a day such as 2026-11-20; "
                "trigger the Dag with a partition key, or backfill discover_media over the days wanted"
            )

    @property
    def token(self) -> str:
        """A short name of the run that is safe in a key and the same at every attempt."""
        return hashlib.sha256(f"{self.dag_id}/{self.run_id}".encode()).hexdigest()[:12]

    def manifest_uri(self) -> str:
        """Where discover leaves the manifest of the partition; a later discovery replaces it."""
        return f"s3://{self.bucket}/staging/manifests/dt={self.partition}/manifest.parquet"

    def plans_uri(self) -> str:
        """Prefix of all batches of the run's plan."""
        return f"s3://{self.bucket}/staging/plans/dt={self.partition}/run={self.token}/"

    def plan_uri(self, batch: int) -> str:
        """Where plan leaves a batch for the stages after it."""
        return f"{self.plans_uri()}batch-{batch:04d}.ndjson.gz"

    def responses_uri(self, batch: str) -> str:
        """Prefix of the archived image responses of a batch."""
        return f"s3://{self.bucket}/responses/dt={self.partition}/run={self.token}/{batch}/"

    def usage_uri(self, name: str) -> str:
        """One object of the usage log."""
        return f"s3://{self.bucket}/usage_log/dt={self.partition}/run={self.token}/{name}.ndjson.gz"

    def stopped_uri(self, batch: str) -> str:
        """Where analyze says which analyses of a batch a budget stopped."""
        return f"s3://{self.bucket}/staging/stopped/dt={self.partition}/run={self.token}/{batch}.json"

    def staged_uri(self, table: str, media_type: MediaType | None) -> str:
        """Prefix of what the run wrote of a table, before the audit."""
        return f"s3://{self.bucket}/staging/{table}/{self._partition_path(media_type)}run={self.token}/"

    def audit_uri(self, media_type: MediaType) -> str:
        """Where validate says what it audited."""
        return (
            f"s3://{self.bucket}/staging/audits/{self._partition_path(media_type)}run={self.token}/audit.json"
        )

    def published_uri(self, table: str, media_type: MediaType | None, version: str) -> str:
        """Prefix of what readers get once the audit has passed.

        :param version: name of the publication: no prefix is ever written twice.
        """
        return f"s3://{self.bucket}/curated/{table}/{self._partition_path(media_type)}version={version}/"

    def _partition_path(self, media_type: MediaType | None) -> str:
        return f"dt={self.partition}/" + (f"media_type={media_type}/" if media_type else "")


def usage_log_uri(bucket: str, partition: str) -> str:
    """Prefix of the usage log of a partition, over all runs."""
    return f"s3://{bucket}/usage_log/dt={partition}/"


def job_responses_uri(bucket: str, job_id: str) -> str:
    """Prefix of the archived pages of a video job, the same for every run that waits for it."""
    return f"s3://{bucket}/responses/jobs/{job_id}/"


def frame_responses_uri(bucket: str, analysis_key: str) -> str:
    """Prefix of the archived responses to the frames of a video, the same for every run that pays."""
    return f"s3://{bucket}/responses/frames/{analysis_key}/"
