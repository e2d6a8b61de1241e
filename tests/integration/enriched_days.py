"""Days of images that go through all stages of the local lake, each test with sources and days of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from include.analyze.image_analyzer import ImageAnalyzer
from include.core.lake import Lake
from include.core.prices import load_price_book
from include.core.run import Run
from include.core.selection import Selection
from include.discover.discovery import discover
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.plan.planner import plan
from include.publish.publisher import publish
from include.store.compaction import compact
from include.store.objects import Row
from include.store.plan_batches import read_plan
from include.store.workspace import Workspace
from include.validate.audit import validate
from tests.integration.conftest import LocalLake, paces, picture
from tools.query import run_query

BOOK = load_price_book("us-east-1")


@dataclass
class Days:
    """Days of a lake with two sources, ``one`` and ``two``, whose objects nobody else uses."""

    local_lake: LocalLake
    prefix: str = field(default_factory=lambda: f"raw/{uuid.uuid4().hex}")
    # Whoever had the same bytes would have paid for them already.
    seed: int = field(default_factory=lambda: uuid.uuid4().int % 2**31)

    def lake(self, one: Sequence[Any] = ("moderation",), two: Sequence[Any] = (), **more: Any) -> Lake:
        sources = [
            {
                "name": name,
                "prefix": f"{self.prefix}/{name}/",
                "cost_center": "team",
                "features": {"image": asked},
            }
            for name, asked in (("one", one), ("two", two))
        ]
        return Lake.model_validate({"cost_centers": {"team": {"title": "Team"}}, "sources": sources, **more})

    def picture(self, number: int) -> bytes:
        """Return a picture that is the same at each call, and in no other lake."""
        return picture(self.seed + number)

    def key(self, day: str, name: str, source: str = "one") -> str:
        return f"{self.prefix}/{source}/{day.replace('-', '/')}/{name}"

    def put(self, day: str, name: str, body: bytes, source: str = "one") -> None:
        bucket = self.local_lake.settings.bucket
        self.local_lake.client("s3").put_object(Bucket=bucket, Key=self.key(day, name, source), Body=body)

    def delete(self, day: str, name: str, source: str = "one") -> None:
        bucket = self.local_lake.settings.bucket
        self.local_lake.client("s3").delete_object(Bucket=bucket, Key=self.key(day, name, source))

    def run(self, day: str, dag_id: str = "enrich_images") -> Run:
        return Run(self.local_lake.settings.bucket, dag_id, f"run-{uuid.uuid4()}", day)

    def discover(self, day: str, lake: Lake) -> None:
        discover(self.local_lake.workspace(self.run(day, "discover_media"), lake))

    def enrich(
        self,
        day: str,
        lake: Lake,
        selections: Sequence[Selection] | None = None,
        approve: Callable[[Workspace, Row], object] = lambda *_: None,
    ) -> Row:
        """Run the stages from plan to publish as `enrich_images` does, and return the plan's figures.

        :param approve: called once the day is planned.
        """
        return self._stages(self.run(day), lake, selections, approve, pay=True)

    def reprocess(self, day: str, lake: Lake) -> Row:
        """Run the stages as `reprocess_images` does."""
        return self._stages(self.run(day, "reprocess_images"), lake, [], lambda *_: None, pay=False)

    def _stages(
        self,
        run: Run,
        lake: Lake,
        selections: Sequence[Selection] | None,
        approve: Callable[[Workspace, Row], object],
        pay: bool,
    ) -> Row:
        workspace = self.local_lake.workspace(run, lake, image_threads=4, lease_seconds=60)
        batches, figures = plan(workspace, "image", BOOK, dict, selections)
        approve(workspace, figures)
        for number, batch in enumerate(batches):
            name, rows = f"batch-{number:04d}", read_plan(workspace.s3, batch["uri"])
            if pay:
                ImageAnalyzer(workspace, batch=name, paces=paces()).analyze(rows)
            normalize_batch(workspace, "image", name, rows)
        compact(workspace.s3, run, "image")
        audit = validate(
            workspace,
            "image",
            figures["assets"],
            figures["analyses"],
            datetime.fromisoformat(figures["planned_at"]),
            normalize,
        )
        assert audit.failed == ""
        publish(workspace, audit.tables, "image")
        return figures

    def query(self, sql: str) -> list[Any]:
        settings = self.local_lake.settings
        athena = self.local_lake.client("athena")
        return list(run_query(athena, sql, settings.database, settings.workgroup).rows)

    def analyses(self, day: str) -> dict[tuple[str, str], str]:
        """Return the published status of each analysis, by file and feature."""
        rows = self.query(
            "SELECT m.key, a.feature, a.status FROM analyses a JOIN media_assets m"
            " ON m.dt = a.dt AND m.media_type = a.media_type AND m.media_id = a.media_id"
            f" WHERE a.dt = '{day}'"
        )
        return {(key.rsplit("/", 1)[1], feature): status for key, feature, status in rows}

    def calls(self) -> int:
        return sum(self.local_lake.billed().values())
