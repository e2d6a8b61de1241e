"""The figures of a plan: how many analyses are paid for, reused and rejected, and what they cost."""

from __future__ import annotations

import logging
from collections import Counter

from include.core.estimates import Estimate, Place, Planned
from include.core.features import MediaType
from include.core.lake import Lake
from include.core.prices import PriceBook
from include.plan.decisions import Candidate, Decision
from include.plan.route_prices import RoutePrices
from include.store.objects import Row

log = logging.getLogger(__name__)


class PlanFigures:
    """Counts the decisions of a plan, of one day or several.

    :ivar assets: number of assets so far.
    :ivar day: day of the lake that the assets are of.
    :ivar planned: what the plan pays for.
    """

    def __init__(self, media_type: MediaType, day: str) -> None:
        self.assets = 0
        self.day = day
        self.planned = Planned()
        self._media_type = media_type
        self._states: Counter[str] = Counter()
        self._other_versions: Counter[str] = Counter()
        self._routes = RoutePrices()

    def count(self, candidate: Candidate, decision: Decision, duplicate: bool) -> None:
        """Count one decision.

        :param duplicate: whether the plan pays for the same analysis already.
        """
        self._states["reused" if duplicate else decision.state] += 1
        self._other_versions[candidate.want.feature.name] += decision.other_version
        if decision.state == "planned" and not duplicate:
            asset, want = candidate.asset, candidate.want
            place = Place(asset["source"], asset["cost_center"], self._media_type, want.feature.name)
            duration_ms, day = asset["duration_ms"], self.day
            frames = want.frames(duration_ms)
            self.planned.add(place, want.parameters, duration_ms, day=day, frames=frames)
            self._routes.add(want, duration_ms)

    @property
    def calls(self) -> int:
        """How many analyses the plan pays for."""
        return self._states["planned"]

    @property
    def reused(self) -> int:
        """How many analyses are paid for already, or as another asset's."""
        return self._states["reused"]

    @property
    def rejected(self) -> int:
        """How many analyses Rekognition would refuse."""
        return self._states["rejected"]

    def summary(self, lake: Lake, estimate: Estimate, book: PriceBook) -> Row:
        """Return the figures, as :func:`include.plan.planner.plan` describes them, and log them."""
        states, usd = self._states, estimate.usd
        left = f", {states['not_selected']} left as they are" if states["not_selected"] else ""
        text = (
            f"{self.assets} {self._media_type}s: {states['planned']} analyses to pay for, "
            f"{states['reused']} reused, {states['rejected']} rejected{left}; "
            f"${usd['low']:,.4f} to ${usd['high']:,.4f}, likely ${usd['likely']:,.4f}"
        )
        log.info("%s: %s", self.day, text)
        routes = list(self._routes.lines(book))
        for line in routes:
            log.info("%s", line["text"])
        self._warn_of_other_versions(lake)
        return {
            "assets": self.assets,
            "analyses": states.total(),
            "calls": states["planned"],
            "reused": states["reused"],
            "models": [_model(arn, calls) for arn, calls in self.planned.models().items()],
            "rejected": states["rejected"],
            "units": self.planned.units,
            "minutes": sum(line.minutes for line in estimate.lines),
            "model_hours": sum(line.model_hours for line in estimate.lines),
            "seconds_at_quotas": estimate.seconds,
            "usd": usd,
            "text": text,
            "routes": routes,
        }

    def _warn_of_other_versions(self, lake: Lake) -> None:
        for feature, count in (+self._other_versions).items():
            log.warning(
                "%d analyses of %s were paid for at the pinned version %s, but Rekognition answered with "
                "another version; they are not paid for again (see model_version in table analyses)",
                count, feature, lake.model_versions[feature],
            )  # fmt: skip


def _model(arn: str, calls: Counter[Place]) -> Row:
    """Return a model that the plan needs, and the teams that share its time by their images."""
    (feature,) = {place.feature for place in calls}
    teams = [
        {"source": place.source, "cost_center": place.cost_center, "images": images}
        for place, images in calls.items()
    ]
    return {"arn": arn, "feature": feature, "teams": teams}
