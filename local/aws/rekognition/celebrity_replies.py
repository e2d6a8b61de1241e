"""Celebrities. The local Rekognition knows none: it only returns those of recorded replies.

Without a recording it returns the faces of an image as unrecognized.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.aws.rekognition.detectors import Evidence
from local.aws.rekognition.findings import face_details, largest_faces
from local.aws.rekognition.rekognition_errors import documented_error
from local.aws.rekognition.replay import Replay

Params = dict[str, Any]
Reply = dict[str, Any]

_MOST_FACES = 64  # of an image; the largest are kept


def answer_celebrities(params: Params, evidence: Evidence) -> Reply:
    """Return the reply of RecognizeCelebrities for an image without a recording."""
    faces = largest_faces(evidence["faces"], _MOST_FACES)
    return {"CelebrityFaces": [], "UnrecognizedFaces": face_details(faces)}


def sort_celebrities(items: list[dict[str, Any]], sort_by: str, aggregate_by: str) -> list[dict[str, Any]]:
    """Sort the celebrities of a video by ``ID`` or ``TIMESTAMP``, without aggregating them."""
    if sort_by == "ID":
        return sorted(items, key=lambda item: (item["Celebrity"].get("Id", ""), item["Timestamp"]))
    return sorted(items, key=lambda item: item["Timestamp"])


class CelebrityDirectory:
    """The celebrities in recorded replies."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    async def call(self, operation: str, params: Params, region: str) -> Reply:
        """Answer GetCelebrityInfo.

        :raises ServiceError: ResourceNotFoundException.
        """
        for celebrity in self._recorded():
            if celebrity.get("Id") == params["Id"]:
                return {
                    name: celebrity[name] for name in ("Name", "Urls", "KnownGender") if name in celebrity
                }
        raise documented_error("ResourceNotFoundException", detail=f"There is no celebrity {params['Id']}.")

    def _recorded(self) -> Iterator[dict[str, Any]]:
        for reply in self._replay.replies("RecognizeCelebrities"):
            yield from reply.get("CelebrityFaces", [])
        for reply in self._replay.replies("GetCelebrityRecognition"):
            yield from (item["Celebrity"] for item in reply.get("Celebrities", []))
