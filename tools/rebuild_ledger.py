"""Show what the archive can tell a ledger that was lost or brought back to an earlier time, or write it.

Without ``--confirm`` it changes nothing. The exit status is 1 if something of the archive cannot be read.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError
from tabulate import tabulate  # type: ignore[import-untyped]

from include.core.errors import NO_RESOURCE, TerminalError, TransientError, error_code
from include.core.settings import Settings, SettingsError, load_settings
from include.operate.ledger_rebuild import Rebuild, rebuild_ledger
from include.store.workspace import Deployment
from tools.command_clients import CommandClients

HEADERS = ["entries", "number", "what they say"]
PROGRESS_SECONDS = 5.0


class _Progress:
    """Prints from time to time how far a rebuild has come."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, figures: Rebuild) -> None:
        now = time.monotonic()
        if now - self._told >= PROGRESS_SECONDS:
            self._told = now
            entries = figures.written.total() + figures.kept
            print(f"{figures.groups:,} objects, {entries:,} analyses; at {figures.place}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.rebuild_ledger", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--confirm", action="store_true", help="write it; without this it is only shown")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(*error.args, sep="\n", file=sys.stderr)
        return 1
    deployment = Deployment(settings, CommandClients(settings.region))
    try:
        figures = rebuild_ledger(deployment, change=options.confirm, tell=_Progress())
    except (TerminalError, TransientError, BotoCoreError, ClientError) as error:
        print(f"rebuild_ledger: {_in_words(error, settings)}", file=sys.stderr)
        return 1
    print(_table(figures))
    print(_next_steps(settings, confirmed=options.confirm))
    for mistake in figures.mistakes:
        print(mistake, file=sys.stderr)
    if figures.damaged:
        print(f"rebuild_ledger: {figures.damaged} objects of the archive were left out", file=sys.stderr)
    return int(bool(figures.damaged))


def _in_words(error: Exception, settings: Settings) -> str:
    if error_code(error) in NO_RESOURCE:
        return f"there is no table {settings.ledger_table}: make it with `python -m infrastructure`"
    return str(error)


def _table(figures: Rebuild) -> str:
    written = figures.written
    rows = [
        ("done", written["done"], "paid for: nothing is asked for again"),
        ("failed", written["failed"], "paid for, but the object was replaced meanwhile"),
        ("running", written["running"], "the next run goes on from the archive, and pays for the rest"),
        ("as they are", figures.kept, "the ledger knows as much, or more"),
        ("barred", figures.bars, "contents that were erased: not analyzed again"),
    ]
    counts = [(name, f"{number:,}", meaning) for name, number, meaning in rows]
    return str(tabulate(counts, HEADERS, disable_numparse=True, colalign=("left", "right", "left")))


def _next_steps(settings: Settings, *, confirmed: bool) -> str:
    if not confirmed:
        return f"\nnothing was changed in {settings.ledger_table}: CONFIRM=yes writes it"
    return (
        f"\n{settings.ledger_table} is rebuilt. Before other Dags go on, trigger report_costs for today: "
        "budgets begin from what it reports (docs/BACKUP.md)"
    )


if __name__ == "__main__":
    sys.exit(main())
