"""All tables of a day move together, whoever is killed and however many publish at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import Settings
from include.publish import pointers as pointers_module
from include.publish.pointers import BusyError, Pointers, StaleRunError
from include.publish.publications import Publication, PublishedTable, publications_of
from include.store.workspace import Workspace
from tests.workspaces import make_workspace

NAMES = ["analyses", "labels", "media_assets", "texts"]
BEGUN = datetime(2026, 11, 21, 4, tzinfo=UTC)


class Killed(BaseException):
    """The process dies here."""


class Catalog:
    """Glue, with what it answers quickly kept in memory; calls may be slow, and the process may die."""

    def __init__(self, dies_at: int | None = None, jitter: float = 0, partitions: Any = None) -> None:
        self.partitions: dict[tuple[str, ...], str] = {} if partitions is None else partitions
        self._dies_at = dies_at
        self._jitter = jitter
        self._calls = 0

    def get_table(self, DatabaseName: str, Name: str) -> Any:
        columns = [{"Name": column.name, "Type": column.type} for column in TABLES[Name].columns]
        return {"Table": {"StorageDescriptor": {"Columns": columns}}}

    def update_partition(self, TableName: str, PartitionInput: Any, **_: Any) -> None:
        self._calls += 1
        if self._dies_at is not None and self._calls > self._dies_at:
            raise Killed
        time.sleep(random.uniform(0, self._jitter))
        values = (TableName, *PartitionInput["Values"])
        self.partitions[values] = PartitionInput["StorageDescriptor"]["Location"]

    def versions(self) -> set[str]:
        """Return the versions that readers of the day's tables get."""
        found = {name: self.partitions.get((name, "2026-11-20", "image"), "none") for name in NAMES}
        return {location.removeprefix(name) for name, location in found.items()}


def publication(run: Run, minutes: int = 0, **changes: Any) -> Publication:
    """Return a publication that was planned some minutes after the first."""
    planned = BEGUN + timedelta(minutes=minutes)
    version = f"{minutes:03d}-{run.token}"
    return Publication(
        version=version,
        media_type="image",
        dag_id=run.dag_id,
        run_id=run.run_id,
        planned_at=planned,
        audited_at=planned + timedelta(minutes=1),
        published_at=planned + timedelta(minutes=2),
        tables={name: PublishedTable(location=f"{name}{version}", rows=1) for name in NAMES},
        **changes,
    )


@pytest.fixture
def made(aws: SimpleNamespace, s3: Any, ledger: Any) -> Callable[..., Pointers]:
    """Makes the pointers of a run's day."""

    def make(run: Run, catalog: Catalog, **changes: Any) -> Pointers:
        return Pointers(workspace(run, aws, catalog), NAMES, "image", **changes)

    return make


def workspace(run: Run, aws: SimpleNamespace, catalog: Catalog) -> Workspace:
    return make_workspace(run, boto3.Session(), Settings(), s3=aws.s3, dynamodb=aws.dynamodb, glue=catalog)


@pytest.fixture
def runs(run: Run) -> tuple[Run, Run]:
    return run, replace(run, run_id="another")


@pytest.mark.parametrize("moved", range(len(NAMES) + 1))
def test_a_run_that_is_killed_between_two_tables_is_finished_by_its_retry(
    made: Callable[..., Pointers], runs: tuple[Run, Run], s3: Any, moved: int
) -> None:
    run, before = runs
    catalog = Catalog()
    made(before, catalog).move(publication(before))
    ours = publication(run, 10)
    with pytest.raises(Killed):
        made(run, Catalog(dies_at=moved, partitions=catalog.partitions)).move(ours)
    made(run, catalog).live()
    assert catalog.versions() == {ours.version}
    assert publications_of(s3, run.bucket, run.partition) == [publication(before), ours]


@pytest.mark.parametrize("moved", range(len(NAMES) + 1))
def test_whoever_goes_back_after_a_kill_finishes_the_killed_run_first(
    made: Callable[..., Pointers], runs: tuple[Run, Run], s3: Any, moved: int
) -> None:
    """So the day goes back to one version, with or without a retry, and what it goes back to is whole."""
    before, run = runs
    catalog = Catalog()
    first, second = publication(before), publication(run, 10)
    made(before, catalog).move(first)
    with pytest.raises(Killed):
        made(run, Catalog(dies_at=moved, partitions=catalog.partitions)).move(second)
    back = first.model_copy(update={"action": "rolled_back", "published_at": BEGUN + timedelta(hours=1)})
    after_the_hold = time.time() + pointers_module.HOLD_SECONDS + 1
    made(before, catalog, clock=lambda: after_the_hold).move(back)
    assert catalog.versions() == {first.version}
    assert publications_of(s3, run.bucket, run.partition) == [first, second, back]


@pytest.mark.parametrize("moved", [0, 2, len(NAMES)])
def test_the_next_run_finishes_it_and_then_publishes(
    made: Callable[..., Pointers], runs: tuple[Run, Run], s3: Any, moved: int
) -> None:
    run, later = runs
    catalog = Catalog()
    ours, theirs = publication(run), publication(later, 10)
    with pytest.raises(Killed):
        made(run, Catalog(dies_at=moved, partitions=catalog.partitions)).move(ours)
    after_the_hold = time.time() + pointers_module.HOLD_SECONDS + 1
    made(later, catalog, clock=lambda: after_the_hold).move(theirs)
    assert catalog.versions() == {theirs.version}
    assert publications_of(s3, run.bucket, run.partition) == [ours, theirs]


def test_nobody_else_publishes_while_a_run_does(
    made: Callable[..., Pointers], runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, later = runs
    catalog = Catalog()
    with pytest.raises(Killed):
        made(run, Catalog(dies_at=1, partitions=catalog.partitions)).move(publication(run))
    monkeypatch.setattr(pointers_module, "WAIT_SECONDS", 0.3)
    with pytest.raises(BusyError, match="another run still publishes 2026-11-20/image"):
        made(later, catalog).move(publication(later, 10))


def test_a_publisher_whose_machine_stood_still_follows_the_one_that_overtook_it(
    made: Callable[..., Pointers], runs: tuple[Run, Run]
) -> None:
    run, later = runs
    catalog = Catalog()

    class Overtaken(Catalog):
        """The machine stands still before the first table moves; the hold runs out; another run publishes."""

        overtaken = False

        def update_partition(self, **request: Any) -> None:  # type: ignore[override]
            if not self.overtaken:
                self.overtaken = True
                after_the_hold = time.time() + pointers_module.HOLD_SECONDS + 1
                made(later, catalog, clock=lambda: after_the_hold).move(publication(later, 10))
            super().update_partition(**request)

    made(run, Overtaken(partitions=catalog.partitions)).move(publication(run))
    assert catalog.versions() == {publication(later, 10).version}


@pytest.mark.parametrize("races", [50, pytest.param(200, marks=pytest.mark.matrix)])
def test_two_that_publish_at_once_leave_one_of_them_everywhere(
    made: Callable[..., Pointers], runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch, races: int
) -> None:
    monkeypatch.setattr(pointers_module, "POLL_SECONDS", 0.005)
    catalog = Catalog(jitter=0.002)

    def contend(run: Run, minutes: int) -> bool:
        try:
            made(run, catalog).move(publication(run, minutes))
        except StaleRunError:
            return False
        return True

    mixed = 0
    with ThreadPoolExecutor(2) as pool:
        for race in range(races):
            minutes = [2 * race, 2 * race + 1]
            random.shuffle(minutes)
            won = list(pool.map(contend, runs, minutes))
            assert any(won)
            newest = publication(runs[minutes.index(2 * race + 1)], 2 * race + 1).version
            mixed += catalog.versions() != {newest}
    assert mixed == 0


def test_what_somebody_went_back_to_is_replaced_by_runs_that_begin_later_only(
    made: Callable[..., Pointers], runs: tuple[Run, Run]
) -> None:
    run, later = runs
    catalog = Catalog()
    first, second = publication(run), publication(later, 10)
    made(run, catalog).move(first)
    made(later, catalog).move(second)
    back = first.model_copy(
        update={"action": "rolled_back", "decided_by": "ann", "published_at": BEGUN + timedelta(minutes=30)}
    )
    made(run, catalog).move(back)
    assert catalog.versions() == {first.version}
    with pytest.raises(StaleRunError, match="gone back to at 2026-11-21 04:30:00 UTC"):
        made(later, catalog).move(publication(later, 20))
    made(later, catalog).move(publication(later, 40))
