"""Re-drive: which failed analyses are selected, why they failed, and what another attempt is likely to cost.

The published tables say what failed. The runs of a re-drive then ask the ledger: they do not pay again for
what was paid meanwhile, and judge an analysis that failed meanwhile by its latest error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from include.core.analysis_keys import WantedAnalysis, wanted_analyses
from include.core.estimates import Place, Planned
from include.core.features import FEATURES, MediaType
from include.core.lake import Lake
from include.core.prices import PriceBook
from include.core.selection import DayRange, Selection, SelectionError
from include.core.settings import Settings
from include.store.athena_queries import read_query
from include.store.objects import Row

# Days that one request may be about: their keys travel in an XCom and in one message to Airflow.
MOST_DAYS = 1_000
MOST_CAUSES = 20
_LONGEST_MESSAGE = 200
# Recorded for analyses that never took place: the ledger has no failure, and any run of the day asks for
# them.
_NOT_ANALYZED = "NotAnalyzed"


@dataclass(frozen=True)
class Failures:
    """Failed analyses that were selected.

    :param rows: one for each day, media type, source, feature and error code: ``{dt, media_type, source,
        feature, error_code, analyses, minutes, message}``.
    """

    rows: Sequence[Row]

    def days(self, media_type: MediaType | None = None) -> list[str]:
        """Return the days with failures, of one media type or of all."""
        return sorted({row["dt"] for row in self.rows if media_type in (None, row["media_type"])})

    def summary(self, lake: Lake, book: PriceBook, month_to_date: Mapping[str, float]) -> Row:
        """Return figures: ``{analyses, days, first_day, last_day, usd, causes, other_causes}``.

        :param lake: what its sources ask for now is what another attempt is billed by.
        :param month_to_date: units already billed this month, by line of the price book.
        """
        days, causes = self.days(), self._causes()
        price = self._planned(lake).estimate(book, month_to_date)
        return {
            "analyses": sum(row["analyses"] for row in self.rows),
            "days": len(days),
            "first_day": days[0] if days else None,
            "last_day": days[-1] if days else None,
            "usd": price.usd,
            "causes": causes[:MOST_CAUSES],
            "other_causes": max(0, len(causes) - MOST_CAUSES),
        }

    def _causes(self) -> list[Row]:
        """Return the failures by media type, feature and error code, the most frequent first."""
        causes: dict[tuple[str, ...], Row] = {}
        days: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for row in self.rows:
            what = {name: row[name] for name in ("media_type", "feature", "error_code")}
            message = (row["message"] or "")[:_LONGEST_MESSAGE]
            empty = {**what, "analyses": 0, "days": 0, "message": message}
            cause = causes.setdefault(tuple(what.values()), empty)
            cause["analyses"] += row["analyses"]
            days[tuple(what.values())].add(row["dt"])
            cause["days"] = len(days[tuple(what.values())])
        return sorted(causes.values(), key=lambda cause: -cause["analyses"])

    def _planned(self, lake: Lake) -> Planned:
        """Return the analyses as a plan would pay for them."""
        planned = Planned()
        for row in self.rows:
            if FEATURES[row["feature"]].analysis(row["media_type"]) is not None:
                wanted, duration_ms = _wanted(lake, row), round(row["minutes"] * 60_000)
                place = Place(row["source"], "", row["media_type"], row["feature"])
                planned.add(
                    place, wanted.parameters, duration_ms, row["analyses"], frames=wanted.frames(duration_ms)
                )
        return planned


def _wanted(lake: Lake, row: Row) -> WantedAnalysis:
    """Return what is asked for again; by the registry if no source asks for it now."""
    known = any(source.name == row["source"] for source in lake.sources)
    asked = wanted_analyses(lake, row["source"], row["media_type"]) if known else []
    plain = WantedAnalysis(FEATURES[row["feature"]], row["media_type"], {})
    return next((each for each in asked if each.feature.name == row["feature"]), plain)


def find_failures(
    session: boto3.Session,
    settings: Settings,
    days: DayRange,
    media_type: MediaType | None,
    selection: Selection,
) -> Failures:
    """Look for failed analyses in the published tables.

    :param media_type: None for all.
    :raises SelectionError: if they are of more than ``MOST_DAYS`` days.
    """
    rows: list[Any] = read_query(session, settings, "reports/failure_causes", list(days.bounds)).to_dict(
        "records"
    )
    found = Failures(
        [
            {**row, "analyses": int(row["analyses"]), "minutes": float(row["minutes"])}
            for row in rows
            if media_type in (None, row["media_type"])
            and row["feature"] in FEATURES
            and row["error_code"] != _NOT_ANALYZED
            and selection.matches(row["feature"], row["error_code"])
        ]
    )
    if len(found.days()) > MOST_DAYS:
        raise SelectionError(
            f"failures of {len(found.days())} days are selected; at most {MOST_DAYS} go into one re-drive: "
            "choose a first and a last day"
        )
    return found


def in_words(summary: Row) -> str:
    """Return the figures of :meth:`Failures.summary` as a text for people."""
    if not summary["analyses"]:
        return "no failed analysis is selected"
    usd = summary["usd"]
    lines = [
        f"{summary['analyses']:,} failed analyses of {summary['days']} days, {summary['first_day']} to "
        f"{summary['last_day']}; asking for them again is likely to cost ${usd['likely']:,.4f} "
        f"(${usd['low']:,.4f} to ${usd['high']:,.4f})"
    ]
    lines += [
        f"  {cause['analyses']:>8,}  {cause['media_type']} {cause['feature']}: {cause['error_code']} "
        f"({cause['days']} days), such as: {cause['message']}"
        for cause in summary["causes"]
    ]
    if summary["other_causes"]:
        lines.append(f"  and {summary['other_causes']} other causes")
    return "\n".join(lines)
