"""Sorted runs, kept on the local disk and merged into one: memory holds some rows of each at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

_Key = tuple[tuple[bool, Any], ...]


def in_order(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Return rows in the order of keys, nulls last; rows with equal keys keep theirs.

    :param keys: columns; if there are none, the rows stay as they are.
    """
    return rows.combine_chunks().sort_by([(key, "ascending") for key in keys]) if keys else rows


class SpilledRuns:
    """Runs in one file of the local disk, in Arrow's own format and compressed.

    :param path: of the file.
    :param schema: of all rows.
    :param rows_at_a_time: of a run that are read together.
    :ivar rows: of all runs.
    """

    def __init__(self, path: Path, schema: pa.Schema, rows_at_a_time: int) -> None:
        self.rows = 0
        self._path = path
        self._rows_at_a_time = rows_at_a_time
        self._writer = pa.ipc.new_file(path, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        self._batches: list[int] = []

    def add(self, rows: pa.Table) -> None:
        """Add the rows of a run, which are in order."""
        batches = rows.combine_chunks().to_batches(max_chunksize=self._rows_at_a_time)
        for batch in batches:
            self._writer.write_batch(batch)
        self._batches.append(len(batches))
        self.rows += rows.num_rows

    def read(self) -> Iterator[Iterator[pa.Table]]:
        """Yield each run, some rows at a time; nothing can be added then."""
        self._writer.close()
        file = pa.ipc.open_file(pa.OSFile(str(self._path)))
        start = 0
        for count in self._batches:
            yield (pa.Table.from_batches([file.get_batch(number)]) for number in range(start, start + count))
            start += count


def merge(runs: Iterable[Iterator[pa.Table]], keys: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows of all runs in order, as tables of any length.

    In each round, rows up to the least of the last keys in hand are complete: no run has an earlier one.
    The same runs always give the same.

    :param runs: each yields tables of one schema; its rows are in order over all of them, nulls last.
    :param keys: columns of texts or whole numbers.
    """
    heads = [_Head(run, keys) for run in runs]
    while heads := [head for head in heads if head.fill()]:
        bound = min(head.last for head in heads)
        complete = [head.take(bound) for head in heads if head.first <= bound]
        yield in_order(pa.concat_tables(complete), keys)


class _Head:
    """The rows of a run that are in hand: at most twice as many as it yields at a time.

    :ivar first: key of the first of them, ``last`` of the last.
    """

    first: _Key
    last: _Key

    def __init__(self, run: Iterator[pa.Table], keys: Sequence[str]) -> None:
        self._run = run
        self._keys = keys
        self._take_in_hand(next(run))
        self._enough = self._rows.num_rows

    def _take_in_hand(self, rows: pa.Table) -> None:
        self._rows = rows
        if rows.num_rows:
            self.first, self.last = self._key(0), self._key(rows.num_rows - 1)

    def fill(self) -> bool:
        """Take enough rows of the run in hand, if it has them; whether there are any."""
        if self._rows.num_rows < self._enough and (following := next(self._run, None)) is not None:
            self._take_in_hand(pa.concat_tables([self._rows, following]))
        return bool(self._rows.num_rows)

    def take(self, bound: _Key) -> pa.Table:
        """Hand out the rows whose key is not beyond a bound."""
        count = bisect_right(range(self._rows.num_rows), bound, key=self._key)
        taken = self._rows.slice(0, count)
        self._take_in_hand(self._rows.slice(count))
        return taken

    def _key(self, row: int) -> _Key:
        values = (self._rows.column(key)[row].as_py() for key in self._keys)
        return tuple((value is None, value) for value in values)
