"""The route by which a source has a video analyzed: a job on the whole of it, or some frames as images.

A source writes the route beside the members of a feature's request, as in ``labels: {route: frames,
frames_per_second: 0.5}``. Names of request members begin with a capital letter, so the two do not meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Literal, NamedTuple, get_args

from include.core.features import Feature, MediaType, tables_filled
from include.core.frame_sampling import (
    DEFAULT_FRAMES_PER_SECOND,
    LEAST_FRAMES_PER_SECOND,
    MOST_FRAMES_PER_SECOND,
    FrameSampling,
)
from include.core.near_misses import near_miss
from include.core.request_parameters import problems, request_parameters
from include.core.setting_mistakes import Mistake, shown

RouteName = Literal["job", "frames", "auto"]
_ROUTES: tuple[RouteName, ...] = get_args(RouteName)
_SETTINGS = ("route", "frames_per_second", "scene_changes")


class Route(NamedTuple):
    """How a source has a feature analyzed.

    :param name: ``auto`` leaves it to the plan, which takes what costs less by the list price.
    :param sampling: the frames; None for a job.
    """

    name: RouteName = "job"
    sampling: FrameSampling | None = None


def request_members(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request members among what a source writes of a feature."""
    return {name: value for name, value in asked.items() if name not in _SETTINGS}


def route_of(asked: Mapping[str, Any]) -> Route:
    """Return the route among what a source writes of a feature, which has no mistakes."""
    name: RouteName = asked.get("route", "job")
    if name == "job":
        return Route()
    if asked.get("scene_changes"):
        return Route(name, FrameSampling(None))
    return Route(name, FrameSampling(float(asked.get("frames_per_second", DEFAULT_FRAMES_PER_SECOND))))


def feature_mistakes(feature: Feature, media_type: MediaType, asked: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield each mistake in what a source writes of a feature: its route, and the members of its request."""
    found = list(_route_mistakes(feature, media_type, asked))
    if found:
        yield from found
        return
    members, route = request_members(asked), route_of(asked)
    if route.name in ("job", "auto"):
        yield from problems(feature.analysis(media_type), members)
    if route.name in ("frames", "auto"):
        yield from problems(feature.image, members)
        yield from _tables_without_times(feature, members)


def _route_mistakes(feature: Feature, media_type: MediaType, asked: Mapping[str, Any]) -> Iterator[Mistake]:
    settings = [name for name in _SETTINGS if name in asked]
    if not settings:
        return
    if media_type == "image":
        yield Mistake((settings[0],), f"images have no {settings[0]}; leave it out")
    elif asked.get("route", "job") not in _ROUTES:
        route = asked["route"]
        close = near_miss(route, _ROUTES) if isinstance(route, str) else ""
        yield Mistake(("route",), f"{shown(route)} is no route{close}; choose from {', '.join(_ROUTES)}")
    elif asked.get("route", "job") == "job":
        for name in settings:
            if name != "route":
                yield Mistake((name,), f"a job has no {name}; write route: frames or auto beside it")
    elif feature.lost_by_frames is None:
        yield Mistake(("route",), f"{feature.name} needs the whole video; write route: job, or leave it out")
    else:
        yield from _sampling_mistakes(asked)


def _sampling_mistakes(asked: Mapping[str, Any]) -> Iterator[Mistake]:
    if "frames_per_second" in asked and not _is_rate(asked["frames_per_second"]):
        yield Mistake(
            ("frames_per_second",),
            f"{shown(asked['frames_per_second'])} is no number from {LEAST_FRAMES_PER_SECOND:g} to "
            f"{MOST_FRAMES_PER_SECOND:g}; write one, as in frames_per_second: 0.5",
        )
    if not isinstance(asked.get("scene_changes", False), bool):
        yield Mistake(
            ("scene_changes",), f"{shown(asked['scene_changes'])} is neither true nor false; write true"
        )
    elif asked.get("scene_changes") and "frames_per_second" in asked:
        yield Mistake(
            ("scene_changes",), "frames_per_second and scene_changes exclude each other; leave one out"
        )


def _is_rate(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return is_number and LEAST_FRAMES_PER_SECOND <= value <= MOST_FRAMES_PER_SECOND


def _tables_without_times(feature: Feature, members: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield a mistake if a frame's request fills a table whose rows have no time."""
    if feature.image is None or feature.image.choice is None:
        return
    tables = tables_filled(feature, "image", request_parameters(feature.image, members))
    if other := [table for table in tables if table not in feature.tables]:
        yield Mistake(
            (feature.image.choice.member,),
            f"rows of {', '.join(other)} have no time in a video; ask for {', '.join(feature.tables)} only",
        )
