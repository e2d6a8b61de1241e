"""Reservations of tasks that died: what they may have paid for stays counted, the rest returns."""

from __future__ import annotations

from collections.abc import Mapping

from include.store.budget_records import BudgetRecord, Standing, is_chunk, is_job
from include.store.ledger import Entry, Ledger


def recover_expired(record: BudgetRecord, standing: Standing, ledger: Ledger, now: float) -> bool:
    """End the reservations whose lease has run out, as far as it is known what became of them.

    :param now: seconds since the epoch.
    :return: whether there was one to end.
    """
    expired = standing.expired(now)
    attempts = {token: _attempt(token) for token in expired if is_job(token)}
    entries = ledger.lookup(key for key, _ in attempts.values())
    ended = False
    for token in expired:
        if is_chunk(token):
            record.close_chunk(token)
        elif token not in attempts:  # the hour of a model, which may have run
            record.settle(token, None)
        elif not _may_go_on(*attempts[token], entries):
            record.settle(token, 0 if _was_refused(*attempts[token], entries) else None)
        else:
            continue
        ended = True
    return ended


def _attempt(token: str) -> tuple[str, int]:
    key, _, number = token.partition("/")
    return key, int(number)


def _may_go_on(key: str, number: int, entries: Mapping[str, Entry]) -> bool:
    """Whether a job may be running, or its request may be sent again, which AWS bills once."""
    entry = entries.get(key)
    return entry is not None and entry.number == number and entry.state == "running"


def _was_refused(key: str, number: int, entries: Mapping[str, Entry]) -> bool:
    """Whether AWS started no job, and so bills nothing."""
    entry = entries.get(key)
    return entry is not None and entry.number == number and entry.state == "failed" and not entry.job_id
