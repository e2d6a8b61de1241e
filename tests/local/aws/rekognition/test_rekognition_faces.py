"""Comparison of faces, collections and searches in them, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import cv2
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.rekognition.face_samples import (
    FACE,
    NO_FACE,
    OTHER_FACE,
    RECORDED_FACE_ID,
    RECORDED_IMAGE,
    jpeg,
    pixels,
    side_by_side,
)
from tests.local.aws.rekognition.samples import BUCKET, Control

pytestmark = pytest.mark.integration

COMPRESSED = jpeg(pixels(FACE), 60)
BOTH = side_by_side(FACE, OTHER_FACE)


def image(data: bytes) -> dict[str, Any]:
    """The Image member of bytes."""
    return {"Bytes": data}


def error(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    """Call and give code and message of the error."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


@pytest.fixture
def staff(rekognition: Any) -> str:
    """A new, empty collection; the service was reset before, so there is no other one."""
    rekognition.create_collection(CollectionId="staff")
    return "staff"


def index(rekognition: Any, data: bytes, **params: Any) -> list[str]:
    """Add the faces of an image to the staff and give their ids."""
    reply = rekognition.index_faces(CollectionId="staff", Image=image(data), **params)
    return [record["Face"]["FaceId"] for record in reply["FaceRecords"]]


def test_collections_come_and_go(rekognition: Any) -> None:
    made = rekognition.create_collection(CollectionId="staff")
    assert (made["StatusCode"], made["FaceModelVersion"]) == (200, "local-1.0")
    described = rekognition.describe_collection(CollectionId="staff")
    assert described["CollectionARN"] == made["CollectionArn"]
    assert described["CollectionARN"].endswith(":collection/staff")
    assert (described["FaceCount"], described["UserCount"]) == (0, 0)
    assert abs(described["CreationTimestamp"] - datetime.now(UTC)) < timedelta(minutes=1)
    code, message = error(rekognition.create_collection, CollectionId="staff")
    assert code == "ResourceAlreadyExistsException"
    assert "staff" in message
    assert rekognition.delete_collection(CollectionId="staff")["StatusCode"] == 200
    assert rekognition.list_collections()["CollectionIds"] == []


def test_collections_are_listed_in_pages(rekognition: Any) -> None:
    names = [f"collection-{number}" for number in range(5)]
    for name in reversed(names):
        rekognition.create_collection(CollectionId=name)
    pages = list(rekognition.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["CollectionIds"]) for page in pages] == [2, 2, 1]
    assert [name for page in pages for name in page["CollectionIds"]] == names
    assert all(page["FaceModelVersions"] == ["local-1.0"] * len(page["CollectionIds"]) for page in pages)
    assert rekognition.list_collections(MaxResults=0)["CollectionIds"] == names
    code, _ = error(rekognition.list_collections, NextToken="made-up")
    assert code == "InvalidPaginationTokenException"


def test_collections_belong_to_a_region(
    rekognition: Any, staff: str, aws: Callable[..., Any], service: tuple[str, int]
) -> None:
    elsewhere = aws("rekognition", service[0], region="eu-west-1")
    assert elsewhere.list_collections()["CollectionIds"] == []
    assert error(elsewhere.describe_collection, CollectionId=staff)[0] == "ResourceNotFoundException"
    elsewhere.create_collection(CollectionId=staff)
    assert ":eu-west-1:" in elsewhere.describe_collection(CollectionId=staff)["CollectionARN"]


def test_a_reset_forgets_collections(rekognition: Any, staff: str, control: Control) -> None:
    control.post("reset")
    assert rekognition.list_collections()["CollectionIds"] == []


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("delete_collection", {}),
        ("describe_collection", {}),
        ("list_faces", {}),
        ("delete_faces", {"FaceIds": [RECORDED_FACE_ID]}),
        ("search_faces", {"FaceId": RECORDED_FACE_ID}),
        ("index_faces", {"Image": image(FACE)}),
        ("search_faces_by_image", {"Image": image(FACE)}),
    ],
)
def test_missing_collections(
    rekognition: Any, control: Control, operation: str, params: dict[str, Any]
) -> None:
    code, message = error(getattr(rekognition, operation), CollectionId="missing", **params)
    assert code == "ResourceNotFoundException"
    assert "missing" in message
    assert control.get("calls")["billable"] == {}


@pytest.mark.parametrize("name", ["with space", "a" * 256])
def test_names_of_collections_are_checked(rekognition: Any, name: str) -> None:
    assert error(rekognition.create_collection, CollectionId=name)[0] == "InvalidParameterException"


def test_indexed_faces_are_listed_and_deleted(rekognition: Any, staff: str) -> None:
    reply = rekognition.index_faces(CollectionId=staff, Image=image(BOTH), ExternalImageId="team.png")
    larger, smaller = (record["Face"] for record in reply["FaceRecords"])
    assert larger["BoundingBox"]["Width"] > smaller["BoundingBox"]["Width"]
    assert {face["ExternalImageId"] for face in (larger, smaller)} == {"team.png"}
    assert larger["ImageId"] == smaller["ImageId"]
    assert larger["FaceId"] != smaller["FaceId"]
    detail = reply["FaceRecords"][0]["FaceDetail"]
    assert set(detail) == {"BoundingBox", "Confidence", "Quality"}
    assert detail["BoundingBox"] == larger["BoundingBox"]
    assert reply["UnindexedFaces"] == []

    assert rekognition.list_faces(CollectionId=staff)["Faces"] == [larger, smaller]
    chosen = rekognition.list_faces(CollectionId=staff, FaceIds=[smaller["FaceId"], str(uuid4())])
    assert chosen["Faces"] == [smaller]
    assert rekognition.describe_collection(CollectionId=staff)["FaceCount"] == 2

    unknown = str(uuid4())
    deleted = rekognition.delete_faces(CollectionId=staff, FaceIds=[larger["FaceId"], unknown])
    assert deleted["DeletedFaces"] == [larger["FaceId"]]
    assert deleted["UnsuccessfulFaceDeletions"] == [{"FaceId": unknown, "Reasons": ["FACE_NOT_FOUND"]}]
    assert "DeletedFaces" not in rekognition.delete_faces(CollectionId=staff, FaceIds=[unknown])
    assert rekognition.list_faces(CollectionId=staff)["Faces"] == [smaller]


def test_faces_are_listed_in_pages(rekognition: Any, staff: str) -> None:
    faces = [*index(rekognition, FACE), *index(rekognition, OTHER_FACE), *index(rekognition, COMPRESSED)]
    pages = list(
        rekognition.get_paginator("list_faces").paginate(CollectionId=staff, PaginationConfig={"PageSize": 2})
    )
    assert [[face["FaceId"] for face in page["Faces"]] for page in pages] == [faces[:2], faces[2:]]
    token = pages[0]["NextToken"]
    for params in ({"NextToken": token, "FaceIds": faces}, {"NextToken": "made-up"}):
        code, _ = error(rekognition.list_faces, CollectionId=staff, **params)
        assert code == "InvalidPaginationTokenException"
    rekognition.create_collection(CollectionId="others")
    code, _ = error(rekognition.list_faces, CollectionId="others", NextToken=token)
    assert code == "InvalidPaginationTokenException"


def test_there_are_no_users(rekognition: Any, staff: str) -> None:
    code, _ = error(rekognition.list_faces, CollectionId=staff, UserId="somebody")
    assert code == "ResourceNotFoundException"


def test_an_image_is_indexed_once_for_each_external_id(rekognition: Any, staff: str) -> None:
    first = index(rekognition, FACE, ExternalImageId="hopper")
    assert index(rekognition, FACE, ExternalImageId="hopper") == first
    assert index(rekognition, FACE, ExternalImageId="grace") != first
    assert rekognition.describe_collection(CollectionId=staff)["FaceCount"] == 2


def test_faces_beyond_the_greatest_number_are_not_indexed(rekognition: Any, staff: str) -> None:
    reply = rekognition.index_faces(CollectionId=staff, Image=image(BOTH), MaxFaces=1)
    [record], [unindexed] = reply["FaceRecords"], reply["UnindexedFaces"]
    assert unindexed["Reasons"] == ["EXCEEDS_MAX_FACES"]
    left_out, kept = unindexed["FaceDetail"]["BoundingBox"], record["FaceDetail"]["BoundingBox"]
    assert left_out["Width"] < kept["Width"]
    assert rekognition.describe_collection(CollectionId=staff)["FaceCount"] == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (jpeg((pixels(FACE) * 0.2).astype("uint8"), 95), "LOW_BRIGHTNESS"),
        (jpeg(cv2.GaussianBlur(pixels(FACE), (0, 0), 4), 95), "LOW_SHARPNESS"),
    ],
    ids=["dark", "blurred"],
)
def test_poor_faces_are_not_indexed_unless_nothing_is_filtered(
    rekognition: Any, staff: str, data: bytes, reason: str
) -> None:
    reply = rekognition.index_faces(CollectionId=staff, Image=image(data))
    assert reply["FaceRecords"] == []
    assert [unindexed["Reasons"] for unindexed in reply["UnindexedFaces"]] == [[reason]]
    assert len(index(rekognition, data, QualityFilter="NONE")) == 1
    search = {"CollectionId": staff, "Image": image(data)}
    assert len(rekognition.search_faces_by_image(**search)["FaceMatches"]) == 1
    code, _ = error(rekognition.search_faces_by_image, **search, QualityFilter="HIGH")
    assert code == "InvalidParameterException"


def test_an_image_without_a_face_adds_none(rekognition: Any, staff: str) -> None:
    reply = rekognition.index_faces(CollectionId=staff, Image=image(NO_FACE))
    assert (reply["FaceRecords"], reply["UnindexedFaces"]) == ([], [])


def test_a_face_is_found_by_another_copy_of_its_picture(rekognition: Any, staff: str, s3: Any) -> None:
    [hopper] = index(rekognition, FACE, ExternalImageId="hopper")
    [astronaut] = index(rekognition, OTHER_FACE)
    s3.put_object(Bucket=BUCKET, Key="copy.jpg", Body=COMPRESSED)
    copy = {"S3Object": {"Bucket": BUCKET, "Name": "copy.jpg"}}
    found = rekognition.search_faces_by_image(CollectionId=staff, Image=copy)
    [match] = found["FaceMatches"]
    assert match["Face"]["FaceId"] == hopper
    assert match["Face"]["ExternalImageId"] == "hopper"
    assert 94 <= match["Similarity"] <= 100
    assert found["SearchedFaceConfidence"] > 80
    assert 0.3 < found["SearchedFaceBoundingBox"]["Width"] < 0.6

    everybody = rekognition.search_faces_by_image(CollectionId=staff, Image=copy, FaceMatchThreshold=0)
    assert [one["Face"]["FaceId"] for one in everybody["FaceMatches"]] == [hopper, astronaut]
    assert everybody["FaceMatches"][1]["Similarity"] < 60
    limited = rekognition.search_faces_by_image(
        CollectionId=staff, Image=copy, FaceMatchThreshold=0, MaxFaces=1
    )
    assert [one["Face"]["FaceId"] for one in limited["FaceMatches"]] == [hopper]
    strict = rekognition.search_faces_by_image(CollectionId=staff, Image=copy, FaceMatchThreshold=100)
    assert strict["FaceMatches"] == []


def test_the_largest_face_of_an_image_is_searched(rekognition: Any, staff: str) -> None:
    [hopper] = index(rekognition, FACE)
    index(rekognition, OTHER_FACE)
    reply = rekognition.search_faces_by_image(CollectionId=staff, Image=image(BOTH))
    assert [match["Face"]["FaceId"] for match in reply["FaceMatches"]] == [hopper]


def test_a_face_is_found_by_its_id_but_not_itself(rekognition: Any, staff: str) -> None:
    [hopper], [copy], _ = (index(rekognition, data) for data in (FACE, COMPRESSED, OTHER_FACE))
    reply = rekognition.search_faces(CollectionId=staff, FaceId=hopper)
    assert reply["SearchedFaceId"] == hopper
    assert [match["Face"]["FaceId"] for match in reply["FaceMatches"]] == [copy]
    rekognition.delete_faces(CollectionId=staff, FaceIds=[copy])
    assert rekognition.search_faces(CollectionId=staff, FaceId=hopper)["FaceMatches"] == []
    code, message = error(rekognition.search_faces, CollectionId=staff, FaceId=copy)
    assert code == "InvalidParameterException"
    assert "faceId was not found in the collection" in message


def test_a_search_without_a_face(rekognition: Any, control: Control, staff: str) -> None:
    found = error(rekognition.search_faces_by_image, CollectionId=staff, Image=image(NO_FACE))
    assert found == (
        "InvalidParameterException",
        "There are no faces in the image. Should be at least 1.",
    )
    assert control.get("calls")["billable"] == {"SearchFacesByImage": 1}


def test_the_source_face_is_compared_with_every_target_face(rekognition: Any) -> None:
    reply = rekognition.compare_faces(SourceImage=image(FACE), TargetImage=image(BOTH))
    [match], [other] = reply["FaceMatches"], reply["UnmatchedFaces"]
    assert match["Similarity"] > 94
    assert match["Face"]["BoundingBox"]["Left"] < 0.5 < other["BoundingBox"]["Left"]
    assert set(match["Face"]) == {"BoundingBox", "Confidence", "Quality"}
    assert set(reply["SourceImageFace"]) == {"BoundingBox", "Confidence"}
    lenient = rekognition.compare_faces(
        SourceImage=image(FACE), TargetImage=image(BOTH), SimilarityThreshold=0
    )
    assert [match["Similarity"] < 60 for match in lenient["FaceMatches"]] == [False, True]
    assert lenient["UnmatchedFaces"] == []


@pytest.mark.parametrize(("source", "target"), [(NO_FACE, FACE), (FACE, NO_FACE)])
def test_nothing_is_compared_without_faces(
    rekognition: Any, control: Control, source: bytes, target: bytes
) -> None:
    code, message = error(rekognition.compare_faces, SourceImage=image(source), TargetImage=image(target))
    assert code == "InvalidParameterException"
    assert message.startswith("Request has invalid parameters")
    assert control.get("calls")["billable"] == {"CompareFaces": 1}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html>", "InvalidImageFormatException"),
        (FACE[:20_000], "InvalidImageFormatException"),
        (FACE + bytes(5 * 1024 * 1024), "ImageTooLargeException"),
    ],
    ids=["html", "truncated", "6 MB"],
)
def test_unusable_images(rekognition: Any, control: Control, staff: str, data: bytes, code: str) -> None:
    assert error(rekognition.index_faces, CollectionId=staff, Image=image(data))[0] == code
    assert error(rekognition.search_faces_by_image, CollectionId=staff, Image=image(data))[0] == code
    assert error(rekognition.compare_faces, SourceImage=image(FACE), TargetImage=image(data))[0] == code
    assert error(rekognition.recognize_celebrities, Image=image(data))[0] == code
    assert control.get("calls")["billable"] == {}


def test_images_that_are_not_there(rekognition: Any, staff: str, s3: Any) -> None:
    missing = {"S3Object": {"Bucket": BUCKET, "Name": "missing.jpg"}}
    code, _ = error(rekognition.compare_faces, SourceImage=missing, TargetImage=image(FACE))
    assert code == "InvalidS3ObjectException"
    code, _ = error(rekognition.index_faces, CollectionId=staff, Image=missing)
    assert code == "InvalidS3ObjectException"


def test_calls_are_counted(rekognition: Any, control: Control, staff: str, s3: Any) -> None:
    stored = {"S3Object": {"Bucket": BUCKET, "Name": "face.jpg"}}
    [hopper] = index(rekognition, FACE)
    rekognition.search_faces(CollectionId=staff, FaceId=hopper)
    rekognition.search_faces_by_image(CollectionId=staff, Image=stored)
    rekognition.compare_faces(SourceImage=image(FACE), TargetImage=stored)
    rekognition.list_faces(CollectionId=staff)
    calls = control.get("calls")
    operations = ("IndexFaces", "SearchFaces", "SearchFacesByImage", "CompareFaces")
    assert calls["billable"] == dict.fromkeys(operations, 1)
    assert {(entry["key"], entry["operation"]) for entry in calls["images"]} == {
        (None, "IndexFaces"),
        (None, "SearchFaces"),
        ("face.jpg", "SearchFacesByImage"),
        ("face.jpg", "CompareFaces"),
    }


def test_recorded_searches_and_comparisons_are_replayed(rekognition: Any, staff: str) -> None:
    def scores(**params: Any) -> list[float]:
        reply = rekognition.search_faces_by_image(CollectionId=staff, Image=image(RECORDED_IMAGE), **params)
        assert reply["FaceModelVersion"] == "7.0"
        return [match["Similarity"] for match in reply["FaceMatches"]]

    assert scores() == [99.0, 85.0]
    assert scores(FaceMatchThreshold=90) == [99.0]
    assert scores(MaxFaces=1) == [99.0]

    pair = {"SourceImage": image(FACE), "TargetImage": image(RECORDED_IMAGE)}
    assert [match["Similarity"] for match in rekognition.compare_faces(**pair)["FaceMatches"]] == [90.0]
    strict = rekognition.compare_faces(**pair, SimilarityThreshold=95)
    assert (strict["FaceMatches"], len(strict["UnmatchedFaces"])) == ([], 1)
    swapped = rekognition.compare_faces(SourceImage=image(RECORDED_IMAGE), TargetImage=image(FACE))
    assert [match["Similarity"] for match in swapped["FaceMatches"]] == [100.0]  # looked at, not recorded


def test_recorded_faces_are_listed_but_not_found(rekognition: Any, staff: str) -> None:
    assert index(rekognition, RECORDED_IMAGE) == [RECORDED_FACE_ID]
    assert [face["FaceId"] for face in rekognition.list_faces(CollectionId=staff)["Faces"]] == [
        RECORDED_FACE_ID
    ]
    index(rekognition, FACE)
    found = rekognition.search_faces(CollectionId=staff, FaceId=RECORDED_FACE_ID, FaceMatchThreshold=0)
    assert found["FaceMatches"] == []
    deleted = rekognition.delete_faces(CollectionId=staff, FaceIds=[RECORDED_FACE_ID])
    assert deleted["DeletedFaces"] == [RECORDED_FACE_ID]
