"""List what readers of a day ever had, or give them one of these versions again.

``python -m tools.rollback 2026-11-20`` lists the versions; ``--version NAME`` or ``--as-of TIME`` goes back.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from tabulate import tabulate  # type: ignore[import-untyped]

from include.core.errors import TerminalError
from include.core.run import Run
from include.core.settings import load_settings
from include.publish.earlier_versions import instant, live_versions, roll_back
from include.publish.publications import Publication, publications_of
from include.store.workspace import Workspace
from tools.command_clients import CommandClients

HEADERS = ["tables", "version", "published", "action", "run", "rows", "readers have it"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.rollback", description=__doc__.split("\n")[0])
    parser.add_argument("day", help="day of the lake, such as 2026-11-20")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--version", help="the tables that this version belongs to go back to it")
    choice.add_argument("--as-of", type=_instant, help="all tables go back to what readers had at this time")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        now = datetime.now(UTC)
        run = Run(settings.bucket, "rollback", f"rollback__{now.isoformat()}", options.day)
        workspace = Workspace(run, settings, CommandClients(settings.region))
        if options.version or options.as_of:
            moved = roll_back(workspace, getpass.getuser(), options.version, options.as_of)
            print("\n".join(_in_words(each) for each in moved) or "readers have this already")
        else:
            print(_listing(workspace))
    except (TerminalError, BotoCoreError, ClientError) as error:
        print(f"rollback: {error}", file=sys.stderr)
        return 1
    return 0


def _instant(text: str) -> datetime:
    try:
        return instant(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-11-20T18:00") from None


def _listing(workspace: Workspace) -> str:
    day = workspace.run.partition
    known = publications_of(workspace.s3, workspace.settings.bucket, day)
    if not known:
        return f"{day} has no versions"
    live = live_versions(workspace, known)
    rows = [
        (
            _name(each),
            each.version,
            f"{each.published_at:%Y-%m-%d %H:%M:%S}",
            each.action,
            each.run_id,
            sum(table.rows for table in each.tables.values()),
            "yes" if each.version in live else "",
        )
        for each in known
    ]
    table = tabulate(rows, HEADERS, disable_numparse=True)
    return f"{table}\n\nto go back: make rollback DAY={day} VERSION=..."


def _name(publication: Publication) -> str:
    return f"{publication.media_type}s" if publication.media_type else "costs"


def _in_words(moved: Publication) -> str:
    tables = f"the tables of {_name(moved)} ({len(moved.tables)})"
    return f"{tables} now read version {moved.version} of run {moved.run_id}"


if __name__ == "__main__":
    sys.exit(main())
