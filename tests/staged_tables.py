"""What a run staged, as an audit would pass it on, for tests that audit nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from include.core.features import MediaType
from include.store.audited_tables import AuditedTable, AuditedTables, staged_objects
from include.store.workspace import Workspace


def as_audited(
    workspace: Workspace,
    tables: Iterable[str],
    media_type: MediaType | None,
    planned_at: datetime | None = None,
) -> AuditedTables:
    """Return what is staged now; of its rows only the objects are counted.

    :param planned_at: by default now.
    """
    objects = {name: staged_objects(workspace.s3, workspace.run, name, media_type) for name in tables}
    now = datetime.now(UTC)
    return AuditedTables(
        planned_at=planned_at or now,
        audited_at=now,
        tables={name: AuditedTable(rows=len(found), objects=found) for name, found in objects.items()},
    )
