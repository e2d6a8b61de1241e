"""Collections of faces, and the operations on them that need no image; :mod:`.face_search` has IndexFaces.

Comparing faces recognizes the same picture, not the same person: see :mod:`.detectors.face_descriptors`. A
face from a recorded reply of IndexFaces has no pixels here. It can be listed and deleted, but matches no
other face.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from local.aws.rekognition.control import Control
from local.aws.rekognition.detectors.face_descriptors import similarities
from local.aws.rekognition.pages import Pages
from local.aws.rekognition.pixels import Pixels
from local.aws.rekognition.rekognition_errors import documented_error

Params = dict[str, Any]
Reply = dict[str, Any]

FACE_MODEL_VERSION = "local-1.0"
LEAST_SIMILARITY = 80.0  # the default of FaceMatchThreshold and SimilarityThreshold
_ACCOUNT = "123456789012"
_MOST_PER_PAGE = 4096


@dataclass(frozen=True)
class IndexedFace:
    """A face of a collection.

    :param face: the API's ``Face``.
    :param patch: pixels by which it is compared; None if it comes from a recorded reply.
    """

    face: dict[str, Any]
    patch: Pixels | None


@dataclass
class Collection:
    """A collection.

    :param created_at: seconds since 1970.
    :param faces: by FaceId, in the order in which they were added.
    """

    arn: str
    created_at: float
    faces: dict[str, IndexedFace] = field(default_factory=dict)


class Collections:
    """All collections, each in its region. They end with the process. Tags are ignored."""

    def __init__(self, control: Control, pages: Pages) -> None:
        self._control = control
        self._pages = pages
        self._collections: dict[tuple[str, str], Collection] = {}
        self._operations: dict[str, Callable[[Params, str], Reply]] = {
            "CreateCollection": self._create,
            "DeleteCollection": self._delete,
            "DescribeCollection": self._describe,
            "ListCollections": self._list,
            "ListFaces": self._list_faces,
            "DeleteFaces": self._delete_faces,
            "SearchFaces": self._search_faces,
        }

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations that this class answers."""
        return tuple(self._operations)

    async def call(self, operation: str, params: Params, region: str) -> Reply:
        """Answer a call.

        :raises ServiceError: ResourceNotFoundException, ResourceAlreadyExistsException,
            InvalidParameterException or InvalidPaginationTokenException.
        """
        return self._operations[operation](params, region)

    def find(self, collection_id: str, region: str) -> Collection:
        """Return a collection.

        :raises ServiceError: ResourceNotFoundException.
        """
        try:
            return self._collections[region, collection_id]
        except KeyError:
            detail = f"The collection id: {collection_id} does not exist."
            raise documented_error("ResourceNotFoundException", detail=detail) from None

    def forget(self) -> None:
        """Delete every collection."""
        self._collections.clear()

    def _create(self, params: Params, region: str) -> Reply:
        name = params["CollectionId"]
        if (region, name) in self._collections:
            raise documented_error("ResourceAlreadyExistsException", name)
        collection = Collection(f"arn:aws:rekognition:{region}:{_ACCOUNT}:collection/{name}", time.time())
        self._collections[region, name] = collection
        return {
            "StatusCode": 200,
            "CollectionArn": collection.arn,
            "FaceModelVersion": FACE_MODEL_VERSION,
        }

    def _delete(self, params: Params, region: str) -> Reply:
        self.find(params["CollectionId"], region)
        del self._collections[region, params["CollectionId"]]
        return {"StatusCode": 200}

    def _describe(self, params: Params, region: str) -> Reply:
        collection = self.find(params["CollectionId"], region)
        return {
            "FaceCount": len(collection.faces),
            "FaceModelVersion": FACE_MODEL_VERSION,
            "CollectionARN": collection.arn,
            "CreationTimestamp": collection.created_at,
            "UserCount": 0,
        }

    def _list(self, params: Params, region: str) -> Reply:
        names = sorted(name for place, name in self._collections if place == region)
        page, more = self._cut(names, params, "ListCollections", region)
        return {"CollectionIds": page, "FaceModelVersions": [FACE_MODEL_VERSION] * len(page), **more}

    def _list_faces(self, params: Params, region: str) -> Reply:
        collection = self.find(params["CollectionId"], region)
        if "UserId" in params:
            raise documented_error(
                "ResourceNotFoundException", detail=f"There is no user {params['UserId']}."
            )
        wanted = params.get("FaceIds")
        faces = [
            indexed.face
            for face_id, indexed in collection.faces.items()
            if wanted is None or face_id in wanted
        ]
        page, more = self._cut(faces, params, "ListFaces", collection.arn, *sorted(wanted or ()))
        return {"Faces": page, "FaceModelVersion": FACE_MODEL_VERSION, **more}

    def _cut(self, items: list[Any], params: Params, *subject: str) -> tuple[list[Any], dict[str, str]]:
        """Return a page and its NextToken. A ``MaxResults`` of 0, which the API allows, means no limit."""
        size = params.get("MaxResults") or _MOST_PER_PAGE
        return self._pages.cut(items, {**params, "MaxResults": size}, _MOST_PER_PAGE, *subject)

    def _delete_faces(self, params: Params, region: str) -> Reply:
        faces = self.find(params["CollectionId"], region).faces
        wanted = dict.fromkeys(params["FaceIds"])
        deleted = [face_id for face_id in wanted if faces.pop(face_id, None) is not None]
        failed = [
            {"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]} for face_id in wanted if face_id not in deleted
        ]
        # The API's model does not allow an empty list of deleted faces.
        return {**({"DeletedFaces": deleted} if deleted else {}), "UnsuccessfulFaceDeletions": failed}

    def _search_faces(self, params: Params, region: str) -> Reply:
        faces = self.find(params["CollectionId"], region).faces
        searched = faces.get(params["FaceId"])
        if searched is None:
            raise documented_error(
                "InvalidParameterException", detail="faceId was not found in the collection."
            )
        self._control.bill_image("SearchFaces", params, {})
        others = [indexed for indexed in faces.values() if indexed is not searched]
        return {
            "SearchedFaceId": params["FaceId"],
            "FaceMatches": [] if searched.patch is None else match_faces(searched.patch, others, params),
            "FaceModelVersion": FACE_MODEL_VERSION,
        }


def match_faces(patch: Pixels, indexed: Iterable[IndexedFace], params: Params) -> list[dict[str, Any]]:
    """Return ``FaceMatch`` structures of the faces that look like ``patch``, the most similar first.

    :param params: of the request: ``FaceMatchThreshold`` (80 by default) and ``MaxFaces``.
    """
    known = [(other.face, other.patch) for other in indexed if other.patch is not None]
    scores = similarities(patch, [other for _, other in known])
    matches = [{"Similarity": score, "Face": face} for score, (face, _) in zip(scores, known, strict=True)]
    return select_matches(matches, params)


def select_matches(matches: list[dict[str, Any]], params: Params) -> list[dict[str, Any]]:
    """Return the matches that a request asks for, the most similar first."""
    least = params.get("FaceMatchThreshold", LEAST_SIMILARITY)
    kept = [match for match in matches if match["Similarity"] >= least]
    kept.sort(key=lambda match: -match["Similarity"])
    return kept[: params.get("MaxFaces", len(kept))]
