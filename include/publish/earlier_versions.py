"""Going back to what readers of a day had before: all tables of a set move to one earlier version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from include.core.errors import TerminalError
from include.core.features import MediaType
from include.publish.pointers import Pointers
from include.publish.publications import Publication, publications_of
from include.store.objects import list_uris
from include.store.workspace import Workspace


class RollbackError(TerminalError, ValueError):
    """The day cannot go back there; the text says why and what it has."""


def roll_back(
    workspace: Workspace, decided_by: str, version: str | None = None, as_of: datetime | None = None
) -> list[Publication]:
    """Give readers of the run's day earlier versions of its tables again.

    :param decided_by: who decides it, for table ``publications``.
    :param version: the set of tables that it belongs to goes back to it.
    :param as_of: each set goes back to the version that readers had at this instant.
    :return: what they get now, one publication per set that moved.
    :raises RollbackError: if not exactly one of the two is given, the day never had such a version, or its
        files have expired.
    """
    day = workspace.run.partition
    known = publications_of(workspace.s3, workspace.settings.bucket, day)
    chosen = _chosen(known, day, version, as_of)
    expired = [each.version for each in chosen if not _has_files(workspace, each)]
    if expired:
        raise RollbackError(f"version {', '.join(expired)} of {day} has expired: its files are gone")
    return [moved for each in chosen if (moved := _move(workspace, each, decided_by))]


def instant(text: str) -> datetime:
    """Return the instant that a text in ISO 8601 names; without an offset it is UTC.

    :raises ValueError: if it names none.
    """
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def live_versions(workspace: Workspace, known: Iterable[Publication]) -> set[str]:
    """Return which of a day's versions readers have now."""
    sets = {each.media_type: list(each.tables) for each in known}
    found = (Pointers(workspace, tables, media_type).live() for media_type, tables in sets.items())
    return {each.version for each in found if each}


def _chosen(
    known: Sequence[Publication], day: str, version: str | None, as_of: datetime | None
) -> list[Publication]:
    if (version is None) == (as_of is None):
        raise RollbackError("give either a version or an instant to go back to")
    if version is not None:
        chosen = [each for each in known if each.version == version][-1:]
    else:
        before = [each for each in known if as_of is not None and each.published_at <= as_of]
        newest: dict[MediaType | None, Publication] = {each.media_type: each for each in before}
        chosen = list(newest.values())
    if not chosen:
        versions = ", ".join(dict.fromkeys(each.version for each in known)) or "none"
        what = f"version {version}" if version else f"a version as of {as_of}"
        raise RollbackError(f"{day} has never had {what}; its versions, oldest first: {versions}")
    return chosen


def _has_files(workspace: Workspace, publication: Publication) -> bool:
    filled = (table.location for table in publication.tables.values() if table.rows)
    return all(list_uris(workspace.s3, location) for location in filled)


def _move(workspace: Workspace, chosen: Publication, decided_by: str) -> Publication | None:
    """Move a set of tables, unless readers have this version now."""
    pointers = Pointers(workspace, list(chosen.tables), chosen.media_type)
    live = pointers.live()
    if live and live.version == chosen.version:
        return None
    changes = {"action": "rolled_back", "decided_by": decided_by, "published_at": datetime.now(UTC)}
    moved = chosen.model_copy(update=changes)
    pointers.move(moved)
    return moved
