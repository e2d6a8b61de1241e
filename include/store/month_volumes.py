"""What the days of the lake used in a calendar month, kept so that tiers can be counted over all of them.

An index for each month says, for each day of the lake, from when to when it used units of which price line,
and with which result it was priced last. The units by instant lie in a file for each day and line. Index and
files never change: a changed index is another object, and an item of the ledger's table says which counts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict

from include.core.errors import TransientError
from include.store.objects import delete, get, put
from include.store.parquet import write_parquet

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# Where indexes and curves are in the lake's bucket.
VOLUMES_PREFIX = "reports/volumes/"

# Before anything that this version registers: what earlier versions published.
EARLIER = datetime(1970, 1, 1, tzinfo=UTC)

_SCHEMA = pa.schema(
    [pa.field("at", pa.int64(), nullable=False), pa.field("units", pa.int64(), nullable=False)]
)

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """Units that were paid for, by instant. Both are whole numbers, so that sums do not depend on an order.

    :param at: milliseconds since the epoch, rising.
    :param units: billionths of a unit; 0 where something was only reused.
    """

    at: Integers
    units: Integers


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Model):
    """What a day of the lake used of a price line in a month.

    :ivar first: instant of the first use, in milliseconds since the epoch; ``last`` likewise.
    :ivar units: billionths of a unit.
    :ivar digest: of its :class:`Curve`; ``uri`` is of the file with it.
    """

    first: int
    last: int
    units: int
    digest: str
    uri: str


class Priced(_Model):
    """How a day was published last.

    :ivar read_at: of the usage that was priced.
    :ivar inputs: digest of everything that its prices follow from.
    :ivar rows: digest of its cost tables.
    :ivar location: where its rows of table ``usage`` are.
    """

    read_at: AwareDatetime
    inputs: str
    rows: str
    location: str


class DayVolume(_Model):
    """What a day of the lake used in a month.

    :ivar read_at: when its usage was read.
    :ivar lines: by price item.
    :ivar months: all months in which the day used something.
    """

    read_at: AwareDatetime
    lines: dict[str, Line]
    months: tuple[str, ...]
    priced: Priced | None = None


class MonthIndex(_Model):
    """What is known of a month.

    :ivar days: by day of the lake.
    :ivar others: what other users of the account used, by price item.
    :ivar is_complete: whether the days are here that earlier versions published.
    """

    days: dict[str, DayVolume] = {}
    others: dict[str, Line] = {}
    is_complete: bool = False

    @property
    def uris(self) -> set[str]:
        """Of the files with curves."""
        lines = [*self.others.values()]
        lines += (line for day in self.days.values() for line in day.lines.values())
        return {line.uri for line in lines}

    def with_day(self, day: str, volume: DayVolume) -> MonthIndex:
        """Return the index with a day in place of what it knew of it."""
        return self.model_copy(update={"days": {**self.days, day: volume}})


class ChangedMeanwhileError(TransientError, LookupError):
    """A file of the month was replaced while it was wanted: read the index again."""


class Shared(Protocol):
    """A record that many change; :class:`include.store.shared_record.SharedRecord` is one."""

    def read(self) -> dict[str, Any]:
        """Return the record, empty if there is none."""

    def change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Replace the record by what a function makes of it, as often as it takes."""


class Files(Protocol):
    """Where files are kept."""

    def put(self, uri: str, body: bytes) -> None:
        """Write a file."""

    def get(self, uri: str) -> bytes:
        """Return a file.

        :raises FileNotFoundError: if there is none.
        """

    def delete(self, uris: list[str]) -> None:
        """Delete files; one that is not there is no error."""


class S3Files:
    """Files in S3."""

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3

    def put(self, uri: str, body: bytes) -> None:
        put(self._s3, uri, body)

    def get(self, uri: str) -> bytes:
        return get(self._s3, uri)

    def delete(self, uris: list[str]) -> None:
        delete(self._s3, uris)


class MonthVolumes:
    """The indexes of all months and the files with their curves.

    :param shared: gives the record of a name.
    :param prefix: URI below which files lie.
    """

    def __init__(self, files: Files, shared: Callable[[str], Shared], prefix: str) -> None:
        self._files = files
        self._shared = shared
        self._prefix = prefix

    def read(self, month: str) -> MonthIndex:
        """Return the index of a month, which is empty if nobody used anything.

        :param month: ``YYYY-MM``.
        """
        for _ in range(10):
            uri = self._record(month).read().get("uri")
            try:
                return self._index(uri)
            except FileNotFoundError:
                continue  # another report has just replaced it
        raise ChangedMeanwhileError(f"index {uri} of {month} is gone, and the ledger still names it")

    def change(self, month: str, change: Callable[[MonthIndex], MonthIndex]) -> MonthIndex:
        """Replace the index of a month by what a function makes of it, and return it."""
        attempts: dict[str, tuple[str, MonthIndex, MonthIndex]] = {}

        def changed(record: dict[str, Any]) -> dict[str, Any]:
            uri = record.get("uri", "")
            try:
                before = self._index(uri)
            except FileNotFoundError:
                return record  # which is refused: another report has just replaced it
            after = change(before)
            wanted = uri if after == before else self._write(month, after)
            attempts[wanted] = uri, before, after
            return {"uri": wanted}

        counts = self._record(month).change(changed).get("uri", "")
        if counts not in attempts:
            raise ChangedMeanwhileError(f"index {counts} of {month} is gone, and the ledger still names it")
        replaced, before, after = attempts.pop(counts)
        unused = {replaced, *attempts} - {counts, ""} | before.uris - after.uris
        self._files.delete(sorted(unused))
        return after

    def register(
        self, month: str, day: str, read_at: datetime, curves: Mapping[str, Curve], months: tuple[str, ...]
    ) -> None:
        """Note what a day of the lake used in a month, unless it is known from a later reading.

        :param read_at: when its usage was read.
        :param curves: by price item.
        :param months: all months in which the day used something.
        """
        new = self._put(month, day, curves)

        def registered(index: MonthIndex) -> MonthIndex:
            known = index.days.get(day)
            if known and known.read_at > read_at:
                return index
            lines = _kept(new, known.lines if known else {})
            priced = known.priced if known else None
            return index.with_day(day, DayVolume(read_at=read_at, lines=lines, months=months, priced=priced))

        self._change_lines(month, new, registered)

    def set_others(self, month: str, curves: Mapping[str, Curve]) -> None:
        """Note what other users of the account used in a month, by price item."""
        new = self._put(month, "others", curves)
        self._change_lines(
            month, new, lambda index: index.model_copy(update={"others": _kept(new, index.others)})
        )

    def _put(self, month: str, name: str, curves: Mapping[str, Curve]) -> dict[str, Line]:
        return {item: self._put_curve(month, name, item, curve) for item, curve in curves.items()}

    def _change_lines(
        self, month: str, new: Mapping[str, Line], change: Callable[[MonthIndex], MonthIndex]
    ) -> None:
        after = self.change(month, change)
        self._files.delete(sorted({line.uri for line in new.values()} - after.uris))

    def _put_curve(self, month: str, name: str, item: str, curve: Curve) -> Line:
        body = io.BytesIO()
        write_parquet(body, _SCHEMA, [pa.table([curve.at, curve.units], schema=_SCHEMA)])
        digest = blake2b(curve.at.tobytes() + curve.units.tobytes(), digest_size=8).hexdigest()
        uri = f"{self._folder(month)}{item}/{name}-{uuid4().hex}.parquet"
        self._files.put(uri, body.getvalue())
        first, last = int(curve.at[0]), int(curve.at[-1])
        return Line(first=first, last=last, units=int(curve.units.sum()), digest=digest, uri=uri)

    def curve(self, line: Line) -> Curve:
        """Read the curve of a line.

        :raises ChangedMeanwhileError: if it was replaced.
        """
        try:
            rows = pq.read_table(io.BytesIO(self._files.get(line.uri)))
        except FileNotFoundError as error:
            raise ChangedMeanwhileError(f"{line.uri} is gone: report its day again") from error
        return Curve(rows["at"].to_numpy(), rows["units"].to_numpy())

    def _index(self, uri: str | None) -> MonthIndex:
        return MonthIndex.model_validate_json(self._files.get(uri)) if uri else MonthIndex()

    def _write(self, month: str, index: MonthIndex) -> str:
        uri = f"{self._folder(month)}index-{uuid4().hex}.json"
        self._files.put(uri, index.model_dump_json().encode())
        return uri

    def _record(self, month: str) -> Shared:
        return self._shared(f"volumes#{month}")

    def _folder(self, month: str) -> str:
        return f"{self._prefix}month={month}/"


def _kept(new: Mapping[str, Line], known: Mapping[str, Line]) -> dict[str, Line]:
    """Return the new lines, each as it is known if it is the same."""
    return {
        item: known[item] if item in known and known[item].digest == line.digest else line
        for item, line in new.items()
    }
