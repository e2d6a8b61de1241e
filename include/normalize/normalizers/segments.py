"""Rows of table ``segments`` from GetSegmentDetection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, mapping, number, objects, whole, word
from include.normalize.normalizer_registry import TableRow, normalizes
from include.store.objects import Row


@normalizes("GetSegmentDetection")
def video_segments(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every shot and technical cue.

    Each kind has its own model, named in ``SelectedSegmentTypes``.
    """
    versions: dict[str | None, str | None] = {}
    for page in pages:
        for selected in objects(page.get("SelectedSegmentTypes")):
            versions[word(selected.get("Type"))] = word(selected.get("ModelVersion"))
        for segment in objects(page.get("Segments")):
            yield "segments", _row(segment, versions.get(word(segment.get("Type"))))


def _row(segment: JsonObject, version: str | None) -> Row:
    cue, shot = mapping(segment.get("TechnicalCueSegment")), mapping(segment.get("ShotSegment"))
    return {
        "model_version": version,
        "type": word(segment.get("Type")),
        "cue_type": word(cue.get("Type")),
        "shot_index": whole(shot.get("Index")),
        "start_ms": whole(segment.get("StartTimestampMillis")),
        "end_ms": whole(segment.get("EndTimestampMillis")),
        "duration_ms": whole(segment.get("DurationMillis")),
        "start_frame": whole(segment.get("StartFrameNumber")),
        "end_frame": whole(segment.get("EndFrameNumber")),
        "duration_frames": whole(segment.get("DurationFrames")),
        "start_timecode": word(segment.get("StartTimecodeSMPTE")),
        "end_timecode": word(segment.get("EndTimecodeSMPTE")),
        "confidence": number((cue or shot).get("Confidence")),
    }
