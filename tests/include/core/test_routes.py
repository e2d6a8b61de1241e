"""Routes as sources write them, and which frames a sampling takes."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.features import FEATURES
from include.core.frame_sampling import FrameSampling
from include.core.routes import Route, feature_mistakes, request_members, route_of

LABELS = FEATURES["labels"]


@pytest.mark.parametrize(
    ("asked", "route"),
    [
        ({}, Route("job", None)),
        ({"route": "job", "MinConfidence": 50}, Route("job", None)),
        ({"route": "frames"}, Route("frames", FrameSampling(0.5))),
        ({"route": "frames", "frames_per_second": 2}, Route("frames", FrameSampling(2.0))),
        ({"route": "auto", "scene_changes": True}, Route("auto", FrameSampling(None))),
        ({"route": "auto", "scene_changes": False}, Route("auto", FrameSampling(0.5))),
    ],
)
def test_a_route_is_read(asked: dict[str, Any], route: Route) -> None:
    assert list(feature_mistakes(LABELS, "video", asked)) == []
    assert route_of(asked) == route
    assert request_members(asked) == {name: asked[name] for name in asked if name == "MinConfidence"}


@pytest.mark.parametrize(
    ("feature", "asked", "sentence"),
    [
        ("labels", {"route": "frame"}, "'frame' is no route (did you mean frames?); choose from job,"),
        ("labels", {"route": ["job"]}, "a list is no route; choose from job, frames, auto"),
        ("labels", {"frames_per_second": 1}, "a job has no frames_per_second; write route: frames or auto"),
        ("labels", {"route": "frames", "frames_per_second": 0}, "0 is no number from 0.01 to 10"),
        ("labels", {"route": "frames", "frames_per_second": True}, "true is no number from 0.01 to 10"),
        ("labels", {"route": "frames", "frames_per_second": float("nan")}, "nan is no number"),
        ("labels", {"route": "auto", "scene_changes": "yes"}, "'yes' is neither true nor false"),
        (
            "labels",
            {"route": "auto", "scene_changes": True, "frames_per_second": 1},
            "frames_per_second and scene_changes exclude each other",
        ),
        ("segments", {"route": "frames"}, "segments needs the whole video"),
        ("face_search", {"route": "auto", "CollectionId": "staff"}, "face_search needs the whole video"),
        ("faces", {"route": "frames", "FaceAttributes": "ALL"}, "DetectFaces has no member 'FaceAttributes'"),
        ("faces", {"route": "auto", "Attributes": ["ALL"]}, "StartFaceDetection has no member 'Attributes'"),
        (
            "labels",
            {"route": "frames", "Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]},
            "rows of image_properties have no time in a video",
        ),
    ],
)
def test_a_route_that_is_wrong_is_refused(feature: str, asked: dict[str, Any], sentence: str) -> None:
    (mistake,) = feature_mistakes(FEATURES[feature], "video", asked)
    assert sentence in mistake.sentence
    assert mistake.place[0] in asked


def test_images_have_no_route() -> None:
    (mistake,) = feature_mistakes(LABELS, "image", {"route": "job"})
    assert mistake.sentence == "images have no route; leave it out"


@pytest.mark.parametrize(
    ("rate", "duration_ms", "frames"),
    [
        (0.5, 1, 1),
        (0.5, 2000, 1),
        (0.5, 2001, 2),
        (0.3, 10_000, 3),
        (2, 30_021, 61),
        (None, 1001, 2),
        (2, 0, 1),
    ],
)
def test_the_number_of_frames_follows_from_the_duration(
    rate: float | None, duration_ms: int, frames: int
) -> None:
    sampling = FrameSampling(rate)
    assert sampling.most_frames(duration_ms) == frames
    assert FrameSampling.from_json(sampling.to_json()) == sampling
