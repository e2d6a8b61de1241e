"""Rows of table ``moderation_labels`` from images, videos and jobs of bulk analysis.

Models before 7.0 give no ``TaxonomyLevel`` and no ``ContentTypes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import (
    MANIFEST_RESPONSE,
    JsonObject,
    findings,
    mapping,
    names,
    number,
    objects,
    whole,
    word,
)
from include.normalize.normalizer_registry import TableRow, normalizes
from include.store.objects import Row


@normalizes("DetectModerationLabels")
def image_moderation(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every moderation label of an image; content types are those of the whole image."""
    for page in pages:
        version = word(page.get("ModerationModelVersion"))
        for label in objects(page.get("ModerationLabels")):
            yield "moderation_labels", _row(label, {"ContentTypes": page.get("ContentTypes")}, version)


@normalizes("GetMediaAnalysisJob")
def bulk_moderation(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every moderation label in a results manifest; the job's own reply has none."""
    return image_moderation(mapping(page.get(MANIFEST_RESPONSE)) for page in pages)


@normalizes("GetContentModeration")
def video_moderation(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every moderation label and time; with aggregation SEGMENTS, its span as well."""
    for version, item in findings(pages, "ModerationLabels", "ModerationModelVersion"):
        yield "moderation_labels", _row(mapping(item.get("ModerationLabel")), item, version)


def _row(label: JsonObject, item: JsonObject, version: str | None) -> Row:
    return {
        "model_version": version,
        "timestamp_ms": whole(item.get("Timestamp")),
        "start_ms": whole(item.get("StartTimestampMillis")),
        "end_ms": whole(item.get("EndTimestampMillis")),
        "name": word(label.get("Name")),
        "parent_name": word(label.get("ParentName")),
        "taxonomy_level": whole(label.get("TaxonomyLevel")),
        "confidence": number(label.get("Confidence")),
        "content_types": names(item.get("ContentTypes")),
    }
