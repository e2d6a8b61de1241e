"""How far the descriptor recognizes a picture of a face, and that it does not confuse two persons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from local.aws.rekognition.detectors.face_descriptors import PATCH_SIDE, cut_patch, similarities
from local.aws.rekognition.detectors.face_detector import find_faces
from local.aws.rekognition.pixels import decode
from tests.local.aws.rekognition.face_samples import FACE, OTHER_FACE, jpeg, pixels, png
from tests.local.aws.rekognition.samples import ROOT

Change = Callable[[NDArray[Any]], bytes]
SAMPLES = ROOT / "local/sample_media"


def patch(data: bytes) -> NDArray[Any]:
    """Find the one face of a picture and give its patch."""
    [face] = find_faces(decode(data))
    found: NDArray[Any] = face["patch"]
    return found


def resized(factor: float) -> Change:
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return lambda image: png(cv2.resize(image, None, fx=factor, fy=factor, interpolation=method))


def compressed(quality: int) -> Change:
    return lambda image: jpeg(image, quality)


def lit(factor: float) -> Change:
    return lambda image: png(np.clip(image * factor, 0, 255).astype(np.uint8))


def cropped(margin: float) -> Change:
    """Crop to the face and so much of its width and height on each side."""

    def crop(image: NDArray[Any]) -> bytes:
        height, width = image.shape[:2]
        [face] = find_faces(image)
        left, top, across, down = face["box"]
        rows = slice(max(0, int((top - margin * down) * height)), int((top + (1 + margin) * down) * height))
        columns = slice(
            max(0, int((left - margin * across) * width)), int((left + (1 + margin) * across) * width)
        )
        return png(image[rows, columns])

    return crop


def small_dark_and_compressed(image: NDArray[Any]) -> bytes:
    return jpeg(pixels(lit(0.9)(pixels(resized(0.7)(image)))), 60)


CHANGES: dict[str, Change] = {
    **{f"resized to {factor}": resized(factor) for factor in (0.5, 0.75, 1.5, 2.0)},
    **{f"JPEG {quality}": compressed(quality) for quality in (40, 70, 95)},
    **{f"light x {factor}": lit(factor) for factor in (0.85, 1.15)},
    **{f"margin {margin}": cropped(margin) for margin in (0.3, 1.0)},
    "all together": small_dark_and_compressed,
}


@pytest.mark.parametrize("data", [FACE, OTHER_FACE], ids=["hopper", "astronaut"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_same_picture_is_known_again(change: str, data: bytes) -> None:
    before, after = patch(data), patch(CHANGES[change](pixels(data)))
    [there] = similarities(before, [after])
    [back] = similarities(after, [before])
    assert 94 <= there <= 100
    assert 94 <= back <= 100


def test_different_persons_differ() -> None:
    one, other = patch(FACE), patch(OTHER_FACE)
    changed = [
        patch(CHANGES[name](pixels(OTHER_FACE))) for name in ("resized to 0.5", "JPEG 40", "light x 1.15")
    ]
    assert max(similarities(one, [other, *changed])) < 60


def test_a_turned_picture_is_less_and_less_alike() -> None:
    image = pixels(FACE)
    height, width = image.shape[:2]
    turned = [
        patch(
            png(
                cv2.warpAffine(
                    image, cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1), (width, height)
                )
            )
        )
        for angle in (2, 5, 10)
    ]
    slightly, more, much = similarities(patch(FACE), turned)
    assert slightly > 94 > more > 85 > much


def test_a_patch_is_exactly_like_itself_and_figures_repeat() -> None:
    one, other = patch(FACE), patch(OTHER_FACE)
    assert similarities(one, [one]) == [100.0]
    assert similarities(one, [other, one]) == similarities(one, [other, one])
    assert similarities(one, []) == []


def test_plain_patches_are_like_nothing() -> None:
    plain = np.full((PATCH_SIDE, PATCH_SIDE), 90, np.uint8)
    assert similarities(plain, [plain, patch(FACE)]) == [0.0, 0.0]


@pytest.mark.parametrize("box", [(0, 0, 30, 30), (70, 50, 30, 30), (0, 0, 100, 80)])
def test_patches_reach_over_the_edge(box: tuple[int, int, int, int]) -> None:
    gray = np.random.default_rng(0).integers(0, 255, (80, 100), np.uint8)
    assert cut_patch(gray, box).shape == (PATCH_SIDE, PATCH_SIDE)


def test_nobody_is_found_where_no_face_can_be_seen() -> None:
    """The camera operator turns away, and the people of the video are seen from above."""
    assert find_faces(decode((SAMPLES / "camera-operator-exif6.jpg").read_bytes())) == []
    with av.open(str(SAMPLES / "people-one-by-one.mp4")) as container:
        frame = next(container.decode(video=0))
        assert find_faces(frame.to_ndarray(format="bgr24")) == []
