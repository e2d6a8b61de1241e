"""The asynchronous operations on videos: what each kind of job looks for, and how it reports findings.

Celebrity recognition finds nothing, unless an analysis was recorded for the same bytes (see :mod:`.images`).
Labels of videos come from faces, scenes, objects and the subject; only text detection reads text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from local.aws.rekognition.celebrity_replies import sort_celebrities
from local.aws.rekognition.detectors.shots import Run
from local.aws.rekognition.film import Film, Properties, find_segments, read_properties, sample_frames
from local.aws.rekognition.findings import TEXT_MODEL_VERSION, face_details, text_detections
from local.aws.rekognition.images import MODERATION_MODEL_VERSION
from local.aws.rekognition.label_taxonomy import LABEL_MODELS, MODEL_VERSION, labels_from, select_labels
from local.aws.rekognition.moderation_labels import moderation_labels
from local.aws.rekognition.person_search import person_items, search_film, select_persons, sort_persons
from local.aws.rekognition.timecode import timecode

Params = dict[str, Any]
Item = dict[str, Any]

_LEAST_CONFIDENCE = 50.0  # the default of StartLabelDetection, StartContentModeration and the segment filters
_LABEL_INTERVAL_MS = 500
_DEFAULT_BLACK = {"MaxPixelThreshold": 0.2, "MinCoveragePercentage": 99.0}
_SEGMENT_MODEL_VERSION = "local-1.0"


@dataclass(frozen=True)
class VideoAnalysis:
    """One kind of job.

    :param member: member of the Get reply that holds the findings.
    :param watch: returns the function that a worker runs for a request. The function takes the path of the
        video; if the request names a collection, it also takes ``known``, the collection's faces.
    :param items: makes findings of what was seen.
    :param select: applies the request's thresholds to recorded findings.
    :param select_members: leaves out of a recorded reply's members what the request did not ask for.
    :param arrange: sorts and aggregates findings as a Get request asks; None where it cannot ask.
    :param model: returns the members of the Get reply that name the model, for a Start request.
    """

    name: str
    member: str
    watch: Callable[[Params], Callable[..., Film]]
    items: Callable[[Params, Film], list[Item]]
    select: Callable[[Params, list[Item]], list[Item]] = lambda params, items: items
    select_members: Callable[[Params, Item], Item] = lambda params, members: members
    arrange: Callable[[list[Item], str, str], list[Item]] | None = None
    model: Callable[[Params], dict[str, Any]] = lambda params: {}

    @property
    def start(self) -> str:
        return f"Start{self.name}"

    @property
    def get(self) -> str:
        return f"Get{self.name}"

    def metadata(self, properties: Properties) -> dict[str, Any]:
        """Return VideoMetadata, and AudioMetadata where the reply has it."""
        if self.name == "SegmentDetection":
            return {"VideoMetadata": [properties.video], "AudioMetadata": properties.audio}
        return {"VideoMetadata": properties.video}


def _watch_samples(
    detectors: tuple[str, ...], per_second: float, side: int, slow: tuple[str, ...] = ()
) -> Callable[[Params], Callable[[str], Film]]:
    return lambda params: partial(
        sample_frames, detectors=detectors, per_second=per_second, side=side, slow=slow
    )


def _watch_segments(params: Params) -> Callable[[str], Film]:
    black = _DEFAULT_BLACK | _cue_filter(params).get("BlackFrame", {})
    return partial(
        find_segments,
        max_pixel_threshold=black["MaxPixelThreshold"],
        min_coverage=black["MinCoveragePercentage"],
    )


def _label_items(params: Params, film: Film) -> list[Item]:
    items = [
        {"Timestamp": sample.timestamp, "Label": label}
        for sample in film.samples
        for label in labels_from(sample.evidence)
    ]
    return _select_labels(params, items)


def _select_labels(params: Params, items: list[Item]) -> list[Item]:
    return [item for item in items if select_labels([item["Label"]], params, _LEAST_CONFIDENCE)]


def _select_moderation(params: Params, items: list[Item]) -> list[Item]:
    least = params.get("MinConfidence", _LEAST_CONFIDENCE)
    return [item for item in items if item["ModerationLabel"]["Confidence"] >= least]


def _moderation_items(params: Params, film: Film) -> list[Item]:
    items = [
        {"Timestamp": sample.timestamp, "ModerationLabel": label}
        for sample in film.samples
        for label in moderation_labels(sample.evidence["nudity"])
    ]
    return _select_moderation(params, items)


def _face_items(params: Params, film: Film) -> list[Item]:
    return [
        {"Timestamp": sample.timestamp, "Face": face}
        for sample in film.samples
        for face in face_details(sample.evidence["faces"])
    ]


def _text_items(params: Params, film: Film) -> list[Item]:
    return [
        {"Timestamp": sample.timestamp, "TextDetection": detection}
        for sample in film.samples
        for detection in text_detections(sample.evidence["text"], params)
    ]


def _segment_items(params: Params, film: Film) -> list[Item]:
    """Return segments in the order of the requested types."""
    least_cue = _cue_filter(params).get("MinSegmentConfidence", _LEAST_CONFIDENCE)
    least_shot = (
        params.get("Filters", {}).get("ShotFilter", {}).get("MinSegmentConfidence", _LEAST_CONFIDENCE)
    )
    cues = [("BlackFrames", run) for run in film.black] + [("ColorBars", run) for run in film.color_bars]
    found = {
        "TECHNICAL_CUE": [
            _segment(film, run, "TechnicalCueSegment", Type=kind)
            for kind, run in sorted(cues, key=lambda cue: cue[1].first)
            if run.confidence >= least_cue
        ],
        "SHOT": [
            _segment(film, run, "ShotSegment", Index=index)
            for index, run in enumerate(run for run in film.shots if run.confidence >= least_shot)
        ],
    }
    kinds = dict.fromkeys(params["SegmentTypes"])
    return [{"Type": kind, **segment} for kind in kinds for segment in found[kind]]


def _select_segments(params: Params, items: list[Item]) -> list[Item]:
    return [item for item in items if item["Type"] in params["SegmentTypes"]]


def _select_segment_types(params: Params, members: Item) -> Item:
    selected = _select_segments(params, members.get("SelectedSegmentTypes", []))
    return {**members, "SelectedSegmentTypes": selected}


def _segment(film: Film, run: Run, member: str, **details: Any) -> Item:
    start, end = film.frame_times[run.first], film.frame_times[run.last]
    rate = film.properties.rate
    return {
        "StartTimestampMillis": start,
        "EndTimestampMillis": end,
        "DurationMillis": end - start,
        "StartTimecodeSMPTE": timecode(run.first, rate),
        "EndTimecodeSMPTE": timecode(run.last, rate),
        "DurationSMPTE": timecode(run.last - run.first, rate),
        "StartFrameNumber": run.first,
        "EndFrameNumber": run.last,
        "DurationFrames": run.last - run.first,
        member: {**details, "Confidence": run.confidence},
    }


def _cue_filter(params: Params) -> dict[str, Any]:
    cue_filter: dict[str, Any] = params.get("Filters", {}).get("TechnicalCueFilter", {})
    return cue_filter


def _segment_model(params: Params) -> dict[str, Any]:
    kinds = dict.fromkeys(params["SegmentTypes"])
    return {
        "SelectedSegmentTypes": [{"Type": kind, "ModelVersion": _SEGMENT_MODEL_VERSION} for kind in kinds]
    }


def _arrange(member: str, items: list[Item], sort_by: str, aggregate_by: str) -> list[Item]:
    """Sort findings, and aggregate them into segments if the request asks for it.

    :param member: the member of an item that holds the label.
    """
    if aggregate_by == "SEGMENTS":
        items = _aggregate(member, items)
    if sort_by == "NAME":
        return sorted(items, key=lambda item: (item[member]["Name"], -item[member]["Confidence"]))
    return sorted(items, key=lambda item: item["Timestamp"])


def _aggregate(member: str, items: list[Item]) -> list[Item]:
    """Join a label's successive timestamps into segments with the greatest confidence, without instances."""
    segments = []
    by_name = sorted(items, key=lambda item: (item[member]["Name"], item["Timestamp"]))
    for _, group in groupby(by_name, key=lambda item: item[member]["Name"]):
        runs: list[list[Item]] = []
        for item in group:
            if runs and item["Timestamp"] - runs[-1][-1]["Timestamp"] <= 1.5 * _LABEL_INTERVAL_MS:
                runs[-1].append(item)
            else:
                runs.append([item])
        segments += [_joined(member, run) for run in runs]
    return segments


def _joined(member: str, run: list[Item]) -> Item:
    surest = max(run, key=lambda item: item[member]["Confidence"])
    start, end = run[0]["Timestamp"], run[-1]["Timestamp"]
    return {
        **surest,
        member: {name: value for name, value in surest[member].items() if name != "Instances"},
        "Timestamp": start,
        "StartTimestampMillis": start,
        "EndTimestampMillis": end,
        "DurationMillis": end - start,
    }


VIDEO_ANALYSES = (
    VideoAnalysis(
        "LabelDetection",
        "Labels",
        watch=_watch_samples(
            ("faces", "scenes"), per_second=1000 / _LABEL_INTERVAL_MS, side=640, slow=LABEL_MODELS
        ),
        items=_label_items,
        select=_select_labels,
        arrange=partial(_arrange, "Label"),
        model=lambda params: {"LabelModelVersion": MODEL_VERSION},
    ),
    VideoAnalysis(
        "ContentModeration",
        "ModerationLabels",
        watch=_watch_samples(("nudity",), per_second=1000 / _LABEL_INTERVAL_MS, side=640),
        items=_moderation_items,
        select=_select_moderation,
        arrange=partial(_arrange, "ModerationLabel"),
        model=lambda params: {"ModerationModelVersion": MODERATION_MODEL_VERSION},
    ),
    VideoAnalysis(
        "TextDetection",
        "TextDetections",
        watch=_watch_samples(("text",), per_second=1, side=960),
        items=_text_items,
        model=lambda params: {"TextModelVersion": TEXT_MODEL_VERSION},
    ),
    VideoAnalysis(
        "FaceDetection", "Faces", watch=_watch_samples(("faces",), per_second=2, side=640), items=_face_items
    ),
    VideoAnalysis(
        "FaceSearch",
        "Persons",
        watch=lambda params: partial(search_film, params=params),
        items=person_items,
        select=select_persons,
        arrange=sort_persons,
    ),
    VideoAnalysis(
        "CelebrityRecognition",
        "Celebrities",
        watch=lambda params: read_properties,
        items=lambda params, film: [],
        arrange=sort_celebrities,
    ),
    VideoAnalysis(
        "SegmentDetection",
        "Segments",
        watch=_watch_segments,
        items=_segment_items,
        select=_select_segments,
        select_members=_select_segment_types,
        model=_segment_model,
    ),
)
BY_START = {analysis.start: analysis for analysis in VIDEO_ANALYSES}
BY_GET = {analysis.get: analysis for analysis in VIDEO_ANALYSES}
