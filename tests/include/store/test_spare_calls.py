from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from include.core.run import Run
from include.store.ledger import Ledger
from include.store.spare_calls import SpareCalls


def test_tasks_of_a_run_share_them_and_never_take_more_than_there_are(ledger: Ledger, run: Run) -> None:
    SpareCalls(ledger, run).allow(7)
    tasks = [SpareCalls(ledger, run) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        taken = list(pool.map(lambda task: task.take(2), tasks))
    assert taken.count(True) == 3
    assert [task.used_up for task in tasks] == [not enough for enough in taken]
    assert SpareCalls(ledger, run).take(1)
    assert not SpareCalls(ledger, run).take(1)


def test_nothing_is_always_there_and_a_run_of_an_earlier_version_has_enough(ledger: Ledger, run: Run) -> None:
    assert SpareCalls(ledger, run).take(1_000)
    SpareCalls(ledger, run).allow(0)
    spare = SpareCalls(ledger, run)
    assert spare.take(0)
    assert not spare.used_up
