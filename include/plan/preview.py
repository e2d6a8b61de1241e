"""What it would pay to enrich days: a plan of days of which nothing is written.

A change of ``lake.yaml`` asks for other analyses of the same media, and a backfill for those of days that
nobody planned yet. This says which of them are new, by the decisions of the planner itself, so that whatever
was paid for counts as paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from include.core.analysis_keys import WantedAnalysis, wanted_analyses
from include.core.estimates import Estimate
from include.core.features import MEDIA_TYPES, MediaType
from include.core.lake import Lake
from include.core.prices import PriceBook
from include.core.run import Run
from include.plan.plan_figures import PlanFigures
from include.plan.planner import CHUNK_ASSETS, Planner
from include.plan.throughput import throughput_of
from include.store.manifest import ManifestReader, RepeatedContent
from include.store.workspace import Deployment

# Opens the manifest of a day for a media type.
Manifest = Callable[[MediaType], ManifestReader]


@dataclass
class Preview:
    """What enriching days would pay.

    :ivar assets: files of these days, by source.
    :ivar reused: analyses that are paid for already.
    :ivar rejected: analyses that Rekognition would refuse.
    :ivar estimate: what the others cost.
    """

    assets: Counter[str] = field(default_factory=Counter)
    reused: int = 0
    rejected: int = 0
    estimate: Estimate = field(default_factory=lambda: Estimate(()))

    @property
    def calls(self) -> int:
        """Analyses to pay for."""
        return sum(line.calls for line in self.estimate.lines)


def preview(
    deployment: Deployment,
    manifests: Mapping[str, Manifest],
    book: PriceBook,
    month_to_date: Mapping[str, float],
) -> Preview:
    """Return what enriching days would pay. It reads manifests and the ledger, and calls nothing else.

    A source that is not in the lake asks for nothing.

    :param manifests: days, ``YYYY-MM-DD``, to their manifests.
    :param month_to_date: units already billed this month, by line of the price book.
    """
    found, used = Preview(), Counter(month_to_date)
    for media_type in MEDIA_TYPES:
        figures = _figures(deployment, manifests, media_type, found, book)
        throughput = throughput_of(deployment, figures.planned.image_operations())
        estimate = figures.planned.estimate(book, used, throughput)
        used.update(figures.planned.units)
        found.reused += figures.reused
        found.rejected += figures.rejected
        found.estimate += estimate
    return found


def _figures(
    deployment: Deployment,
    manifests: Mapping[str, Manifest],
    media_type: MediaType,
    found: Preview,
    book: PriceBook,
) -> PlanFigures:
    surveys = [manifest(media_type).survey() for manifest in manifests.values()]
    for survey in surveys:
        found.assets.update(survey.sources)
    figures = PlanFigures(media_type, "")
    wants = {source: _wants(deployment.lake, source, media_type) for source in found.assets}
    repeated = RepeatedContent.of(survey.hashes for survey in surveys)
    planner = Planner(deployment.ledger, wants, repeated, None, figures, book)
    for day, manifest in manifests.items():
        figures.day = day
        for _ in planner.rows(manifest(media_type).chunks(CHUNK_ASSETS)):
            pass
    return figures


def _wants(lake: Lake, source: str, media_type: MediaType) -> list[WantedAnalysis]:
    known = {each.name for each in lake.sources}
    return wanted_analyses(lake, source, media_type) if source in known else []


def known_manifests(deployment: Deployment, days: Iterable[str]) -> dict[str, Manifest]:
    """Return the manifests of days that were discovered.

    :raises include.store.manifest.NoManifestError: when one is opened that does not exist.
    """
    bucket = deployment.settings.bucket
    runs = {day: Run(bucket, "preview", "preview", day) for day in days}
    return {day: partial(ManifestReader.open, deployment.s3, run) for day, run in runs.items()}
