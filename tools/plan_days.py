"""Say what enriching days would call and cost. Nothing is written, and nothing that is billed is called.

``python -m tools.plan_days 2026-11-18 2026-11-20 [--source photos] [--feature labels] [--format json]`` reads
the manifests of days that were discovered. It lists the media of the others, as ``discover_media`` would.

The exit status is 2 if a person would be asked or a budget would be passed, 1 if that cannot be said, else 0.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError
from tabulate import tabulate  # type: ignore[import-untyped]

from include.core.budgets import MICROS, month_at
from include.core.errors import TerminalError, TransientError
from include.core.estimates import EstimateLine
from include.core.features import FEATURES
from include.core.lake import Lake, Source
from include.core.near_misses import near_miss
from include.core.prices import PriceBook, load_price_book
from include.core.run import Run
from include.core.selection import DayRange, SelectionError
from include.core.settings import SettingsError, load_settings
from include.discover.discovery import write_manifest
from include.plan.preview import Manifest, Preview, known_manifests, preview
from include.store.manifest import ManifestReader, discovered_days
from include.store.month_to_date import this_month
from include.store.workspace import Deployment, Workspace
from tools.command_clients import CommandClients

MOST_DAYS = 400
FORMATS = ("table", "json")
# The members of a place by which costs are summed.
GROUPS = {"source": "source", "feature": "feature", "cost_center": "cost center"}


@dataclass(frozen=True)
class Limit:
    """What may be paid without a person, or at all.

    :param name: ``source photos``, or ``cost center media-team``.
    :param left: dollars.
    :param planned: upper bound of the plan, in dollars.
    :param unit: what the dollars are for, such as ``a day``.
    """

    name: str
    left: float
    planned: float
    unit: str

    @property
    def is_passed(self) -> bool:
        return self.planned > self.left


@dataclass(frozen=True)
class PlanReport:
    """What the command says.

    :param listed: days that were not discovered yet, whose media were listed.
    :param month_usd: list price of what was billed this month; None if that is not known.
    """

    days: Sequence[str]
    listed: Sequence[str]
    found: Preview
    month_usd: float | None
    limits: Sequence[Limit]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.plan_days", description=__doc__.split("\n")[0])
    parser.add_argument("first", help="first day, such as 2026-11-18")
    parser.add_argument("last", nargs="?", help="last day (default: the first)")
    parser.add_argument("--source", action="append", default=[], help="only this source; may be repeated")
    parser.add_argument(
        "--feature",
        action="append",
        default=[],
        help="this one instead of the sources'; may be repeated",
    )
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        deployment = Deployment(settings, CommandClients(settings.region))
        days = days_between(options.first, options.last or options.first)
        deployment.lake = chosen_lake(deployment.lake, options.source, options.feature)
        report = plan_report(deployment, days, load_price_book(settings.region))
    except (TerminalError, TransientError, BotoCoreError, ClientError) as error:
        print(f"plan: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(as_json(report)) if options.format == "json" else "\n".join(in_words(report)))
    return 2 if any(limit.is_passed for limit in report.limits) else 0


def days_between(first: str, last: str) -> list[str]:
    """Return the days of a range, both ends included.

    :raises SelectionError: if an end is no day, or there are more than ``MOST_DAYS`` of them.
    """
    first, last = DayRange(first, last).bounds
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    count = (end - begin).days + 1
    if count > MOST_DAYS:
        raise SelectionError(f"{count} days are too many for one plan; choose {MOST_DAYS} at most")
    return [(begin + timedelta(number)).isoformat() for number in range(count)]


def chosen_lake(lake: Lake, sources: Sequence[str], features: Sequence[str]) -> Lake:
    """Return a lake with some of its sources, and other features for them.

    :param sources: names; none for all.
    :param features: names; none for those of ``lake.yaml``. One that a source asks for keeps its members.
    :raises SettingsError: if one does not exist, or lacks a member that has to be set.
    """
    _refuse_unknown("source", sources, [source.name for source in lake.sources])
    _refuse_unknown("feature", features, list(FEATURES))
    chosen = [source for source in lake.sources if not sources or source.name in sources]
    if features:
        chosen = [_with_features(source, features) for source in chosen]
    return lake.model_copy(update={"sources": tuple(chosen)})


def _refuse_unknown(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(
                f"there is no {what} {name!r}{near_miss(name, known)}; choose from {', '.join(known)}"
            )


def _with_features(source: Source, names: Sequence[str]) -> Source:
    features = {
        media_type: {
            name: asked.get(name, {}) for name in names if FEATURES[name].analysis(media_type) is not None
        }
        for media_type, asked in source.features.items()
    }
    try:
        return Source.model_validate(source.model_dump(exclude_unset=True) | {"features": features})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingsError(f"source {source.name}: {place}: {first['msg']}") from None


def plan_report(deployment: Deployment, days: Sequence[str], book: PriceBook) -> PlanReport:
    """Plan days and compare with what may be paid."""
    known = set(discovered_days(deployment.s3, deployment.settings.bucket))
    manifests = known_manifests(deployment, [day for day in days if day in known])
    listed = [day for day in days if day not in known]
    used = _month_to_date(deployment)
    with tempfile.TemporaryDirectory() as folder:
        manifests |= {day: _listed(deployment, day, Path(folder)) for day in listed}
        in_order = {day: manifests[day] for day in days}
        found = preview(deployment, in_order, book, used or {})
    month_usd = None if used is None else sum(book.usd(item, units) for item, units in used.items())
    return PlanReport(days, listed, found, month_usd, list(_limits(deployment, found)))


def _listed(deployment: Deployment, day: str, folder: Path) -> Manifest:
    """List the media of a day into a file of a folder."""
    now = datetime.now(UTC)
    run = Run(deployment.settings.bucket, "plan", f"plan__{now.isoformat()}", day)
    workspace = Workspace(run, deployment.settings, deployment.aws)
    workspace.lake = deployment.lake
    path = folder / f"{day}.parquet"
    with path.open("wb") as file:
        write_manifest(workspace, file)
    return lambda media_type: ManifestReader(pq.ParquetFile(path), media_type)


def _month_to_date(deployment: Deployment) -> dict[str, float] | None:
    """Return the units billed so far this month; None if Athena cannot say, as before the first report."""
    from awswrangler.exceptions import QueryFailed

    try:
        return this_month(deployment.session, deployment.settings)
    except (QueryFailed, ClientError, BotoCoreError):
        return None


def _limits(deployment: Deployment, found: Preview) -> Iterator[Limit]:
    """Yield what may be paid: by source without asking a person, and by cost center at all."""
    for source, usd in found.estimate.by("source").items():
        limit = deployment.lake.source(source).approval_limit_usd
        yield Limit(f"source {source}", limit, usd["high"], "a day without a person's approval")
    month = month_at(time.time())
    for cost_center, usd in found.estimate.by("cost_center").items():
        if budget := deployment.lake.budgets.get(cost_center):
            left = budget.limit_micros(month) - deployment.ledger.committed(cost_center, month)
            unit = f"that is left of its {budget.kind} budget for {month}"
            yield Limit(f"cost center {cost_center}", left / MICROS, usd["high"], unit)


def as_json(report: PlanReport) -> dict[str, Any]:
    estimate = report.found.estimate
    return {
        "first_day": report.days[0],
        "last_day": report.days[-1],
        "listed_days": list(report.listed),
        "files": report.found.assets.total(),
        "calls": report.found.calls,
        "reused": report.found.reused,
        "rejected": report.found.rejected,
        "usd": estimate.usd,
        "seconds_at_quotas": estimate.seconds,
        "month_to_date_usd": report.month_usd,
        "lines": [
            line.place._asdict() | {name: value for name, value in vars(line).items() if name != "place"}
            for line in estimate.lines
        ],
        **{f"by_{member}": estimate.by(member) for member in GROUPS},
        "limits": [vars(limit) | {"is_passed": limit.is_passed} for limit in report.limits],
    }


def in_words(report: PlanReport) -> Iterator[str]:
    """Yield the lines of the report for people."""
    found, estimate = report.found, report.found.estimate
    days = report.days[0] if len(report.days) == 1 else f"{report.days[0]} to {report.days[-1]}"
    listed = f" ({len(report.listed)} days were listed just now)" if report.listed else ""
    yield f"{days}: {found.assets.total():,} files{listed}"
    yield (
        f"{found.calls:,} analyses to pay for, {found.reused:,} paid for already, "
        f"{found.rejected:,} that Rekognition would refuse"
    )
    if not found.calls:
        return
    headers = [*GROUPS.values(), "media", "calls", "minutes", "model hours", "low", "likely", "high"]
    rows = [[*_names(line), *_figures(line)] for line in estimate.lines]
    usd = _dollars(estimate.usd)
    total = [
        *("total", "", "", ""),
        f"{found.calls:,}",
        f"{sum(line.minutes for line in estimate.lines):,.1f}",
        f"{sum(line.model_hours for line in estimate.lines):,.2f}",
    ]
    align = ["left"] * 4 + ["right"] * 6
    yield "\n" + tabulate([*rows, total + usd], headers, disable_numparse=True, colalign=align)
    for member, title in GROUPS.items():
        if len(sums := estimate.by(member)) > 1:
            parts = [[name, *_dollars(each)] for name, each in sums.items()]
            heads = [title, "low", "likely", "high"]
            yield "\n" + tabulate(parts, heads, disable_numparse=True, colalign=["left"] + ["right"] * 3)
    yield f"\nat the quotas: {_duration(estimate.seconds)}, if nothing else uses the account"
    month = "is not known yet" if report.month_usd is None else f"${report.month_usd:,.2f}"
    yield f"this month so far: {month}"
    for limit in report.limits:
        state = "passes" if limit.is_passed else "is within"
        yield f"{limit.name}: up to ${limit.planned:,.2f} {state} ${limit.left:,.2f} {limit.unit}"


def _names(line: EstimateLine) -> list[str]:
    return [*(getattr(line.place, member) for member in GROUPS), line.place.media_type]


def _figures(line: EstimateLine) -> list[str]:
    usd = {"low": line.low, "likely": line.likely, "high": line.high}
    return [f"{line.calls:,}", f"{line.minutes:,.1f}", f"{line.model_hours:,.2f}", *_dollars(usd)]


def _dollars(usd: dict[str, float]) -> list[str]:
    return [f"${usd[name]:,.4f}" for name in ("low", "likely", "high")]


def _duration(seconds: float) -> str:
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


if __name__ == "__main__":
    sys.exit(main())
