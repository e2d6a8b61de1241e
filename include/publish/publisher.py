"""Publish: copy what passed the audit to a place of its own and point the Glue partitions there.

Readers of a table get the old version or the new one, whole: published data is never written again, also
when tasks are cleared. All tables of a day move together (:mod:`include.publish.pointers`). What was
published before stays until it expires, and table ``publications`` says where.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.core.errors import CHANGED_OBJECT, NO_OBJECT, TerminalError, error_code
from include.core.features import MediaType
from include.core.run import Run
from include.publish.glue_catalog import Catalog
from include.publish.pointers import Pointers
from include.publish.publications import Publication, PublishedTable
from include.store.audited_tables import AuditedObject, AuditedTables
from include.store.objects import split_uri
from include.store.workspace import Workspace

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

COPY_THREADS = 8


class ChangedSinceAuditError(TerminalError, ValueError):
    """A staged object is not the one that was audited; the text says which and what to do."""


def publish(
    workspace: Workspace,
    audited: AuditedTables,
    media_type: MediaType | None,
    decided_by: str | None = None,
) -> dict[str, str]:
    """Give readers what the run staged and audited.

    All data is copied before the first partition moves. If an earlier attempt got that far, this one finishes
    it; if it came to its end, nothing is done.

    :param media_type: None for costs.
    :param decided_by: who approved it although rules are broken; None if nobody had to.
    :return: table to location.
    :raises ChangedSinceAuditError: if a staged object was changed after the audit, or is gone.
    :raises include.publish.pointers.StaleRunError: if readers have newer data.
    :raises include.publish.glue_catalog.NoTableError: if a table was never created.
    """
    run = workspace.run
    pointers = Pointers(workspace, list(audited.tables), media_type)
    live = pointers.live()
    if live and _is_of(live, run, audited):
        log.info("this run has published what it audited, as version %s", live.version)
        return live.locations
    now = datetime.now(UTC)
    version = f"{now:%Y%m%dT%H%M%S%f}-{run.token}"
    tables = {
        name: PublishedTable(location=run.published_uri(name, media_type, version), rows=table.rows)
        for name, table in audited.tables.items()
    }
    with ThreadPoolExecutor(COPY_THREADS) as pool:
        for name, table in audited.tables.items():
            places = repeat(run.staged_uri(name, media_type)), repeat(tables[name].location)
            list(pool.map(_copy, repeat(workspace.s3), table.objects, *places))
    publication = Publication(
        version=version,
        media_type=media_type,
        dag_id=run.dag_id,
        run_id=run.run_id,
        planned_at=audited.planned_at,
        audited_at=audited.audited_at,
        published_at=now,
        tables=tables,
        decided_by=decided_by,
    )
    pointers.move(publication)
    return publication.locations


def _is_of(live: Publication, run: Run, audited: AuditedTables) -> bool:
    """Whether a publication is of this run, and of this audit."""
    made = live.dag_id, live.run_id, live.age
    return live.action == "published" and made == (run.dag_id, run.run_id, audited.age)


def is_published(workspace: Workspace, table: str, media_type: MediaType | None) -> bool:
    """Return whether the run's day has a partition of a table, of whatever run."""
    run = workspace.run
    values = [run.partition, media_type] if media_type else [run.partition]
    catalog = Catalog(workspace.aws.client("glue"), workspace.settings.database)
    return catalog.location(table, values) is not None


def _copy(s3: S3Client, audited: AuditedObject, staged: str, location: str) -> None:
    """Copy an object within S3, from below a prefix to below another, if it is still the one audited."""
    bucket, key = split_uri(audited.uri)
    target_bucket, target_key = split_uri(location + audited.uri.removeprefix(staged))
    try:
        s3.copy(
            {"Bucket": bucket, "Key": key},
            target_bucket,
            target_key,
            ExtraArgs={"CopySourceIfMatch": audited.etag},
        )
    except ClientError as error:
        if error_code(error) not in CHANGED_OBJECT | NO_OBJECT:
            raise
        raise ChangedSinceAuditError(
            f"{audited.uri} is not what was audited any more: nothing was published; clear task `plan` of "
            "this run with all tasks after it"
        ) from error
