"""Reservations of tasks that died: what they may have paid for stays counted, the rest returns."""

from __future__ import annotations

from collections.abc import Mapping

from include.store.budget_records import BudgetRecord, Standing, is_chunk
from include.store.ledger import Entry, Ledger


def recover_expired(record: BudgetRecord, standing: Standing, ledger: Ledger, now: float) -> bool:
    """End the reservations whose lease has run out, as far as it is known what became of them.

    :param now: seconds since the epoch.
    :return: whether there was one to end.
    """
    expired = standing.expired(now)
    attempts = {token: _attempt(token) for token in expired if not is_chunk(token)}
    entries = ledger.lookup(key for key, _ in attempts.values())
    ended = False
    for token, reservation in expired.items():
        if is_chunk(token):
            record.close_chunk(token)
        elif (spent := _spent(*attempts[token], entries, reservation.micros)) is not None:
            record.settle(token, spent)
        else:
            continue
        ended = True
    return ended


def _attempt(token: str) -> tuple[str, int]:
    key, _, number = token.partition("/")
    return key, int(number)


def _spent(key: str, number: int, entries: Mapping[str, Entry], micros: int) -> int | None:
    """Return what an attempt at a video job spent, None while it may still be repeated or runs.

    Only a failure without a job proves that nothing was billed.
    """
    entry = entries.get(key)
    if entry is None or entry.number != number:
        return micros
    if entry.state == "running":
        return None
    return 0 if entry.state == "failed" and not entry.job_id else micros
