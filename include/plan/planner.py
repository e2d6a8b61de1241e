"""Plan a day: what each asset needs, minus what is paid for already, in batches of bounded size.

Planning pays for nothing. It reads the manifest and writes the batches some assets at a time, so its memory
does not grow with the day. If several assets have the same content, each of them has the analysis in its
batch, so every batch is complete by itself; the price counts the analysis once.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

from include.core.analysis_keys import WantedAnalysis, wanted_analyses
from include.core.features import MediaType, run_tables
from include.core.prices import PriceBook
from include.core.selection import Selection
from include.core.settings import Settings
from include.plan.decisions import Candidate, decide
from include.plan.plan_approval import wait_for_approval
from include.plan.plan_figures import PlanFigures
from include.plan.route_prices import candidate_of
from include.plan.throughput import throughput_of
from include.store.content_identity import identities_of
from include.store.erased_contents import ERASED
from include.store.ledger import Entry, Ledger
from include.store.manifest import ManifestReader, RepeatedContent
from include.store.objects import Row, delete_prefix
from include.store.plan_batches import write_plan
from include.store.spare_calls import SpareCalls
from include.store.workspace import Workspace

log = logging.getLogger(__name__)

# Assets held at a time; their analyses are looked up in the ledger together.
CHUNK_ASSETS = 2_000


def plan(
    workspace: Workspace,
    media_type: MediaType,
    book: PriceBook,
    month_to_date: Callable[[], Mapping[str, float]],
    selections: Sequence[Selection] | None = None,
) -> tuple[list[Row], Row]:
    """Write the batches of the run's day (see :mod:`include.store.plan_batches`) and price them.

    :param month_to_date: returns the units already billed this month, by line of the price book. It is asked
        only if there is something to pay for.
    :param selections: if given, the run may pay only for failed analyses that one of them matches; if empty,
        for nothing.
    :return: the batches' claim checks ``{uri, rows, bytes}``, none for a day without assets, and the
        figures of the plan: ``{assets, analyses, calls, reused, models, rejected, units, minutes,
        model_hours, seconds_at_quotas, usd: {low, likely, high}, approval_needed, text, routes,
        planned_at}``, where ``models`` must run while images are analyzed: ``[{arn, feature, teams:
        [{source, cost_center, images}]}, ...]``, ``routes`` is what the analyses of videos cost by jobs and
        by frames (see :mod:`include.plan.route_prices`), and ``planned_at`` is when the manifest was read.
    :raises include.store.manifest.NoManifestError: if the day was never discovered.
    """
    s3, lake, run = workspace.s3, workspace.lake, workspace.run
    planned_at = datetime.now(UTC).isoformat()
    manifest = ManifestReader.open(s3, run, media_type)
    for prefix in (run.plans_uri(), *(run.staged_uri(table, media_type) for table in run_tables(media_type))):
        delete_prefix(s3, prefix)
    per_source, hashes = manifest.survey()
    wants = {source: wanted_analyses(lake, source, media_type) for source in per_source}
    size = assets_per_batch(
        per_source.total(),
        sum(count * len(wants[source]) for source, count in per_source.items()),
        workspace.settings,
    )
    figures = PlanFigures(media_type, run.partition)
    repeated = RepeatedContent.of([hashes])
    planner = Planner(workspace.ledger, wants, repeated, selections, figures, book)
    batches = list(write_plan(s3, run, planner.rows(manifest.chunks(CHUNK_ASSETS)), size))
    used = month_to_date() if figures.planned else {}
    throughput = throughput_of(workspace, figures.planned.image_operations())
    estimate = figures.planned.estimate(book, used, throughput)
    if spare := figures.planned.repeats():
        SpareCalls(workspace.ledger, run).allow(spare)
    waits = wait_for_approval(workspace, estimate, book)
    return batches, figures.summary(lake, estimate, book) | {
        "approval_needed": waits,
        "planned_at": planned_at,
    }


def assets_per_batch(assets: int, analyses: int, settings: Settings) -> int:
    """Return how many assets to put into a batch.

    They make at most ``max_batches`` batches of ``batch_size`` analyses or more.
    """
    wanted = max(1, min(settings.max_batches, assets, math.ceil(analyses / settings.batch_size)))
    return max(1, math.ceil(assets / wanted))


class Planner:
    """Decides what becomes of each analysis, and counts. It may plan several days, one after the other.

    :param repeated: contents that several assets of these days have.
    :param book: tells which of two routes costs less.
    """

    def __init__(
        self,
        ledger: Ledger,
        wants: Mapping[str, list[WantedAnalysis]],
        repeated: RepeatedContent,
        selections: Sequence[Selection] | None,
        figures: PlanFigures,
        book: PriceBook,
    ) -> None:
        self._ledger = ledger
        self._wants = wants
        self._repeated = repeated
        self._selections = selections
        self._figures = figures
        self._book = book
        # The keys planned for contents that occur more than once, as digests, which take less memory.
        self._planned: set[bytes] = set()

    def rows(self, chunks: Iterable[Sequence[Row]]) -> Iterator[Row]:
        """Yield the plan's line of each asset."""
        for assets in map(self._without_erased, chunks):
            asked = [self._candidates(asset) for asset in assets]
            entries = self._ledger.lookup(_ledger_keys(asked))
            for asset, candidates in zip(assets, asked, strict=True):
                self._figures.assets += 1
                yield {"asset": asset, "analyses": [self._analysis(each, entries) for each in candidates]}
            log.info("planned %d files", self._figures.assets)

    def _without_erased(self, assets: Sequence[Row]) -> list[Row]:
        """Return assets with those rejected whose content was erased."""
        erased = self._ledger.erased({each for asset in assets for each in identities_of(asset)})
        code, reason = ERASED
        return [
            asset
            if erased.isdisjoint(identities_of(asset))
            else {**asset, "reason_code": code, "reason": reason}
            for asset in assets
        ]

    def _candidates(self, asset: Row) -> list[Candidate]:
        return [candidate_of(asset, want, self._book) for want in self._wants[asset["source"]]]

    def _analysis(self, candidate: Candidate, entries: Mapping[str, Entry]) -> Row:
        """Decide what becomes of an analysis, count it and return it as the plan's line has it."""
        candidate = candidate.by_known_route(entries)
        decision = decide(candidate, entries, self._selections)
        duplicate = decision.state == "planned" and self._is_duplicate(candidate, decision.key)
        self._figures.count(candidate, decision, duplicate)
        analysis: Row = {
            "feature": candidate.want.feature.name,
            "parameters": candidate.want.parameters,
            "analysis_key": decision.key,
            "state": decision.state,
            "code": candidate.defect.code if candidate.defect else None,
            "message": candidate.defect.message if candidate.defect else None,
        }
        if candidate.want.sampling:
            analysis["frames"] = candidate.want.sampling.to_json()
        if decision.failures:
            analysis["failures"] = decision.failures
        if duplicate:
            analysis["duplicate"] = True
        return analysis

    def _is_duplicate(self, candidate: Candidate, key: str) -> bool:
        """Note that an analysis is planned, and return whether it was planned before."""
        if candidate.asset["content_id"] not in self._repeated:
            return False
        before = len(self._planned)
        self._planned.add(blake2b(key.encode(), digest_size=16).digest())
        return len(self._planned) == before


def _ledger_keys(asked: Iterable[Iterable[Candidate]]) -> Iterator[str]:
    """Yield the keys under which the ledger may know the candidates."""
    for candidates in asked:
        for each in candidates:
            yield from each.ledger_keys()
