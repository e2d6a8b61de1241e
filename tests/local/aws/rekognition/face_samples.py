"""Pictures and videos with faces, and recorded replies about faces."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tests.local.aws.rekognition.samples import FACE, ROOT, text_image

OTHER_FACE = (ROOT / "local/sample_media/astronaut.png").read_bytes()
NO_FACE = text_image()


def pixels(data: bytes) -> NDArray[Any]:
    """Decode an image."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def png(image: NDArray[Any]) -> bytes:
    """Encode an image without loss."""
    return bytes(cv2.imencode(".png", image)[1])


def jpeg(image: NDArray[Any], quality: int) -> bytes:
    """Encode an image with loss."""
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def side_by_side(*images: bytes) -> bytes:
    """Put images of any size next to each other, each 400 pixels high."""
    parts = [pixels(data) for data in images]
    return png(np.hstack([cv2.resize(part, (part.shape[1] * 400 // part.shape[0], 400)) for part in parts]))


def film(pictures: Iterable[NDArray[Any]]) -> bytes:
    """Encode a video of 640 x 480 that shows each picture for a second."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(4))
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for picture in pictures:
            for _ in range(4):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return file.getvalue()


def on_stage(data: bytes, left: int) -> NDArray[Any]:
    """Place a picture, 320 x 320, on a gray frame of a film."""
    frame = np.full((480, 640, 3), 128, np.uint8)
    frame[80:400, left : left + 320] = cv2.resize(pixels(data), (320, 320))
    return frame


# One face, then the same and another one at the other side, then nobody, then the other one alone.
FACE_FILM = film(
    [
        on_stage(FACE, 0),
        np.where(np.arange(640)[None, :, None] < 320, on_stage(FACE, 0), on_stage(OTHER_FACE, 320)),
        np.full((480, 640, 3), 128, np.uint8),
        on_stage(OTHER_FACE, 320),
    ]
)

RECORDED_IMAGE = FACE + b"recorded"
RECORDED_FILM = FACE_FILM + b"recorded"
RECORDED_FACE_ID = "578e2e1b-d0b0-493c-aa39-ba476a421a34"
_BOX = {"Width": 0.4, "Height": 0.4, "Left": 0.3, "Top": 0.2}
_RECORDED_FACE = {
    "FaceId": RECORDED_FACE_ID,
    "ImageId": "9ba38e68-35b6-5509-9d2e-fcffa75d1653",
    "ExternalImageId": "recorded",
    "BoundingBox": _BOX,
    "Confidence": 99.5,
}
_COMPARED = {"BoundingBox": _BOX, "Confidence": 99.5}
CELEBRITY = {
    "Id": "3Ir0du6",
    "Name": "A Person",
    "Urls": ["www.example.org/person"],
    "KnownGender": {"Type": "Female"},
}
_MATCHES = [{"Similarity": similarity, "Face": _RECORDED_FACE} for similarity in (99.0, 85.0)]

_REPLIES: dict[tuple[bytes, str], dict[str, Any]] = {
    (RECORDED_IMAGE, "RecognizeCelebrities"): {
        "CelebrityFaces": [{**CELEBRITY, "Face": _COMPARED, "MatchConfidence": 98.0}],
        "UnrecognizedFaces": [],
    },
    (RECORDED_IMAGE, "SearchFacesByImage"): {
        "SearchedFaceBoundingBox": _BOX,
        "SearchedFaceConfidence": 99.5,
        "FaceMatches": _MATCHES,
        "FaceModelVersion": "7.0",
    },
    (RECORDED_IMAGE, "IndexFaces"): {
        "FaceRecords": [{"Face": _RECORDED_FACE, "FaceDetail": _COMPARED}],
        "FaceModelVersion": "7.0",
        "UnindexedFaces": [],
    },
    (FACE + RECORDED_IMAGE, "CompareFaces"): {
        "SourceImageFace": _COMPARED,
        "FaceMatches": [{"Similarity": 90.0, "Face": _COMPARED}],
        "UnmatchedFaces": [],
    },
    (RECORDED_FILM, "GetCelebrityRecognition"): {
        "JobStatus": "SUCCEEDED",
        "VideoMetadata": {"Codec": "h264", "DurationMillis": 4000},
        "Celebrities": [
            {"Timestamp": timestamp, "Celebrity": {"Id": identifier, "Name": identifier, "Urls": []}}
            for timestamp, identifier in ((0, "b2"), (500, "a1"), (1000, "b2"))
        ],
    },
    (RECORDED_FILM, "GetFaceSearch"): {
        "JobStatus": "SUCCEEDED",
        "VideoMetadata": {"Codec": "h264", "DurationMillis": 4000},
        "Persons": [
            {"Timestamp": 0, "Person": {"Index": 1, "Face": _COMPARED}, "FaceMatches": _MATCHES},
            {"Timestamp": 500, "Person": {"Index": 0, "Face": _COMPARED}},
        ],
    },
}


def write_face_recordings(folder: Path) -> None:
    """Write a recorded reply of each operation about faces that can be replayed."""
    lines = [
        {
            "analysis_key": operation,
            "operation": operation,
            "response": reply,
            "content_sha256": sha256(data).hexdigest(),
        }
        for (data, operation), reply in _REPLIES.items()
    ]
    (folder / "faces.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
