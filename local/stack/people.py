"""The face collection that the sample source of ``lake.yaml`` searches: faces from the sample media."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.core.errors import NO_RESOURCE, error_code
from include.core.lake import Source
from local.stack.stack_settings import PROJECT

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient

COLLECTION = "sample-people"
PICTURES = PROJECT / "local" / "sample_media"

# ExternalImageId to the picture that shows the face.
PEOPLE = {"astronaut": "astronaut.png", "grace-hopper": "grace-hopper.jpg"}


def index_people(rekognition: RekognitionClient, source: Source) -> list[str]:
    """Add the faces that the collection lacks, and return their names. Each face is paid for once.

    :param source: if it does not search the collection, nothing happens.
    :raises botocore.exceptions.ClientError: if Rekognition refuses.
    """
    searches = [wanted.get("face_search", {}) for wanted in source.features.values()]
    if COLLECTION not in (members.get("CollectionId") for members in searches):
        return []
    known = _known(rekognition)
    missing = [name for name in PEOPLE if name not in known]
    for name in missing:
        rekognition.index_faces(
            CollectionId=COLLECTION,
            Image={"Bytes": (PICTURES / PEOPLE[name]).read_bytes()},
            ExternalImageId=name,
            MaxFaces=1,
        )
    return missing


def _known(rekognition: RekognitionClient) -> set[str]:
    """Return the names of the faces in the collection; create the collection if it does not exist."""
    try:
        pages = list(rekognition.get_paginator("list_faces").paginate(CollectionId=COLLECTION))
    except ClientError as error:
        if error_code(error) not in NO_RESOURCE:
            raise
        rekognition.create_collection(CollectionId=COLLECTION)
        return set()
    return {face["ExternalImageId"] for page in pages for face in page["Faces"] if "ExternalImageId" in face}
