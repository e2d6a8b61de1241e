"""A publication: the versions of all tables of a day that belong together, and the record of them.

A day has up to three sets of tables, each with publications of its own: findings of images, findings of
videos, and costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from include.core.features import MediaType
from include.store.appended_rows import append_rows, read_appended
from include.store.objects import Row

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PUBLICATIONS = "publications"

Action = Literal["published", "rolled_back"]


class PublishedTable(BaseModel):
    """A table's version.

    :ivar location: prefix of its files.
    """

    model_config = ConfigDict(frozen=True)

    location: str
    rows: int


class Publication(BaseModel):
    """Versions of the tables of one set that readers get together.

    :ivar version: its name.
    :ivar media_type: None for costs.
    :ivar dag_id: of the run that made the data; ``run_id`` and the two instants likewise.
    :ivar published_at: when it was decided that readers get it.
    :ivar decided_by: who approved it in ``review`` or went back to it; None if nobody had to.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    media_type: MediaType | None
    dag_id: str
    run_id: str
    planned_at: AwareDatetime
    audited_at: AwareDatetime
    published_at: AwareDatetime
    tables: dict[str, PublishedTable]
    action: Action = "published"
    decided_by: str | None = None

    @property
    def locations(self) -> dict[str, str]:
        """Table to location."""
        return {name: table.location for name, table in self.tables.items()}

    @property
    def age(self) -> tuple[datetime, datetime]:
        """When its run was planned and audited: what runs of one day are ordered by, oldest first."""
        return self.planned_at, self.audited_at

    @property
    def not_before(self) -> tuple[datetime, datetime]:
        """Planned and audited earlier than this, a run may not replace it.

        What somebody went back to is replaced by runs that begin later, not by those that were under way.
        """
        if self.action == "rolled_back":
            return self.published_at, self.published_at
        return self.age


def note_publication(s3: S3Client, bucket: str, day: str, publication: Publication) -> str:
    """Add a publication to table ``publications``, once however often it is noted.

    :return: where the partition of the day is.
    """
    shared = publication.model_dump(exclude={"tables"})
    rows: list[Row] = [
        {**shared, "table_name": name, "location": table.location, "row_count": table.rows}
        for name, table in publication.tables.items()
    ]
    name = f"{publication.published_at:%Y%m%dT%H%M%S%f}-{publication.version}"
    return append_rows(s3, bucket, PUBLICATIONS, [day], rows, name)


def publications_of(s3: S3Client, bucket: str, day: str) -> list[Publication]:
    """Return what readers of a day ever got, oldest first."""
    rows = read_appended(s3, bucket, PUBLICATIONS, [day])
    rows.sort(key=lambda row: (row["published_at"], row["version"]))
    return [
        _publication(list(group))
        for _, group in groupby(rows, key=lambda row: (row["published_at"], row["version"]))
    ]


def _publication(rows: Iterable[Row]) -> Publication:
    rows = list(rows)
    instants = {
        name: rows[0][name].replace(tzinfo=UTC) for name in ("planned_at", "audited_at", "published_at")
    }
    tables = {
        row["table_name"]: PublishedTable(location=row["location"], rows=row["row_count"]) for row in rows
    }
    return Publication.model_validate({**rows[0], **instants, "tables": tables})
