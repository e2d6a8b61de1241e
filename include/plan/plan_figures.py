"""The figures of a plan: how many analyses are paid for, reused and rejected, and what they cost."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from include.core.features import ImageCall, MediaType
from include.core.lake import Lake
from include.core.prices import PriceBook, billed_units, estimate
from include.plan.decisions import Candidate, Decision
from include.store.objects import Row

log = logging.getLogger(__name__)


class PlanFigures:
    """Counts the decisions of a plan and prices them.

    :ivar assets: number of assets so far.
    """

    def __init__(self, media_type: MediaType) -> None:
        self.assets = 0
        self._media_type = media_type
        self._states: Counter[str] = Counter()
        self._units: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._models: dict[str, Row] = {}
        self._other_versions: Counter[str] = Counter()

    def count(self, candidate: Candidate, decision: Decision, duplicate: bool) -> None:
        """Count one decision.

        :param duplicate: whether the plan pays for the same analysis already.
        """
        self._states["reused" if duplicate else decision.state] += 1
        self._other_versions[candidate.want.feature.name] += decision.other_version
        if decision.state == "planned" and not duplicate:
            self._count_payment(candidate)

    def _count_payment(self, candidate: Candidate) -> None:
        asset, want = candidate.asset, candidate.want
        for line, amount in billed_units(want.call, want.parameters, asset["duration_ms"]):
            self._units[asset["source"]][line] += amount
        if isinstance(want.call, ImageCall) and want.call.model_parameter:
            arn = want.parameters[want.call.model_parameter]
            payer = {name: asset[name] for name in ("source", "cost_center")}
            model = self._models.setdefault(arn, {"arn": arn, "feature": want.feature.name, "teams": {}})
            model["teams"].setdefault(asset["source"], payer | {"images": 0})["images"] += 1

    @property
    def pays(self) -> bool:
        """Whether the plan pays for something, once all decisions are counted."""
        return bool(self._units)

    @property
    def calls(self) -> int:
        """How many analyses the plan pays for."""
        return self._states["planned"]

    @property
    def reused(self) -> int:
        """How many analyses are paid for already, or as another asset's."""
        return self._states["reused"]

    @property
    def units(self) -> dict[str, float]:
        """What the plan pays for, by line of the price book."""
        units: Counter[str] = Counter()
        for lines in self._units.values():
            units.update(lines)
        return dict(units)

    def summary(self, day: str, lake: Lake, book: PriceBook, month_to_date: Mapping[str, float]) -> Row:
        """Return the figures, as :func:`include.plan.planner.plan` describes them, and log them."""
        units = self.units
        price = estimate(units, month_to_date, book)
        over = list(self._over_limit(lake, book, month_to_date))
        states = self._states
        left = f", {states['not_selected']} left as they are" if states["not_selected"] else ""
        text = (
            f"{self.assets} {self._media_type}s: {states['planned']} analyses to pay for, "
            f"{states['reused']} reused, {states['rejected']} rejected{left}; "
            f"${price.low:,.4f} to ${price.high:,.4f}, likely ${price.likely:,.4f}"
        )
        log.info("%s: %s", day, text)
        self._warn_of_other_versions(lake)
        return {
            "assets": self.assets,
            "analyses": states.total(),
            "calls": states["planned"],
            "reused": states["reused"],
            "models": [model | {"teams": list(model["teams"].values())} for model in self._models.values()],
            "rejected": states["rejected"],
            "units": units,
            "usd": {"low": price.low, "likely": price.likely, "high": price.high},
            "approval_needed": bool(over),
            "approval_text": "\n".join(over),
            "text": text,
        }

    def _over_limit(self, lake: Lake, book: PriceBook, month_to_date: Mapping[str, float]) -> Iterator[str]:
        """Yield a sentence for each source whose upper estimate is above its approval limit."""
        for name, units in self._units.items():
            price, limit = estimate(units, month_to_date, book), lake.source(name).approval_limit_usd
            if price.high > limit:
                yield (
                    f"Source **{name}** may cost up to ${price.high:,.2f} (likely ${price.likely:,.2f}), "
                    f"which is above its limit of ${limit:,.2f}."
                )

    def _warn_of_other_versions(self, lake: Lake) -> None:
        for feature, count in (+self._other_versions).items():
            log.warning(
                "%d analyses of %s were paid for at the pinned version %s, but Rekognition answered with "
                "another version; they are not paid for again (see model_version in table analyses)",
                count, feature, lake.model_versions[feature],
            )  # fmt: skip
