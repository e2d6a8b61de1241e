"""Moving the partitions of a set of tables together, although the Glue catalog moves one at a time.

Before the first partition moves, the ledger's table has all of them: whoever finds a set half moved can
finish it, and does before moving it further. One publisher at a time holds a set::

    {holder, held_until, next: the publication under way or None, live: the one before it}

A publisher that lost its hold unawares, because its machine stood still, finds at its end that the record is
no longer its own, and points the partitions to what the record says.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.core.errors import TerminalError, TransientError
from include.core.features import MediaType
from include.publish.glue_catalog import Catalog
from include.publish.publications import PUBLICATIONS, Publication, note_publication
from include.store.workspace import Workspace

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import StorageDescriptorTypeDef

log = logging.getLogger(__name__)

THREADS = 8
# Longer than the catalog's client tries one call, with all its repetitions.
HOLD_SECONDS = 180.0
WAIT_SECONDS = 240.0
POLL_SECONDS = 0.2

_Record = dict[str, Any]


class StaleRunError(TerminalError, ValueError):
    """Readers have newer data than the run wants to publish; the text says which."""


class BusyError(TransientError, TimeoutError):
    """Another run publishes the same tables of the day, and does not come to an end."""


class Pointers:
    """The partitions of a set of tables of the run's day.

    :param tables: all tables of the set.
    :param media_type: None for costs.
    :param clock: seconds since the epoch.
    :raises include.publish.glue_catalog.NoTableError: if a table was never created.
    :raises include.publish.glue_catalog.TableMismatchError: if a table has other columns.
    """

    def __init__(
        self,
        workspace: Workspace,
        tables: list[str],
        media_type: MediaType | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        run = workspace.run
        self._workspace = workspace
        self._values = [run.partition, media_type] if media_type else [run.partition]
        self._holder = run.token
        self._clock = clock
        self._catalog = Catalog(workspace.aws.client("glue"), workspace.settings.database)
        self._record = workspace.ledger.shared(f"publication#{run.partition}#{media_type or 'costs'}")
        self._descriptors: dict[str, StorageDescriptorTypeDef] = {
            name: self._catalog.descriptor(name) for name in (*tables, PUBLICATIONS)
        }

    def live(self) -> Publication | None:
        """Return what readers get, once nothing is under way; finish what was left half moved.

        :raises BusyError: if another run is moving the tables, for minutes.
        """
        self._take(None)
        return _publication(self._record.read(), "live")

    def move(self, publication: Publication) -> None:
        """Point all partitions to a publication, and note it in table ``publications``.

        :raises StaleRunError: if readers have newer data.
        :raises BusyError: if another run is moving the tables, for minutes.
        """
        self._take(publication)
        self._finish(publication)

    def _take(self, publication: Publication | None) -> None:
        """Write down what is to be moved, as soon as nobody else moves; what was left half moved comes first.

        :param publication: None to only finish that.
        """
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            if self._is_held(self._record.read()):
                time.sleep(POLL_SECONDS)
                continue
            record = self._record.change(lambda record: self._claimed(record, publication))
            found = _publication(record, "next")
            if found == publication:
                return
            if found is not None and record["holder"] == self._holder:
                log.info("finishing version %s of run %s", found.version, found.run_id)
                self._finish(found)
        raise BusyError(f"another run still publishes {'/'.join(self._values)}; try again")

    def _claimed(self, record: _Record, publication: Publication | None) -> _Record:
        """Return the record with our hold on it, or as it is if there is nothing to hold."""
        hold = {"holder": self._holder, "held_until": self._clock() + HOLD_SECONDS}
        if record.get("next"):
            return record if self._is_held(record) else record | hold
        if publication is None:
            return record
        _refuse_stale(publication, _publication(record, "live"))
        return record | hold | {"next": publication.model_dump(mode="json")}

    def _is_held(self, record: _Record) -> bool:
        """Whether another run moves the tables; an earlier attempt of ours is dead."""
        moving = bool(record.get("next"))
        return moving and record["holder"] != self._holder and record["held_until"] > self._clock()

    def _finish(self, publication: Publication) -> None:
        """Move all partitions, and write down that they are moved; if we lost our hold, follow the record."""
        self._point(publication)
        s3, settings, day = self._workspace.s3, self._workspace.settings, self._workspace.run.partition
        location = note_publication(s3, settings.bucket, day, publication)
        descriptor = self._descriptors[PUBLICATIONS]
        self._catalog.point(PUBLICATIONS, [day], location, descriptor, {})
        moved = publication.model_dump(mode="json")

        def ended(record: _Record) -> _Record:
            ours = record.get("next") == moved and record["holder"] == self._holder
            return record | {"live": moved, "next": None} if ours else record

        record = self._record.change(ended)
        while (current := _publication(record, "next") or _publication(record, "live")) != publication:
            if current is None:
                return
            log.warning("another run has published meanwhile: following its version %s", current.version)
            self._point(current)
            publication, record = current, self._record.read()

    def _point(self, publication: Publication) -> None:
        parameters = {
            "run_id": publication.run_id,
            "version": publication.version,
            "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }

        def point(name: str) -> None:
            location = publication.tables[name].location
            self._catalog.point(name, self._values, location, self._descriptors[name], parameters)
            log.info("%s %s now reads %s", name, "/".join(self._values), location)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(point, publication.tables))


def _publication(record: _Record, name: str) -> Publication | None:
    found = record.get(name)
    return Publication.model_validate(found) if found else None


def _refuse_stale(publication: Publication, live: Publication | None) -> None:
    """Raise an error if what readers have is newer."""
    if publication.action == "rolled_back" or live is None or publication.age >= live.not_before:
        return
    moments = publication.planned_at, live.not_before[0]
    planned, newer = (f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in moments)
    what = "was gone back to at" if live.action == "rolled_back" else "was planned at"
    raise StaleRunError(
        f"run {publication.run_id} was planned at {planned}; version {live.version}, which readers have now, "
        f"{what} {newer}. Nothing was published. If the data of this run is still wanted, run the day again: "
        "what is paid for is reused"
    )
