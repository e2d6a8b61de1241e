"""The identity of an analysis: what is paid for once, and what a source asks for, by that identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from include.core.features import FEATURES, Feature, ImageCall, MediaType, VideoJob
from include.core.lake import Lake
from include.core.request_parameters import request_parameters


@dataclass(frozen=True)
class WantedAnalysis:
    """One analysis that a source asks for, of whichever asset.

    :param members: request members that the source sets.
    :param version: version of the model that the analysis has to be of; None if any will do.
    """

    feature: Feature
    media_type: MediaType
    members: Mapping[str, Any]
    version: str | None = None

    @cached_property
    def call(self) -> ImageCall | VideoJob:
        """How it is asked for.

        :raises ValueError: if AWS does not offer the feature for this kind of media.
        """
        call = self.feature.analysis(self.media_type)
        if call is None:
            raise ValueError(f"{self.feature.name} is not offered for {self.media_type}s")
        return call

    @cached_property
    def parameters(self) -> dict[str, Any]:
        return request_parameters(self.call, self.members)

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
    version of the model where one is pinned.

    :param members: request members that the source sets.
    :raises ValueError: if AWS does not offer the feature for this kind of media.
    """
    return WantedAnalysis(feature, media_type, members or {}, version).key(content_id)


def wanted_analyses(lake: Lake, source: str, media_type: MediaType) -> list[WantedAnalysis]:
    """Return what a source asks for.

    :raises include.core.settings.SettingsError: if the lake lacks the source.
    """
    return [
        WantedAnalysis(FEATURES[name], media_type, members, lake.pinned_version(FEATURES[name], media_type))
        for name, members in lake.source(source).features.get(media_type, {}).items()
    ]


def _identity(wanted: WantedAnalysis, **more: str) -> str:
    """Return the part of an identity that all contents share, as JSON that follows the content id."""
    identity = {
        "feature": wanted.feature.name,
        "operation": wanted.call.operation,
        "parameters": wanted.parameters,
        **more,
    }
    return json.dumps(identity, sort_keys=True).removeprefix("{")


def _digest(content_id: str, identity: str) -> str:
    return hashlib.sha256(f'{{"content_id": {json.dumps(content_id)}, {identity}'.encode()).hexdigest()
