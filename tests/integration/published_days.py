"""Days whose tables runs publish over and over: rows say of which run they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from include.core.run import Run
from include.core.schemas import TABLES
from include.publish.publications import PUBLICATIONS
from include.store.audited_tables import AuditedTables, write_audit
from include.store.tables import TableWriter
from include.store.workspace import Workspace
from tests.integration.conftest import LocalLake
from tests.staged_tables import as_audited
from tests.table_rows import least_row
from tests.workspaces import make_workspace
from tools.query import run_query

NAMES = ["analyses", "labels", "media_assets", "texts"]
# Partitions that a publication moves: those of the tables, then that of table publications.
POINTERS = len(NAMES) + 1
BEGUN = datetime(2026, 11, 21, tzinfo=UTC)
# Each is used once: modules share a lake.
DAYS = iter(f"2032-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29))


@dataclass
class PublishedDay:
    """A day of the lake with tables of runs, whose rows say of which run they are.

    It is a context: at its end the catalog forgets the day, because other tests look at all days.
    """

    lake: LocalLake
    day: str
    clients: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> PublishedDay:
        return self

    def __exit__(self, *_: object) -> None:
        glue, database = self.lake.client("glue"), self.lake.settings.database
        for name in NAMES:
            glue.delete_partition(DatabaseName=database, TableName=name, PartitionValues=[self.day, "image"])
        glue.delete_partition(DatabaseName=database, TableName=PUBLICATIONS, PartitionValues=[self.day])

    def workspace(self, run_id: str, before_pointer: Callable[[], None] | None = None) -> Workspace:
        """Return what a run works with.

        :param before_pointer: called before each pointer moves.
        """
        run = Run(self.lake.settings.bucket, "enrich_images", run_id, self.day)
        clients = self.clients or {name: self.lake.client(name) for name in ("dynamodb", "glue", "s3")}
        self.clients = clients
        if before_pointer:
            glue = self.lake.client("glue")
            for operation in ("CreatePartition", "UpdatePartition"):
                glue.meta.events.register(f"before-send.glue.{operation}", lambda **_: before_pointer())
            clients = clients | {"glue": glue}
        return make_workspace(run, self.lake.session, self.lake.settings, **clients)

    def staged(self, number: int) -> AuditedTables:
        """Stage and audit the tables of a run, in two files each."""
        workspace = self.workspace(f"run-{number}")
        for batch in range(2):
            writer = TableWriter(workspace.s3, workspace.run, "image", f"batch-{batch:04d}")
            for name in NAMES:
                for _ in range(rows_of_run(number)):
                    writer.add(name, least_row(TABLES[name]) | {"media_id": f"run-{number}"})
            writer.close()
        planned_at = BEGUN + timedelta(minutes=number)
        audited = as_audited(workspace, NAMES, "image", planned_at)
        write_audit(workspace.s3, workspace.run, "image", audited)
        return audited

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        settings = self.lake.settings
        athena = self.lake.client("athena")
        return [tuple(row) for row in run_query(athena, sql, settings.database, settings.workgroup).rows]

    def seen(self, name: str) -> list[tuple[Any, ...]]:
        """Return the runs whose rows a reader of a table gets, with their number."""
        return self.query(
            f"SELECT media_id, count(*) FROM {name} WHERE dt = '{self.day}' GROUP BY media_id ORDER BY 1"
        )

    def pointed_at(self) -> set[str]:
        """Return the versions that partitions of the tables point to."""
        glue = self.clients["glue"]
        found = (
            glue.get_partition(
                DatabaseName=self.lake.settings.database, TableName=name, PartitionValues=[self.day, "image"]
            )["Partition"]
            for name in NAMES
        )
        return {partition["StorageDescriptor"]["Location"].split("version=")[1] for partition in found}

    def assert_all_of(self, number: int) -> None:
        assert {name: self.seen(name) for name in NAMES} == {name: [whole(number)] for name in NAMES}
        assert len(self.pointed_at()) == 1


def rows_of_run(number: int) -> int:
    """Return how many rows each of the two files of a run has."""
    return 1 + number % 4


def whole(number: int) -> tuple[str, int]:
    return f"run-{number}", 2 * rows_of_run(number)
