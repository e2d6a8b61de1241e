"""Rows of table ``moderation_labels`` from images, videos and jobs of bulk analysis.

Models before 7.0 give no ``TaxonomyLevel`` and no ``ContentTypes``. A label's level is then told by its
parents, which are in the same answer: "Using the image and video moderation APIs",
https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

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

# Label to the label above it.
_Parents = Mapping[str | None, str | None]


@normalizes("DetectModerationLabels")
def image_moderation(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every moderation label of an image; content types are those of the whole image."""
    for page in pages:
        version = word(page.get("ModerationModelVersion"))
        labels = objects(page.get("ModerationLabels"))
        parents = _parents(labels)
        for label in labels:
            yield (
                "moderation_labels",
                _row(label, {"ContentTypes": page.get("ContentTypes")}, version, parents),
            )


@normalizes("GetMediaAnalysisJob")
def bulk_moderation(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every moderation label in a results manifest; the job's own reply has none."""
    return image_moderation(mapping(page.get(MANIFEST_RESPONSE)) for page in pages)


@normalizes("GetContentModeration")
def video_moderation(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every moderation label and time; with aggregation SEGMENTS, its span as well."""
    parents: dict[str | None, str | None] = {}
    for version, item in findings(_noting(pages, parents), "ModerationLabels", "ModerationModelVersion"):
        yield "moderation_labels", _row(mapping(item.get("ModerationLabel")), item, version, parents)


def _noting(pages: Iterable[JsonObject], parents: dict[str | None, str | None]) -> Iterator[JsonObject]:
    """Pass pages on, each after its labels' parents are noted."""
    for page in pages:
        items = objects(page.get("ModerationLabels"))
        parents.update(_parents(mapping(item.get("ModerationLabel")) for item in items))
        yield page


def _parents(labels: Iterable[JsonObject]) -> dict[str | None, str | None]:
    return {word(label.get("Name")): word(label.get("ParentName")) for label in labels}


def _row(label: JsonObject, item: JsonObject, version: str | None, parents: _Parents) -> Row:
    parent, level = word(label.get("ParentName")), whole(label.get("TaxonomyLevel"))
    return {
        "model_version": version,
        "timestamp_ms": whole(item.get("Timestamp")),
        "start_ms": whole(item.get("StartTimestampMillis")),
        "end_ms": whole(item.get("EndTimestampMillis")),
        "name": word(label.get("Name")),
        "parent_name": parent,
        "taxonomy_level": _level(parent, parents) if level is None else level,
        "confidence": number(label.get("Confidence")),
        "content_types": names(item.get("ContentTypes")),
    }


def _level(parent: str | None, parents: _Parents) -> int:
    """Return the level of a label below a parent: 1 without one. A chain that meets itself ends there."""
    above: set[str] = set()
    while parent is not None and parent not in above:
        above.add(parent)
        parent = parents.get(parent)
    return len(above) + 1
