"""A day is published whole: what readers see through Athena while runs publish, die and race."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.publish.earlier_versions import roll_back
from include.publish.pointers import StaleRunError
from include.publish.publications import publications_of
from include.publish.publisher import publish
from tests.integration.conftest import LocalLake
from tests.integration.published_days import BEGUN, DAYS, NAMES, POINTERS, PublishedDay, whole

pytestmark = pytest.mark.integration

# What takes minutes is played by `make faults`.
long = (pytest.mark.matrix, pytest.mark.timeout(1200))

ROOT = Path(__file__).parents[2]


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def day(local_lake: LocalLake) -> Iterator[PublishedDay]:
    """A day of the test's own."""
    with PublishedDay(local_lake, next(DAYS)) as day:
        yield day


def dies_before(pointer: int) -> Callable[[], None]:
    moved = iter(range(1000))

    def die() -> None:
        if next(moved) >= pointer:
            raise Killed

    return die


def wait_a_moment() -> None:
    time.sleep(random.uniform(0, 0.02))


@pytest.mark.parametrize("some_pointers", [[2], pytest.param(range(POINTERS), marks=long)])
def test_after_a_kill_before_a_pointer_retry_and_rollback_leave_one_run_everywhere(
    local_lake: LocalLake, some_pointers: Iterable[int]
) -> None:
    for pointer in some_pointers:
        with PublishedDay(local_lake, next(DAYS)) as day:
            die_and_recover(day, pointer)


def die_and_recover(day: PublishedDay, pointer: int) -> None:
    publish(day.workspace("run-1"), day.staged(1), "image")
    audited = day.staged(2)
    with pytest.raises(Killed):
        publish(day.workspace("run-2", dies_before(pointer)), audited, "image")
    publish(day.workspace("run-2"), audited, "image")
    day.assert_all_of(2)
    first = publications_of(day.clients["s3"], day.lake.settings.bucket, day.day)[0]
    roll_back(day.workspace("by-hand"), "ann", version=first.version)
    day.assert_all_of(1)


@pytest.mark.parametrize("races", [4, pytest.param(200, marks=long)])
def test_two_runs_that_publish_at_once_leave_one_of_them_everywhere(day: PublishedDay, races: int) -> None:
    """The one that was planned later, whoever is faster: each pointer waits for up to 20 ms."""
    audits = {number: day.staged(number) for number in (1, 2)}
    workspaces = {number: day.workspace(f"run-{number}", wait_a_moment) for number in audits}

    def contend(number: int, planned_at: datetime) -> bool:
        again = audits[number].model_copy(update={"planned_at": planned_at})
        try:
            publish(workspaces[number], again, "image")
        except StaleRunError:
            return False
        return True

    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for race in range(races):
            moments = [BEGUN + timedelta(minutes=2 * race + place) for place in range(2)]
            random.shuffle(moments)
            won = list(pool.map(contend, audits, moments))
            newest = moments.index(max(moments)) + 1
            (version,) = day.pointed_at() if len(day.pointed_at()) == 1 else ("mixed",)
            outcomes["mixed"] += version == "mixed"
            outcomes["newest"] += workspaces[newest].run.token in version
            outcomes["refused"] += won.count(False)
    print(json.dumps({"races": races, **outcomes}))
    assert (outcomes["mixed"], outcomes["newest"]) == (0, races)


class Reader:
    """Asks Athena for the day again and again, one table at a time and two joined."""

    def __init__(self, day: PublishedDay) -> None:
        self._day = day
        self._stopped = threading.Event()
        self.seen: Counter[tuple[Any, ...]] = Counter()
        self.joined: Counter[str] = Counter()

    def __enter__(self) -> Reader:
        self._threads = [threading.Thread(target=work) for work in (self._read_tables, self._read_joins)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _read_tables(self) -> None:
        while not self._stopped.is_set():
            for name in NAMES:
                self.seen[tuple(self._day.seen(name))] += 1

    def _read_joins(self) -> None:
        while not self._stopped.is_set():
            rows = self._day.query(
                "SELECT DISTINCT a.media_id, b.media_id FROM labels a JOIN texts b ON a.dt = b.dt"
                f" WHERE a.dt = '{self._day.day}'"
            )
            self.joined["one version" if all(left == right for left, right in rows) else "two versions"] += 1


@pytest.mark.parametrize(("publishes", "kills"), [(3, 1), pytest.param(50, 10, marks=long)])
def test_a_reader_sees_whole_days_while_runs_publish_and_die(
    day: PublishedDay, publishes: int, kills: int
) -> None:
    """A process that is killed is retried, as Airflow does."""
    publish(day.workspace("run-0"), day.staged(0), "image")
    killed = random.sample(range(1, publishes + 1), kills)
    with Reader(day) as reader:
        for number in range(1, publishes + 1):
            audited = day.staged(number)
            if number in killed:
                die_in_a_process(day, number, pointers=random.randrange(POINTERS))
            publish(day.workspace(f"run-{number}"), audited, "image")
    day.assert_all_of(publishes)
    figures = {"queries": reader.seen.total(), "joins": reader.joined}
    print(json.dumps({"publishes": publishes, "kills": kills, **figures}))
    assert set(reader.seen) <= {(whole(number),) for number in range(publishes + 1)}
    assert reader.seen.total() > publishes


def die_in_a_process(day: PublishedDay, number: int, pointers: int) -> None:
    module = "tests.integration.publishing_process"
    command = [sys.executable, "-m", module, f"run-{number}", day.day, str(pointers)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == -9, done.stderr
