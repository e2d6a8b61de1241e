"""The approval of a run's plan: does it have to wait, and what is left of it if less was approved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from include.core.estimates import Estimate, Place, Planned, Throughput
from include.core.features import FEATURES, ImageCall, MediaType
from include.core.frame_sampling import FrameSampling
from include.core.lake import Lake
from include.core.prices import PriceBook
from include.plan.approvals import KEY, Answer, Approvals, PlannedRun, Question
from include.plan.throughput import throughput_of
from include.store.objects import Ndjson, Row, get_ndjson, list_uris
from include.store.plan_batches import read_plan
from include.store.workspace import Workspace

NOT_APPROVED = "NotApproved"

_MOST_RUNS = 50  # that a question lists


def approvals_of(workspace: Workspace) -> Approvals:
    """Return the record of approvals, which all runs of the lake share."""
    return Approvals(workspace.ledger.shared(KEY), workspace.settings.approval_gather_seconds)


def wait_for_approval(workspace: Workspace, estimate: Estimate, book: PriceBook) -> bool:
    """Note what the run plans to pay, and return whether it has to wait for a person."""
    by_source = estimate.by("source")
    run = PlannedRun(
        workspace.run.token,
        f"{workspace.run.partition}, {workspace.run.dag_id}",
        {source: usd["high"] for source, usd in by_source.items()},
        {source: usd["likely"] for source, usd in by_source.items()},
    )
    limits = {source: workspace.lake.source(source).approval_limit_usd for source in by_source}
    return approvals_of(workspace).plan(run, limits, lambda: _paid(workspace, book))


def in_words(question: Question, lake: Lake) -> str:
    """Return what a person is asked, as Markdown."""
    lines = [
        f"{len(question.runs)} plans wait for this answer. They may cost up to **${question.usd:,.2f}** "
        f"together, likely ${question.likely:,.2f}.\n"
    ]
    for source in question.sources:
        limit = lake.source(source).approval_limit_usd
        lines.append(f"- With them, source **{source}** passes its limit of ${limit:,.2f} for this day.")
    lines.append("\n| plan | up to |\n|---|---|")
    lines += [f"| {title} | ${usd:,.2f} |" for title, usd in question.runs[:_MOST_RUNS]]
    if more := question.runs[_MOST_RUNS:]:
        lines.append(f"| {len(more)} more | ${sum(usd for _, usd in more):,.2f} |")
    return "\n".join(lines)


def _paid(workspace: Workspace, book: PriceBook) -> dict[str, float]:
    """Return what the run has paid so far, by source, at the prices of a month's first units."""
    paid: defaultdict[str, float] = defaultdict(float)
    for uri in list_uris(workspace.s3, workspace.run.usage_uri("").removesuffix(".ndjson.gz")):
        for line in get_ndjson(workspace.s3, uri):
            if not line["reused"]:
                paid[line["source"]] += book.usd(line["price_item"], line["units"])
    return dict(paid)


@dataclass
class CutPlan:
    """What is left of a plan.

    :ivar calls: analyses that the run still pays for.
    :ivar cut: analyses that it does not pay for any more.
    :ivar models: ARN of each model that the run still needs, and the images of each source that need it.
    """

    calls: int = 0
    cut: int = 0
    models: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def models_left(self, models: Iterable[Row]) -> list[Row]:
        """Return what is left of the plan's models, ``[{arn, feature, teams}]``."""
        left = []
        for model in models:
            images = self.models[model["arn"]]
            teams = [team | {"images": images[team["source"]]} for team in model["teams"]]
            left.append(model | {"teams": [team for team in teams if team["images"]]})
        return [model for model in left if model["teams"]]


def cut_plan(workspace: Workspace, media_type: MediaType, answer: Answer, book: PriceBook) -> CutPlan:
    """Leave out of a run's batches what is beyond its approved amount. May be repeated.

    The first analyses of the plan whose upper bound is within the amount stay. The others become
    ``not_selected``, with a reason.
    """
    text = (
        f"{answer.by or 'somebody'} approved ${answer.usd:,.2f} for this run, and it may cost more; "
        "start a run of the day to be asked again"
    )
    operations = {call.operation for feature in FEATURES.values() if (call := feature.image)}
    throughput = throughput_of(workspace, operations if media_type == "image" else ())
    cutter = _Cutter(media_type, answer, book, throughput, text)
    for uri in sorted(list_uris(workspace.s3, workspace.run.plans_uri())):
        batch = Ndjson()
        for row in cutter.rows(read_plan(workspace.s3, uri)):
            batch.add(row)
        batch.put(workspace.s3, uri)
    return cutter.left


class _Cutter:
    """Goes through the batches of a plan in their order."""

    def __init__(
        self,
        media_type: MediaType,
        answer: Answer,
        book: PriceBook,
        throughput: Throughput,
        text: str,
    ) -> None:
        self._media_type = media_type
        self._sources: Collection[str] = answer.plan.high
        self._usd = answer.usd
        self._book = book
        self._throughput = throughput
        self._text = text
        self._planned = Planned()
        self._cut_keys: set[bytes] = set()
        self.left = CutPlan()

    def rows(self, batch: Iterable[Row]) -> Iterator[Row]:
        for row in batch:
            for analysis in row["analyses"]:
                if analysis["state"] == "planned":
                    self._decide(row["asset"], analysis)
                if analysis["code"] == NOT_APPROVED and not analysis.get("duplicate"):
                    self.left.cut += 1
            yield row

    def _decide(self, asset: Row, analysis: Row) -> None:
        """Leave an analysis in the plan, or take it out; of several of one content, all or none."""
        key = bytes.fromhex(analysis["analysis_key"])
        if key in self._cut_keys or not (analysis.get("duplicate") or self._fits(asset, analysis)):
            self._cut_keys.add(key)
            analysis |= {"state": "not_selected", "code": NOT_APPROVED, "message": self._text}
        elif not analysis.get("duplicate"):
            self.left.calls += 1
            self._count_model(asset["source"], analysis)

    def _fits(self, asset: Row, analysis: Row) -> bool:
        """Take an analysis from the approved amount, and return whether there was enough."""
        if asset["source"] not in self._sources:
            return True
        place = Place(asset["source"], asset["cost_center"], self._media_type, analysis["feature"])
        parameters, duration_ms = analysis["parameters"], asset["duration_ms"]
        frames = _frames(analysis, duration_ms)
        self._planned.add(place, parameters, duration_ms, frames=frames)
        if self._planned.most_usd(self._book, self._throughput, *self._planned.places()) <= self._usd:
            return True
        self._planned.add(place, parameters, duration_ms, times=-1, frames=frames)
        return False

    def _count_model(self, source: str, analysis: Row) -> None:
        """Count the model that has to run for an analysis, if any."""
        call = FEATURES[analysis["feature"]].analysis(self._media_type)
        if isinstance(call, ImageCall) and call.model_parameter:
            self.left.models[analysis["parameters"][call.model_parameter]][source] += 1


def _frames(analysis: Row, duration_ms: int | None) -> int | None:
    """Return how many frames of a video are analyzed at most; None for a job or an image."""
    if "frames" not in analysis:
        return None
    return FrameSampling.from_json(analysis["frames"]).most_frames(duration_ms or 0)
