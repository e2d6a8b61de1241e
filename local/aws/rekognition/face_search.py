"""CompareFaces, IndexFaces and SearchFacesByImage: faces of images compared with others and with collections.

A call counts as billed once its image was looked at, even if it is refused because the image shows no face.
This is an assumption: AWS's pricing counts processed images.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from local.aws.rekognition.control import Control
from local.aws.rekognition.detectors.face_descriptors import similarities
from local.aws.rekognition.face_collections import (
    FACE_MODEL_VERSION,
    LEAST_SIMILARITY,
    Collection,
    Collections,
    IndexedFace,
    match_faces,
    select_matches,
)
from local.aws.rekognition.findings import face_details, largest_faces
from local.aws.rekognition.images import FacesSeen, ImageAnalyst
from local.aws.rekognition.rekognition_errors import ServiceError, documented_error

Params = dict[str, Any]
Reply = dict[str, Any]
Face = dict[str, Any]  # as the face detector gives it

_MOST_FACES = 100  # of an image; the largest are kept


@dataclass(frozen=True)
class QualityBar:
    """The least quality of a face, 0 to 100."""

    brightness: float
    sharpness: float

    def reasons(self, face: Face) -> list[str]:
        """Return the reasons why a face is below the bar; an empty list if it is not."""
        return [
            reason
            for reason, low in (
                ("LOW_BRIGHTNESS", face["brightness"] < self.brightness),
                ("LOW_SHARPNESS", face["sharpness"] < self.sharpness),
            )
            if low
        ]


# This service's own bars: AWS does not publish those of Rekognition.
_BARS = {
    "NONE": QualityBar(0, 0),
    "AUTO": QualityBar(10, 5),
    "LOW": QualityBar(10, 5),
    "MEDIUM": QualityBar(20, 10),
    "HIGH": QualityBar(30, 20),
}


class FaceSearch:
    """Answers the operations on faces that need an image."""

    def __init__(self, images: ImageAnalyst, collections: Collections, control: Control) -> None:
        self._images = images
        self._collections = collections
        self._control = control
        self._operations: dict[str, Callable[[Params, str], Awaitable[Reply]]] = {
            "CompareFaces": self._compare,
            "IndexFaces": self._index,
            "SearchFacesByImage": self._search,
        }

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations that this class answers."""
        return tuple(self._operations)

    async def call(self, operation: str, params: Params, region: str) -> Reply:
        """Answer a call and count it.

        :raises ServiceError: InvalidParameterException if there is no face, ResourceNotFoundException if
            there is no such collection, and the errors of :class:`.ImageAnalyst`.
        """
        return await self._operations[operation](params, region)

    async def _look(self, operation: str, images: list[Params], region: str) -> FacesSeen:
        """Look for faces in images, and count the call for the last of them."""
        seen = await self._images.find_faces(operation, images, region)
        self._control.bill_image(operation, {}, images[-1].get("S3Object", {}))
        return seen

    async def _compare(self, params: Params, region: str) -> Reply:
        images = [params["SourceImage"], params["TargetImage"]]
        seen = await self._look("CompareFaces", images, region)
        if seen.recorded is not None:
            return _divide(seen.recorded, params)
        source, target = (_good_faces(faces, params) for faces in seen.faces)
        if not source or not target:
            raise documented_error("InvalidParameterException")
        scores = similarities(source[0]["patch"], [face["patch"] for face in target])
        faces = face_details(target)
        [detail] = face_details(source[:1])
        reply = {
            "SourceImageFace": {name: detail[name] for name in ("BoundingBox", "Confidence")},
            "FaceMatches": [
                {"Similarity": score, "Face": face} for score, face in zip(scores, faces, strict=True)
            ],
        }
        return _divide(reply, params)

    async def _index(self, params: Params, region: str) -> Reply:
        self._collections.find(params["CollectionId"], region)
        seen = await self._look("IndexFaces", [params["Image"]], region)
        collection = self._collections.find(params["CollectionId"], region)  # it may be gone by now
        if seen.recorded is not None:
            return _keep_records(seen.recorded, collection)
        return _add_faces(seen.content, seen.faces[0], params, collection)

    async def _search(self, params: Params, region: str) -> Reply:
        self._collections.find(params["CollectionId"], region)
        seen = await self._look("SearchFacesByImage", [params["Image"]], region)
        collection = self._collections.find(params["CollectionId"], region)
        if seen.recorded is not None:
            matches = select_matches(seen.recorded["FaceMatches"], params)
            return {**seen.recorded, "FaceMatches": matches}
        faces = _good_faces(seen.faces[0], params)
        if not faces:
            raise ServiceError(
                "InvalidParameterException", "There are no faces in the image. Should be at least 1."
            )
        [detail] = face_details(faces[:1])
        return {
            "SearchedFaceBoundingBox": detail["BoundingBox"],
            "SearchedFaceConfidence": detail["Confidence"],
            "FaceMatches": match_faces(faces[0]["patch"], collection.faces.values(), params),
            "FaceModelVersion": FACE_MODEL_VERSION,
        }


def _good_faces(faces: list[Face], params: Params) -> list[Face]:
    """Return the faces that pass the request's quality bar (by default none), the largest first."""
    bar = _BARS[params.get("QualityFilter", "NONE")]
    return [face for face in largest_faces(faces, _MOST_FACES) if not bar.reasons(face)]


def _divide(reply: Reply, params: Params) -> Reply:
    """Split the faces of a CompareFaces reply at the request's threshold."""
    least = params.get("SimilarityThreshold", LEAST_SIMILARITY)
    matches = sorted(reply["FaceMatches"], key=lambda match: -match["Similarity"])
    return {
        **reply,
        "FaceMatches": [match for match in matches if match["Similarity"] >= least],
        "UnmatchedFaces": [
            *(match["Face"] for match in matches if match["Similarity"] < least),
            *reply.get("UnmatchedFaces", []),
        ],
    }


def _keep_records(recorded: Reply, collection: Collection) -> Reply:
    """Add the faces of a recorded reply to a collection."""
    for record in recorded.get("FaceRecords", []):
        collection.faces[record["Face"]["FaceId"]] = IndexedFace(record["Face"], patch=None)
    return recorded


def _add_faces(content: str, faces: list[Face], params: Params, collection: Collection) -> Reply:
    """Add an image's faces to a collection, the largest first, up to ``MaxFaces``.

    Ids are derived from the image's content, the external id and the collection. So, as with AWS, indexing an
    image again does not add its faces again.
    """
    external = {"ExternalImageId": params["ExternalImageId"]} if "ExternalImageId" in params else {}
    origin = f"{collection.arn} {collection.created_at} {external.get('ExternalImageId', '')} {content}"
    image_id = str(uuid.uuid5(uuid.NAMESPACE_URL, origin))
    bar = _BARS[params.get("QualityFilter", "AUTO")]
    most = params.get("MaxFaces", _MOST_FACES)
    records: list[Reply] = []
    unindexed: list[Reply] = []
    for face in largest_faces(faces, _MOST_FACES):
        [detail] = face_details([face])
        reasons = bar.reasons(face) or (["EXCEEDS_MAX_FACES"] if len(records) >= most else [])
        if reasons:
            unindexed.append({"Reasons": reasons, "FaceDetail": detail})
            continue
        record = {
            "FaceId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{origin} {face['box']}")),
            "BoundingBox": detail["BoundingBox"],
            "ImageId": image_id,
            "Confidence": detail["Confidence"],
            **external,
        }
        collection.faces[record["FaceId"]] = IndexedFace(record, face["patch"])
        records.append({"Face": record, "FaceDetail": detail})
    return {"FaceRecords": records, "FaceModelVersion": FACE_MODEL_VERSION, "UnindexedFaces": unindexed}
