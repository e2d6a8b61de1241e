"""What the analysis of a video costs by a job and by frames, and which route a plan takes.

Both are priced at the first tier of the price book, whatever was used this month: the same file has the same
route in every run under one price book.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from include.core.analysis_keys import WantedAnalysis
from include.core.frame_sampling import FrameSampling
from include.core.prices import PriceBook
from include.plan.decisions import Candidate
from include.store.objects import Row


def candidate_of(asset: Row, want: WantedAnalysis, book: PriceBook) -> Candidate:
    """Return the candidate of an asset; where there are two routes, the one that costs less comes first.

    A route that the file does not allow counts as the dearer one. At the same price a job does, which misses
    nothing.
    """
    frames = want.other_route
    if frames is None:
        return Candidate.of(asset, want)
    routes = [Candidate.of(asset, want), Candidate.of(asset, frames)]
    prices = [_list_price(each.want, asset["duration_ms"], book) for each in routes]
    takes_frames = routes[1].defect is None and prices[1] < prices[0]
    first, second = reversed(routes) if takes_frames else routes
    return replace(first, dearer=second)


def _list_price(want: WantedAnalysis, duration_ms: int | None, book: PriceBook) -> float:
    return sum(book.usd(item, amount) for item, amount in want.units(duration_ms))


@dataclass
class _Videos:
    """What a plan pays for of one feature, by one sampling.

    :ivar by_frames: how many of the videos are analyzed by frames.
    """

    videos: int = 0
    by_frames: int = 0
    minutes: float = 0.0
    frames: int = 0


class RoutePrices:
    """Adds up the planned analyses of videos that can be done by either route."""

    def __init__(self) -> None:
        self._found: defaultdict[tuple[str, FrameSampling], _Videos] = defaultdict(_Videos)
        self._wants: dict[tuple[str, FrameSampling], WantedAnalysis] = {}

    def add(self, want: WantedAnalysis, duration_ms: int | None) -> None:
        """Add an analysis that is paid for; others than those of both routes are passed over."""
        if want.media_type != "video" or want.feature.lost_by_frames is None:
            return
        other = want.other_route.sampling if want.other_route else None
        sampling = want.sampling or other or FrameSampling()
        place = want.feature.name, sampling
        self._wants.setdefault(place, want)
        found = self._found[place]
        found.videos += 1
        found.by_frames += want.sampling is not None
        found.minutes += (duration_ms or 0) / 60_000
        found.frames += sampling.most_frames(duration_ms or 0)

    def lines(self, book: PriceBook) -> Iterator[Row]:
        """Yield, for each feature, what either route costs at the list price and what frames lose.

        :return: rows ``{feature, videos, by_frames, minutes, frames, job_usd, frames_usd, text}``.
        """
        for (feature, sampling), found in sorted(self._found.items(), key=lambda each: each[0][0]):
            want = self._wants[feature, sampling]
            job_usd = _job_price(want, found.minutes, book)
            frames_usd = _frames_price(want, found.frames, book)
            yield {
                "feature": feature,
                "videos": found.videos,
                "by_frames": found.by_frames,
                "minutes": found.minutes,
                "frames": found.frames,
                "job_usd": job_usd,
                "frames_usd": frames_usd,
                "text": (
                    f"{feature} of {found.videos} videos, {found.by_frames} of them by frames: all by jobs "
                    f"${job_usd:,.4f}, all by {found.frames:,} frames ({sampling}) ${frames_usd:,.4f}; "
                    f"frames lose {want.feature.lost_by_frames}"
                ),
            }


def _job_price(want: WantedAnalysis, minutes: float, book: PriceBook) -> float:
    job = want.feature.video
    assert job is not None
    return sum(book.usd(item, minutes) for item in job.price_items)


def _frames_price(want: WantedAnalysis, frames: int, book: PriceBook) -> float:
    sampled = replace(want, members={}, sampling=FrameSampling(), other_route=None)
    return sum(book.usd(item, frames) for item, _ in sampled.units(0))
