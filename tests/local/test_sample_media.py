"""The sample media: small, credited, and with the properties that make them worth shipping."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

import include
from include.core.features import FEATURES
from include.core.lake import load_lake
from include.core.request_parameters import request_parameters
from include.core.settings import Settings

INCLUDE = Path(include.__file__).parent
SAMPLE = INCLUDE.parent / "local" / "sample_media"
REPLAY = INCLUDE.parent / "local" / "aws" / "replay"
CREDITS = (SAMPLE / "CREDITS.md").read_text(encoding="utf-8")
FILES = sorted(path for path in SAMPLE.iterdir() if path.name != "CREDITS.md")
ALLOWED = ("Public domain", "[CC0 1.0]", "[CC BY 2.0]", "[CC BY 3.0]", "[CC BY 4.0]")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_sample_is_small() -> None:
    assert 10 <= len(FILES) <= 14
    assert sum(path.stat().st_size for path in FILES) <= 8_000_000


def test_every_file_is_credited_under_a_free_license_and_nothing_else_is() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in CREDITS.splitlines()
        if "| `" in line[:4]
    ]
    assert sorted(row[0].strip("`") for row in rows) == [path.name for path in FILES]
    for name, author, license_, source, changes in rows:
        assert all((author, source, changes)), name
        assert license_.startswith(ALLOWED), name


@pytest.mark.parametrize(
    ("name", "format_", "size", "mode"),
    [
        ("astronaut.png", "PNG", (512, 512), "RGB"),
        ("grace-hopper.jpg", "JPEG", (512, 600), "RGB"),
        ("coffee.png", "PNG", (600, 400), "RGB"),
        ("cat.png", "PNG", (451, 300), "RGB"),
        ("rocket-night.jpg", "JPEG", (640, 427), "RGB"),
        ("big-buck-bunny-presents.jpg", "JPEG", (1280, 720), "RGB"),
        ("motorcycle-cmyk.jpg", "JPEG", (741, 500), "CMYK"),
        ("camera-operator-exif6.jpg", "JPEG", (512, 512), "L"),
    ],
)
def test_pictures_are_what_their_names_say(name: str, format_: str, size: tuple[int, int], mode: str) -> None:
    with Image.open(SAMPLE / name) as image:
        image.load()
        assert (image.format, image.size, image.mode) == (format_, size, mode)


def test_the_rotated_picture_is_upright_only_by_its_exif() -> None:
    with Image.open(SAMPLE / "camera-operator-exif6.jpg") as image:
        assert image.getexif()[0x0112] == 6
        stored, upright = np.asarray(image, float), np.asarray(ImageOps.exif_transpose(image), float)
    # The sky is brighter than the meadow: above it when upright, to the left of it as stored.
    assert upright[:128].mean() > upright[-128:].mean() + 30
    assert stored[:, :128].mean() > stored[:, -128:].mean() + 30


def test_there_is_one_duplicate_under_another_name() -> None:
    digests = [digest(path) for path in FILES]
    assert len(set(digests)) == len(FILES) - 1
    assert digest(SAMPLE / "IMG_0001 copy.jpg") == digest(SAMPLE / "blueberries.jpg")


def read_frames(name: str) -> tuple[float, np.ndarray]:
    """Return frames per second and the frames, small and gray."""
    with av.open(str(SAMPLE / name)) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        frames = [frame.reformat(96, 54, "gray").to_ndarray().astype(float) for frame in video.decode(stream)]
        return float(stream.average_rate or 0), np.stack(frames)


def test_the_film_has_the_cuts_and_the_black_start_that_its_credit_tells() -> None:
    rate, frames = read_frames("big-buck-bunny-opening.mp4")
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
    assert [round((index + 1) / rate, 3) for index in np.flatnonzero(change > 25)] == [4.0, 5.917, 12.458]
    assert len(frames) / rate == 14.0
    assert frames[: int(0.7 * rate)].mean(axis=(1, 2)).max() < 20
    for cut in ("4.0", "5.917", "12.458"):
        assert cut in CREDITS


def test_the_second_clip_is_one_shot_of_ten_seconds() -> None:
    rate, frames = read_frames("people-one-by-one.mp4")
    assert (rate, len(frames)) == (10.0, 100)
    assert np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2)).max() < 25


@pytest.mark.parametrize("name", ["big-buck-bunny-opening.mp4", "people-one-by-one.mp4"])
def test_videos_can_be_probed_from_their_first_bytes(name: str) -> None:
    head = (SAMPLE / name).read_bytes()[:64]
    assert re.match(rb"....ftyp", head)
    assert b"moov" in head


def test_replayed_responses_belong_to_a_sample_file_and_say_what_they_are() -> None:
    readme = (REPLAY / "README.md").read_text(encoding="utf-8")
    known = {digest(path): path.name for path in FILES}
    for path in sorted(REPLAY.glob("*.ndjson")):
        assert path.name in readme
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            assert known[line["content_sha256"]] in readme
            assert {
                "analysis_key",
                "operation",
                "request",
                "response",
                "request_id",
                "model_version",
                "at",
            } < set(line)


def recorded(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (REPLAY / name).read_text(encoding="utf-8").splitlines()]


def test_the_recorded_moderation_has_all_levels_of_the_taxonomy() -> None:
    (line,) = recorded("moderation-example.ndjson")
    assert line["response"]["ModerationModelVersion"] == line["model_version"]
    assert {label["TaxonomyLevel"] for label in line["response"]["ModerationLabels"]} == {1, 2, 3}


def test_the_recorded_custom_labels_are_of_the_model_that_the_sample_source_names() -> None:
    (line,) = recorded("custom-labels-example.ndjson")
    source = load_lake(Settings().lake_file).sources[0]
    custom_labels = FEATURES["custom_labels"].image
    assert custom_labels is not None
    members = request_parameters(custom_labels, source.features["image"]["custom_labels"])
    assert (line["operation"], line["request"]) == (custom_labels.operation, members)
    assert line["response"]["CustomLabels"]
