"""The identity of an analysis: what is paid for once, and what a source asks for, by that identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from include.core.features import FEATURES, Feature, ImageCall, MediaType, VideoJob, price_items
from include.core.frame_sampling import FrameSampling
from include.core.lake import Lake
from include.core.request_parameters import request_parameters
from include.core.routes import request_members, route_of


@dataclass(frozen=True)
class WantedAnalysis:
    """One analysis that a source asks for, of whichever asset.

    :param members: request members that the source sets.
    :param version: version of the model that the analysis has to be of; None if any will do.
    :param sampling: the frames of a video that are analyzed as images; None for a job on the whole of it.
    :param other_route: the same analysis by frames, where the plan may take either.
    """

    feature: Feature
    media_type: MediaType
    members: Mapping[str, Any]
    version: str | None = None
    sampling: FrameSampling | None = None
    other_route: WantedAnalysis | None = None

    @cached_property
    def call(self) -> ImageCall | VideoJob:
        """How it is asked for.

        :raises ValueError: if AWS does not offer the feature for this kind of media.
        """
        call = self.feature.analysis(self.media_type, by_frames=self.sampling is not None)
        if call is None:
            raise ValueError(f"{self.feature.name} is not offered for {self.media_type}s")
        return call

    @cached_property
    def parameters(self) -> dict[str, Any]:
        return request_parameters(self.call, self.members)

    def units(self, duration_ms: int | None) -> Iterator[tuple[str, float]]:
        """Yield what one asset is billed as: lines of the price book with images or minutes of video.

        The hours of models are not in it.
        """
        frames = self.frames(duration_ms)
        images = 1 if frames is None else frames
        amount = float(images) if isinstance(self.call, ImageCall) else (duration_ms or 0) / 60_000
        for item in price_items(self.call, self.parameters):
            yield item, amount

    def frames(self, duration_ms: int | None) -> int | None:
        """Return how many frames of a video are analyzed at most; None for a job or an image."""
        return self.sampling.most_frames(duration_ms or 0) if self.sampling else None

    def key(self, content_id: str) -> str:
        """Return the key that the analysis of a content is paid under."""
        return _digest(content_id, self._identity)

    def unpinned_key(self, content_id: str) -> str:
        """Return the key that it would have without a version: what was paid before there was a pin."""
        return _digest(content_id, self._unpinned_identity)

    @cached_property
    def _unpinned_identity(self) -> str:
        return _identity(self)

    @cached_property
    def _identity(self) -> str:
        return _identity(self, model_version=self.version) if self.version else self._unpinned_identity


def analysis_key(
    content_id: str,
    feature: Feature,
    media_type: MediaType,
    members: Mapping[str, Any] | None = None,
    version: str | None = None,
) -> str:
    """Return the identity of an analysis: what is paid for once.

    Whatever changes the answer of AWS is part of it: the bytes, the operation and its parameters, and the
    version of the model where one is pinned. This is the key of an image or a job; that of frames has their
    sampling too (:meth:`WantedAnalysis.key`).

    :param members: request members that the source sets.
    :raises ValueError: if AWS does not offer the feature for this kind of media.
    """
    return WantedAnalysis(feature, media_type, members or {}, version).key(content_id)


def wanted_analyses(lake: Lake, source: str, media_type: MediaType) -> list[WantedAnalysis]:
    """Return what a source asks for.

    :raises include.core.settings.SettingsError: if the lake lacks the source.
    """
    return [
        _wanted(lake, FEATURES[name], media_type, asked)
        for name, asked in lake.source(source).features.get(media_type, {}).items()
    ]


def _wanted(lake: Lake, feature: Feature, media_type: MediaType, asked: Mapping[str, Any]) -> WantedAnalysis:
    route = route_of(asked)
    version = lake.pinned_version(feature, media_type)
    job = WantedAnalysis(feature, media_type, request_members(asked), version)
    if route.name == "job":
        return job
    frames = replace(job, sampling=route.sampling)
    return frames if route.name == "frames" else replace(job, other_route=frames)


def _identity(wanted: WantedAnalysis, **more: str) -> str:
    """Return the part of an identity that all contents share, as JSON that follows the content id."""
    frames = {"frames": wanted.sampling.to_json()} if wanted.sampling else {}
    identity = {
        "feature": wanted.feature.name,
        "operation": wanted.call.operation,
        "parameters": wanted.parameters,
        **frames,
        **more,
    }
    return json.dumps(identity, sort_keys=True).removeprefix("{")


def _digest(content_id: str, identity: str) -> str:
    return hashlib.sha256(f'{{"content_id": {json.dumps(content_id)}, {identity}'.encode()).hexdigest()
