"""The cost tables of the lake: what a report reads of them, and how it checks and publishes them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from include.core.errors import TerminalError
from include.core.prices import PriceBooks
from include.core.schemas import TABLES
from include.publish.check_results import publish_results
from include.publish.glue_catalog import Catalog
from include.publish.pointers import StaleRunError
from include.publish.published_rows import read_location, read_published
from include.publish.publisher import publish
from include.report.account_volume import others_used
from include.report.day_costs import COST_TABLES
from include.report.month_report import DayCosts, DayUsage, OthersUsed
from include.report.usage_rows import USED, usage_rows
from include.store.athena_queries import read_query
from include.store.audited_tables import AuditedTable, AuditedTables, staged_objects
from include.store.objects import Row, delete_prefix, put
from include.store.usage_log import read_usage_log
from include.store.workspace import Workspace
from include.validate.column_rules import check
from include.validate.cost_rules import cost_results
from include.validate.price_rules import price_results
from include.validate.review_text import found_in_words
from include.validate.usage_rules import ANALYSIS_COLUMNS, usage_results
from media_lake.lineage.facts import tell

log = logging.getLogger(__name__)


class CheckError(TerminalError, ValueError):
    """Costs break rules that hold them back; readers keep what they have. The text says what to do."""


class CostTables:
    """The cost tables of a lake.

    :param lake: of the run that reports.
    :param folder: on the local disk, for what is read: one day at a time is held in memory.
    """

    def __init__(self, lake: Workspace, books: PriceBooks, folder: Path) -> None:
        self._lake = lake
        self._books = books
        self._folder = folder
        self._catalog = Catalog(lake.aws.client("glue"), lake.settings.database)

    def read_log(self, day: str) -> DayUsage:
        """Read the usage log of a day, and before it the analyses that were paid with what it has."""
        read_at, on_day = datetime.now(UTC), self._lake.on(day)
        _write(self._analyses(day), read_published(on_day, "analyses", ANALYSIS_COLUMNS))
        file = self._folder / f"usage-{day}.arrow"
        _write(file, usage_rows(read_usage_log(self._lake.s3, self._lake.run.bucket, day)))
        return DayUsage(read_at, lambda: _read(file))

    @property
    def others_used(self) -> OthersUsed | None:
        """Gives what other users of the account used; None if the settings leave them out."""
        if not self._lake.settings.count_account_volume:
            return None
        client, book = self._lake.aws.client("ce"), self._books.books[-1]
        return lambda month, lake: others_used(client, month, book, lake)

    def days_of(self, month: str) -> list[str]:
        """Return the days of the lake that have published usage of a month."""
        first = datetime.strptime(month, "%Y-%m").date()
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        found = read_query(
            self._lake.session,
            self._lake.settings,
            "reports/days_of_month",
            [f"{first} 00:00:00", f"{after} 00:00:00"],
        )
        return sorted(found["dt"].astype(str))

    def location(self, day: str) -> str | None:
        """Return where the usage of a day is; None if nothing is published."""
        return self._catalog.location("usage", [day])

    def usage(self, day: str) -> pa.Table:
        """Return the published usage of a day."""
        return read_location(self._lake.on(day), "usage", USED, self.location(day))

    def check(self, costs: DayCosts) -> None:
        """Check the costs of a day, and publish what was found.

        :raises CheckError: if a rule is broken that holds them back.
        """
        lake, run = self._lake.on(costs.day), self._lake.run
        rows = {"usage": costs.usage, "costs_daily": costs.costs}
        results = [result for name in rows for result in check(TABLES[name], rows[name])]
        results += cost_results(costs.usage, costs.costs, self._books.versions, lake.lake)
        results += price_results(costs.usage, self._books.versions)
        if costs.is_own:
            analyses = _read(self._analyses(costs.day))
            results += usage_results(costs.usage, analyses, costs.day, lake.ledger.lookup)
        found = [result.to_row(run.run_id, lake.lake.validation_severity) for result in results]
        failures = [row for result in results for row in result.failures(run.run_id)]
        publish_results(lake, None, found, failures, datetime.now(UTC))
        tell({name: len(table) for name, table in rows.items()}, found)
        _refuse_broken(costs.day, found, failures)

    def publish(self, costs: DayCosts) -> str | None:
        """Give readers the costs of a day.

        :return: where its usage is; None if a report that read more is published already.
        """
        lake = self._lake.on(costs.day)
        run, tables = lake.run, {}
        rows = {"usage": len(costs.usage), "costs_daily": len(costs.costs)}
        for name in COST_TABLES:
            delete_prefix(lake.s3, run.staged_uri(name, None))
            if name in costs.files:
                put(lake.s3, f"{run.staged_uri(name, None)}{name}.parquet", costs.files[name])
            objects = staged_objects(lake.s3, run, name, None)
            tables[name] = AuditedTable(rows=rows[name], objects=objects)
        audited = AuditedTables(planned_at=costs.planned_at, audited_at=datetime.now(UTC), tables=tables)
        try:
            return publish(lake, audited, None)["usage"]
        except StaleRunError as error:
            log.info("a later report has published %s already: %s", costs.day, error)
            return None

    def _analyses(self, day: str) -> Path:
        return self._folder / f"analyses-{day}.arrow"


def _refuse_broken(day: str, found: Sequence[Row], failures: Sequence[Row]) -> None:
    """Raise an error if a rule is broken that holds the costs of a day back."""
    broken = [row for row in found if not row["success"]]
    if held_back := [row for row in broken if row["severity"] == "fail"]:
        raise CheckError(
            f"the costs of {day} are held back, readers keep what they have:\n"
            f"{found_in_words(held_back, failures)}\n"
            "validation_failures has the rows, under media_type = 'costs'. Mend the usage log or the price "
            "book, then clear this task; or set a rule to warn under validation_severity in lake.yaml"
        )
    if broken:
        log.warning("%s: published although\n%s", day, found_in_words(broken, failures))


def _write(path: Path, rows: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
        writer.write_table(rows)


def _read(path: Path) -> pa.Table:
    """Return rows that stay on the disk until they are used."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
