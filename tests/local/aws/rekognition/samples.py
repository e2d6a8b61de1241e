"""The media and recordings that these tests use, and the service's control address."""

from __future__ import annotations

import io
import json
import urllib.request
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from local.aws.access import control_login

ROOT = Path(__file__).parents[4]
BUCKET = "media"
CONTROL_TOKEN = "token-of-the-tests"
TOPIC_ROLE = "arn:aws:iam::123456789012:role/rekognition"
FACE = (ROOT / "tests/fixtures/media/grace-hopper.jpg").read_bytes()


def text_image() -> bytes:
    """Draw a white PNG with two lines of text."""
    image = np.full((300, 640, 3), 255, np.uint8)
    cv2.putText(image, "BREAKING NEWS", (40, 110), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 5)
    cv2.putText(image, "Main Street 42", (40, 230), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 5)
    return bytes(cv2.imencode(".png", image)[1])


def clip() -> bytes:
    """Encode 4 s of H.264 at 25 frames/s: 1 s black, 1 s with text, 1 s noise, 1 s plain blue."""
    rng = np.random.default_rng(0)
    noise = cv2.resize(
        rng.integers(0, 255, (9, 16, 3), np.uint8), (320, 180), interpolation=cv2.INTER_NEAREST
    )
    text = np.full((180, 320, 3), 255, np.uint8)
    cv2.putText(text, "OPENING", (30, 110), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 5)
    blue = np.full((180, 320, 3), (200, 60, 10), np.uint8)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for picture in (np.zeros((180, 320, 3), np.uint8), text, noise, blue):
            for _ in range(25):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return file.getvalue()


CLIP = clip()
REPLAYED = text_image() + b"recorded"
REPLAYED_CLIP = CLIP + b"recorded"


def write_recordings(folder: Path) -> None:
    """Write recorded moderation and custom labels of an image, and moderation of a video in two pages."""
    label = {"Confidence": 90.0, "Name": "Alcohol", "ParentName": "", "TaxonomyLevel": 1}
    weak = {"Confidence": 55.0, "Name": "Gambling", "ParentName": "", "TaxonomyLevel": 1}
    image = {"ModerationLabels": [label, weak], "ModerationModelVersion": "7.0"}
    custom = [
        {"Name": name, "Confidence": confidence} for name, confidence in (("Logo", 80.0), ("Stamp", 50.0))
    ]
    pages = [
        {
            "JobStatus": "SUCCEEDED",
            "ModerationLabels": [
                {"Timestamp": start + 500 * step, "ModerationLabel": label} for step in range(3)
            ],
            "ModerationModelVersion": "7.0",
            "VideoMetadata": {"Codec": "h264", "DurationMillis": 60_000},
        }
        for start in (0, 36_000)
    ]
    lines = [
        {
            "analysis_key": "i",
            "operation": "DetectModerationLabels",
            "response": image,
            "content_sha256": _hash(REPLAYED),
        },
        {
            "analysis_key": "c",
            "operation": "DetectCustomLabels",
            "response": {"CustomLabels": custom},
            "content_sha256": _hash(REPLAYED),
        },
        *(
            {
                "analysis_key": "v",
                "operation": "GetContentModeration",
                "response": page,
                "content_sha256": _hash(REPLAYED_CLIP),
            }
            for page in pages
        ),
        {"analysis_key": "x", "operation": "DetectLabels", "response": {}},
    ]
    (folder / "recorded.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


class Control:
    """The service's control address."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str) -> Any:
        return self._ask(path, None)

    def post(self, path: str, body: Any = None) -> Any:
        return self._ask(path, json.dumps({} if body is None else body).encode())

    def _ask(self, path: str, data: bytes | None) -> Any:
        headers = {"Authorization": control_login(CONTROL_TOKEN)}
        request = urllib.request.Request(f"{self._url}/_control/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)
