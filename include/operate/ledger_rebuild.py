"""Rebuilding a ledger that was lost, or brought back to an earlier time, from the archive and the usage log.

What the ledger knows stays, unless the archive knows better. A rebuild may be repeated, and other runs may
work meanwhile. ``docs/BACKUP.md`` says what cannot be rebuilt.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.core.errors import TerminalError
from include.operate.erasure import left
from include.store.archived_entries import ArchivedEntries, ArchivedGroup, archived_groups, usage_of_jobs
from include.store.erased_contents import ANYTHING_ERASED, erased_item, noted_bars
from include.store.response_archive import DamagedArchiveError

if TYPE_CHECKING:
    from include.store.ledger import Entry, Ledger
    from include.store.workspace import Deployment

THREADS = 16
# Groups that are read ahead: each holds the lines of one object at most.
WINDOW = 4 * THREADS
KEPT_MISTAKES = 20


class RebuildError(TerminalError):
    """The ledger cannot be rebuilt now; the text says what to do first."""


@dataclass
class Rebuild:
    """What a rebuild wrote, or would write.

    :ivar groups: of the archive that were read.
    :ivar place: key of the newest of them.
    :ivar written: entries by state: ``done``, ``failed``, or ``running``, which the next run takes up.
    :ivar kept: entries that the ledger had, and that stay.
    :ivar bars: contents that are barred again from being analyzed, because they were erased.
    :ivar mistakes: what of the archive cannot be read, the first ones; ``damaged`` is their number.
    """

    groups: int = 0
    place: str = ""
    written: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    bars: int = 0
    damaged: int = 0
    mistakes: list[str] = field(default_factory=list)


@dataclass
class _Restored:
    """What came of one group."""

    group: ArchivedGroup
    written: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    mistake: str = ""


def rebuild_ledger(
    deployment: Deployment, *, change: bool, tell: Callable[[Rebuild], None] = lambda _: None
) -> Rebuild:
    """Rebuild the ledger, or only count what would be written.

    Each object of the archive is read once: of a job the first and the last. Memory holds a window of them,
    and a place of the usage log for each job.

    :param tell: gets the figures so far, after each group.
    :raises RebuildError: if an erasure is half done: what it erases would come back.
    """
    s3, bucket, ledger = deployment.s3, deployment.settings.bucket, deployment.ledger
    if undone := [each.erasure_id for each in left(deployment)]:
        raise RebuildError(
            f"erasure {', '.join(undone)} is half done: finish it with `make erase ... CONFIRM=yes`, "
            "so that nothing of it comes back"
        )
    bars = noted_bars(s3, bucket)
    figures = Rebuild(bars=_bar(ledger, bars, change=change))
    entries = ArchivedEntries(s3, bars, usage_of_jobs(s3, bucket), change=change)
    for restored in _in_window(
        lambda group: _restore(ledger, entries, group, change=change), archived_groups(s3, bucket)
    ):
        _add(figures, restored)
        tell(figures)
    return figures


def _bar(ledger: Ledger, bars: Mapping[str, str], *, change: bool) -> int:
    """Bar the contents that were erased from being analyzed again, and return how many the ledger let pass.

    :param bars: key of the item to the erasure's id.
    """
    missing = bars.keys() - ledger.present(bars)
    if missing and change:
        ledger.replace(erased_item(key, bars[key]) for key in sorted(missing))
        ledger.replace([erased_item(ANYTHING_ERASED, "rebuilt")])
    return len(missing)


def _in_window(
    restore: Callable[[ArchivedGroup], _Restored], groups: Iterable[ArchivedGroup]
) -> Iterator[_Restored]:
    """Restore groups in threads, in order, never more than a window ahead."""
    pending: deque[Future[_Restored]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for group in groups:
                pending.append(pool.submit(restore, group))
                if len(pending) > WINDOW:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _restore(ledger: Ledger, entries: ArchivedEntries, group: ArchivedGroup, *, change: bool) -> _Restored:
    restored = _Restored(group)
    try:
        found = entries.of(group)
    except DamagedArchiveError as error:
        restored.mistake = str(error)
        return restored
    except (LookupError, TypeError, ValueError, OSError) as error:
        restored.mistake = f"{group.first} or its usage is not as the lake wrote it ({error!r})"
        return restored
    known, now = ledger.lookup(entry.key for entry in found), ledger.now()
    for entry in found:
        stands = known.get(entry.key)
        if (stands is None or stands.gives_way_to(entry, now)) and (not change or _write(ledger, entry)):
            restored.written[entry.state] += 1
        else:
            restored.kept += 1
    return restored


def _write(ledger: Ledger, entry: Entry) -> bool:
    """Write an entry; whoever waits for a job whose pages are archived need not hear of its end again."""
    written = ledger.restore(entry)
    if written and entry.state == "running" and entry.job_id:
        ledger.record_end(entry.job_id, "SUCCEEDED", entry.started_at * 1000)
    return written


def _add(figures: Rebuild, restored: _Restored) -> None:
    figures.groups += 1
    figures.place = restored.group.first
    figures.written += restored.written
    figures.kept += restored.kept
    if restored.mistake:
        figures.damaged += 1
        if len(figures.mistakes) < KEPT_MISTAKES:
            figures.mistakes.append(restored.mistake)
