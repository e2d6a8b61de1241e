"""What the audit of a run looked at: publish takes exactly these objects, or nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, NonNegativeInt, ValidationError

from include.core.errors import TerminalError
from include.core.features import MediaType
from include.core.run import Run
from include.store.compaction import staged_files
from include.store.objects import get, put

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class NoAuditError(TerminalError, LookupError):
    """The run has no record of an audit; the text says what to run."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AuditedObject(_Record):
    """A staged object.

    :ivar etag: of the content that was audited.
    """

    uri: str
    etag: str


class AuditedTable(_Record):
    """A staged table.

    :ivar rows: in all of its objects.
    """

    rows: NonNegativeInt
    objects: tuple[AuditedObject, ...]


class AuditedTables(_Record):
    """The tables of a run, as they were audited together.

    :ivar planned_at: when the run began to read what its data comes from: of two runs, the data of the one
        that was planned later is newer.
    :ivar audited_at: when the audit ended.
    """

    planned_at: AwareDatetime
    audited_at: AwareDatetime
    tables: dict[str, AuditedTable]

    @property
    def age(self) -> tuple[datetime, datetime]:
        """What runs of one day are ordered by, oldest first."""
        return self.planned_at, self.audited_at


def staged_objects(
    s3: S3Client, run: Run, table: str, media_type: MediaType | None
) -> tuple[AuditedObject, ...]:
    """Return the files of which a table of a run consists, in key order."""
    found = staged_files(s3, run.staged_uri(table, media_type))
    return tuple(AuditedObject(uri=file.uri, etag=file.etag) for file in found)


def write_audit(s3: S3Client, run: Run, media_type: MediaType, audited: AuditedTables) -> None:
    """Leave the record for the task that publishes."""
    put(s3, run.audit_uri(media_type), audited.model_dump_json().encode(), "application/json")


def read_audit(s3: S3Client, run: Run, media_type: MediaType) -> AuditedTables:
    """Read what :func:`write_audit` wrote.

    :raises NoAuditError: if there is no record, or one that does not fit.
    """
    uri = run.audit_uri(media_type)
    try:
        return AuditedTables.model_validate_json(get(s3, uri))
    except (FileNotFoundError, ValidationError) as error:
        raise NoAuditError(
            f"{uri} does not say what was audited: clear task `validate` of this run"
        ) from error
