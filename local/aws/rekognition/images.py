"""The synchronous operations on images. One entry in ``IMAGE_OPERATIONS`` adds an operation.

The local Rekognition cannot recognize celebrities or protective equipment, and has no models that users
trained. RecognizeCelebrities, DetectProtectiveEquipment and DetectCustomLabels therefore find nothing, unless
a reply was recorded for the same bytes. Of unsafe content, DetectModerationLabels only finds nudity.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local.aws.rekognition.celebrity_replies import answer_celebrities
from local.aws.rekognition.control import Control
from local.aws.rekognition.detectors import Evidence, examine_image
from local.aws.rekognition.equipment_replies import answer_equipment, select_equipment
from local.aws.rekognition.findings import TEXT_MODEL_VERSION, face_details, text_detections
from local.aws.rekognition.label_taxonomy import LABEL_DETECTORS, MODEL_VERSION, labels_from, select_labels
from local.aws.rekognition.media_files import MAX_IMAGE_BYTES_IN_REQUEST, MEBIBYTE, Media
from local.aws.rekognition.moderation_labels import moderation_labels
from local.aws.rekognition.pixels import check_header
from local.aws.rekognition.pool import WorkerPool
from local.aws.rekognition.replay import Replay

Params = dict[str, Any]
Reply = dict[str, Any]

MODERATION_MODEL_VERSION = "local-2.0"
_LEAST_LABEL_CONFIDENCE = 55.0  # DetectLabels' default
_LEAST_MODERATION_CONFIDENCE = 50.0  # DetectModerationLabels' default
_LABEL_MEMBERS = {"GENERAL_LABELS": "Labels", "IMAGE_PROPERTIES": "ImageProperties"}
_LEAST_FACE_IMAGE_SIDE = 80  # pixels
_IN_FLIGHT = 8  # images held in memory at once: 8 x 15 MB
_REMEMBERED = 2048  # evidence of this many (image, detector) pairs


@dataclass(frozen=True)
class ImageOperation:
    """How one operation is answered.

    :param detectors: returns the detectors that a request needs.
    :param answer: makes the reply from a request and the evidence.
    :param select: applies the request's thresholds to a recorded reply.
    :param fits: whether a recorded reply answers the request.
    :param min_side: least width and height in pixels.
    :param max_side: greatest width and height in pixels, None where AWS states none.
    :param max_bytes_in_request: most bytes of an image that is in the request itself.
    """

    detectors: Callable[[Params], tuple[str, ...]]
    answer: Callable[[Params, Evidence], Reply]
    select: Callable[[Params, Reply], Reply] = lambda params, reply: reply
    fits: Callable[[Params, Reply], bool] = lambda params, reply: True
    min_side: int = 80
    max_side: int | None = None
    max_bytes_in_request: int = MAX_IMAGE_BYTES_IN_REQUEST


@dataclass(frozen=True)
class FacesSeen:
    """The faces in the images of one call.

    :param content: SHA-256 of the images' bytes, one image after the other.
    :param recorded: the reply that was recorded for them, or None.
    :param faces: the faces that the detector found in each image; empty if a reply was recorded.
    """

    content: str
    recorded: Reply | None
    faces: list[list[dict[str, Any]]]


class ImageAnalyst:
    """Answers calls about images.

    It remembers evidence by content, so that operations on one image share it.
    """

    def __init__(self, media: Media, pool: WorkerPool, replay: Replay, control: Control) -> None:
        self._media = media
        self._pool = pool
        self._replay = replay
        self._control = control
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self._evidence: OrderedDict[tuple[str, str], Any] = OrderedDict()

    async def call(self, operation: str, params: Params, region: str) -> Reply:
        """Answer a call and count it.

        :raises ServiceError: see :mod:`.media_files` and :mod:`.pixels`.
        """
        entry = IMAGE_OPERATIONS[operation]
        async with self._in_flight:
            data = await asyncio.to_thread(
                self._media.image, params["Image"], region, entry.max_bytes_in_request
            )
            check_header(data, entry.min_side, entry.max_side)
            content = hashlib.sha256(data).hexdigest()
            recorded = self._replay.reply(content, operation, lambda reply: entry.fits(params, reply), params)
            if recorded is not None:
                reply = entry.select(params, recorded)
            else:
                reply = entry.answer(params, await self._examine(data, content, entry.detectors(params)))
        self._control.bill_image(operation, params, params["Image"].get("S3Object", {}))
        return reply

    async def find_faces(self, operation: str, images: Sequence[Params], region: str) -> FacesSeen:
        """Look for faces in the images of one call, unless its reply was recorded; do not count the call.

        :param images: members of the type ``Image``.
        :raises ServiceError: see :mod:`.media_files` and :mod:`.pixels`.
        """
        async with self._in_flight:
            pictures = [await asyncio.to_thread(self._media.image, image, region) for image in images]
            for data in pictures:
                check_header(data, _LEAST_FACE_IMAGE_SIDE, None)
            content = hashlib.sha256(b"".join(pictures)).hexdigest()
            recorded = self._replay.reply(content, operation, lambda reply: True)
            if recorded is not None:
                return FacesSeen(content, recorded, [])
            hashes = [hashlib.sha256(data).hexdigest() for data in pictures]
            evidence = [
                await self._examine(data, one, ("faces",)) for data, one in zip(pictures, hashes, strict=True)
            ]
        return FacesSeen(content, None, [seen["faces"] for seen in evidence])

    async def _examine(self, data: bytes, content: str, detectors: tuple[str, ...]) -> Evidence:
        known = {
            name: self._evidence[content, name] for name in detectors if (content, name) in self._evidence
        }
        missing = tuple(name for name in detectors if name not in known)
        if detectors and not missing:
            return known
        # Without detectors the image is still decoded: damaged data is an error for every operation.
        seen = await self._pool.run(examine_image, data, missing)
        for name, evidence in seen.items():
            self._evidence[content, name] = evidence
        while len(self._evidence) > _REMEMBERED:
            self._evidence.popitem(last=False)
        return known | seen


def _label_features(params: Params) -> list[str]:
    return params.get("Features") or ["GENERAL_LABELS"]


def _label_detectors(params: Params) -> tuple[str, ...]:
    features = _label_features(params)
    general = (*LABEL_DETECTORS, "text") if "GENERAL_LABELS" in features else ()
    return (*general, "colors") if "IMAGE_PROPERTIES" in features else general


def _answer_labels(params: Params, evidence: Evidence) -> Reply:
    reply: Reply = {"LabelModelVersion": MODEL_VERSION}
    if "faces" in evidence:
        reply = _select_labels(params, {"Labels": labels_from(evidence), **reply})
    if "colors" in evidence:
        most = params.get("Settings", {}).get("ImageProperties", {}).get("MaxDominantColors", 10)
        reply["ImageProperties"] = _image_properties(evidence["colors"], most)
    return reply


def _image_properties(colors: dict[str, Any], most: int) -> dict[str, Any]:
    """Return ImageProperties of the whole image, without those of foreground and background."""
    return {
        "Quality": {name.capitalize(): colors[name] for name in ("brightness", "sharpness", "contrast")},
        "DominantColors": [
            {
                **dict(zip(("Red", "Green", "Blue"), color["rgb"], strict=True)),
                "HexCode": "#{:02x}{:02x}{:02x}".format(*color["rgb"]),
                "CSSColor": color["css"],
                "SimplifiedColor": color["simplified"],
                "PixelPercent": color["percent"],
            }
            for color in colors["dominant"][:most]
        ],
    }


def _fits_labels(params: Params, reply: Reply) -> bool:
    """Return whether a recorded reply has every feature that the request asks for."""
    return all(_LABEL_MEMBERS[feature] in reply for feature in _label_features(params))


def _select_labels(params: Params, reply: Reply) -> Reply:
    """Return the features that the request asks for, above its thresholds."""
    left_out = set(_LABEL_MEMBERS.values()) - {_LABEL_MEMBERS[name] for name in _label_features(params)}
    kept = {name: value for name, value in reply.items() if name not in left_out}
    if "Labels" in kept:
        labels = select_labels(kept["Labels"], params, _LEAST_LABEL_CONFIDENCE)
        kept["Labels"] = labels[: params.get("MaxLabels", 1000)]
    return kept


def _answer_moderation(params: Params, evidence: Evidence) -> Reply:
    reply = {
        "ModerationLabels": moderation_labels(evidence["nudity"]),
        "ModerationModelVersion": MODERATION_MODEL_VERSION,
        "ContentTypes": [],
    }
    return _select_moderation(params, reply)


def _select_moderation(params: Params, reply: Reply) -> Reply:
    least = params.get("MinConfidence", _LEAST_MODERATION_CONFIDENCE)
    return {
        **reply,
        "ModerationLabels": [label for label in reply["ModerationLabels"] if label["Confidence"] >= least],
    }


def _answer_text(params: Params, evidence: Evidence) -> Reply:
    return {
        "TextDetections": text_detections(evidence["text"], params),
        "TextModelVersion": TEXT_MODEL_VERSION,
    }


def _answer_faces(params: Params, evidence: Evidence) -> Reply:
    return {"FaceDetails": face_details(evidence["faces"])}


def _answer_custom_labels(params: Params, evidence: Evidence) -> Reply:
    return {"CustomLabels": []}


def _select_custom_labels(params: Params, reply: Reply) -> Reply:
    labels = [
        label for label in reply["CustomLabels"] if label["Confidence"] >= params.get("MinConfidence", 0)
    ]
    return {**reply, "CustomLabels": labels[: params.get("MaxResults", len(labels))]}


IMAGE_OPERATIONS = {
    "DetectLabels": ImageOperation(
        _label_detectors, _answer_labels, _select_labels, fits=_fits_labels, max_side=10_000
    ),
    "DetectModerationLabels": ImageOperation(
        lambda params: ("nudity",), _answer_moderation, _select_moderation, max_side=10_000
    ),
    "DetectText": ImageOperation(lambda params: ("text",), _answer_text),
    "DetectFaces": ImageOperation(lambda params: ("faces",), _answer_faces),
    "RecognizeCelebrities": ImageOperation(lambda params: ("faces",), answer_celebrities),
    "DetectProtectiveEquipment": ImageOperation(
        lambda params: (),
        answer_equipment,
        select_equipment,
        min_side=64,
        max_side=4096,
        max_bytes_in_request=4 * MEBIBYTE,
    ),
    "DetectCustomLabels": ImageOperation(
        lambda params: (),
        _answer_custom_labels,
        _select_custom_labels,
        min_side=64,
        max_side=4096,
        max_bytes_in_request=4 * MEBIBYTE,
    ),
}
