"""What it would pay to enrich days again: a plan of days that are known, of which nothing is written.

A change of ``lake.yaml`` asks for other analyses of the same media. This says which of them are new, by the
decisions of the planner itself, so that whatever was paid for counts as paid.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from include.core.analysis_keys import WantedAnalysis, wanted_analyses
from include.core.features import MEDIA_TYPES, MediaType
from include.core.lake import Lake
from include.core.prices import PriceBook, estimate
from include.core.run import Run
from include.plan.decisions import Candidate, Decision
from include.plan.plan_figures import PlanFigures
from include.plan.planner import CHUNK_ASSETS, Planner
from include.store.manifest import ManifestReader, RepeatedContent, Survey
from include.store.workspace import Deployment


@dataclass(frozen=True)
class NewPayment:
    """Analyses that are not paid for yet.

    :param calls: image calls or video jobs.
    :param usd: at the list prices of a month in which nothing else was used.
    """

    source: str
    media_type: MediaType
    feature: str
    calls: int
    usd: float


@dataclass
class Preview:
    """What enriching days again would pay.

    :ivar assets: files of these days, by source.
    :ivar reused: analyses that are paid for already.
    :ivar high: upper estimate of all payments in dollars.
    """

    assets: Counter[str] = field(default_factory=Counter)
    reused: int = 0
    high: float = 0.0
    payments: list[NewPayment] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return sum(payment.calls for payment in self.payments)

    @property
    def usd(self) -> float:
        return sum(payment.usd for payment in self.payments)


def preview(deployment: Deployment, days: Sequence[str], book: PriceBook) -> Preview:
    """Return what enriching days again would pay. It reads manifests and the ledger, and calls nothing else.

    What a new source or prefix will bring is in no manifest. A source that left the lake asks for nothing.

    :param days: days that have a manifest, ``YYYY-MM-DD``.
    """
    found = Preview()
    for media_type in MEDIA_TYPES:
        _add(found, deployment, days, media_type, book)
    return found


def _add(
    found: Preview, deployment: Deployment, days: Sequence[str], media_type: MediaType, book: PriceBook
) -> None:
    surveys = [_manifest(deployment, day, media_type).survey() for day in days]
    for survey in surveys:
        found.assets.update(survey.sources)
    figures = _FiguresByFeature(media_type)
    wants = {source: _wants(deployment.lake, source, media_type) for source in found.assets}
    planner = Planner(deployment.ledger, wants, _repeated(surveys), None, figures)
    for day in days:
        for _ in planner.rows(_manifest(deployment, day, media_type).chunks(CHUNK_ASSETS)):
            pass
    for (source, feature), counted in sorted(figures.counted.items()):
        found.reused += counted.reused
        if counted.calls:
            price = estimate(counted.units, {}, book)
            found.high += price.high
            found.payments.append(NewPayment(source, media_type, feature, counted.calls, price.likely))


def _manifest(deployment: Deployment, day: str, media_type: MediaType) -> ManifestReader:
    return ManifestReader(
        deployment.s3, Run(deployment.settings.bucket, "preview", "preview", day), media_type
    )


def _repeated(surveys: Sequence[Survey]) -> RepeatedContent:
    return RepeatedContent.of(survey.hashes for survey in surveys)


def _wants(lake: Lake, source: str, media_type: MediaType) -> list[WantedAnalysis]:
    known = {each.name for each in lake.sources}
    return wanted_analyses(lake, source, media_type) if source in known else []


class _FiguresByFeature:
    """Counts the decisions of a plan by source and feature."""

    def __init__(self, media_type: MediaType) -> None:
        self.assets = 0
        self.counted: defaultdict[tuple[str, str], PlanFigures] = defaultdict(lambda: PlanFigures(media_type))

    def count(self, candidate: Candidate, decision: Decision, duplicate: bool) -> None:
        place = candidate.asset["source"], candidate.want.feature.name
        self.counted[place].count(candidate, decision, duplicate)
