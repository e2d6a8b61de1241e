"""Search of a video's faces in a collection, over HTTP, and how persons are numbered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.rekognition.person_search import number_persons
from tests.local.aws.rekognition.face_samples import FACE, FACE_FILM, OTHER_FACE, RECORDED_FILM
from tests.local.aws.rekognition.samples import BUCKET, Control

Finished = Callable[..., dict[str, Any]]
VIDEO = {"S3Object": {"Bucket": BUCKET, "Name": "faces.mp4"}}
RECORDED_VIDEO = {"S3Object": {"Bucket": BUCKET, "Name": "recorded-faces.mp4"}}


def face(left: float) -> dict[str, Any]:
    """A face of the detector at a place."""
    return {"box": [left, 0.2, 0.2, 0.3]}


@pytest.mark.parametrize(
    ("places", "numbers"),
    [
        ([[0.1], [0.15], [0.2]], [[0], [0], [0]]),
        ([[0.1], [], [0.1]], [[0], [], [1]]),
        ([[0.1], [0.6]], [[0], [1]]),
        ([[0.1, 0.6], [0.58, 0.12]], [[0, 1], [1, 0]]),
        ([[0.3], [0.28, 0.32]], [[0], [0, 1]]),
        ([], []),
    ],
    ids=["moves", "gone for a sample", "jumps", "order does not matter", "one heir only", "nothing"],
)
def test_persons_are_numbered_by_overlap(places: list[list[float]], numbers: list[list[int]]) -> None:
    assert number_persons([[face(left) for left in sample] for sample in places]) == numbers


@pytest.fixture
def collection(rekognition: Any, s3: Any) -> dict[str, str]:
    """A collection with both faces of the film, by name, and the videos in their bucket."""
    s3.put_object(Bucket=BUCKET, Key="faces.mp4", Body=FACE_FILM)
    s3.put_object(Bucket=BUCKET, Key="recorded-faces.mp4", Body=RECORDED_FILM)
    rekognition.create_collection(CollectionId="cast")
    ids = {}
    for name, data in (("hopper", FACE), ("astronaut", OTHER_FACE)):
        reply = rekognition.index_faces(CollectionId="cast", Image={"Bytes": data}, ExternalImageId=name)
        ids[name] = reply["FaceRecords"][0]["Face"]["FaceId"]
    return ids


def found(reply: dict[str, Any]) -> list[tuple[int, int, list[str]]]:
    """Time, person and the names of the matches of each finding."""
    return [
        (
            item["Timestamp"],
            item["Person"]["Index"],
            [match["Face"]["ExternalImageId"] for match in item["FaceMatches"]],
        )
        for item in reply["Persons"]
    ]


@pytest.mark.integration
def test_persons_of_a_video_are_found_in_a_collection(
    rekognition: Any, finished: Finished, collection: dict[str, str]
) -> None:
    job_id = rekognition.start_face_search(Video=VIDEO, CollectionId="cast", JobTag="tag")["JobId"]
    reply = finished("face_search", job_id)
    assert (reply["JobStatus"], reply["JobTag"], reply["Video"]) == ("SUCCEEDED", "tag", VIDEO)
    assert "GetRequestMetadata" not in reply
    by_time = [
        (0, 0, ["hopper"]),
        (500, 0, ["hopper"]),
        (1000, 0, ["hopper"]),
        (1000, 1, ["astronaut"]),
        (1500, 0, ["hopper"]),
        (1500, 1, ["astronaut"]),
        (3000, 2, ["astronaut"]),
        (3500, 2, ["astronaut"]),
    ]
    assert found(reply) == by_time
    assert all(match["Similarity"] > 90 for item in reply["Persons"] for match in item["FaceMatches"])
    first = reply["Persons"][0]["Person"]
    assert first["Face"]["BoundingBox"]["Left"] < 0.5
    assert "BoundingBox" not in first  # of the whole person, who is not known
    by_person = rekognition.get_face_search(JobId=job_id, SortBy="INDEX")
    assert found(by_person) == sorted(by_time, key=lambda finding: (finding[1], finding[0]))

    page = rekognition.get_face_search(JobId=job_id, SortBy="INDEX", MaxResults=6)
    rest = rekognition.get_face_search(JobId=job_id, SortBy="INDEX", NextToken=page["NextToken"])
    assert page["Persons"] + rest["Persons"] == by_person["Persons"]


@pytest.mark.integration
def test_persons_without_a_match_are_findings_too(
    rekognition: Any, finished: Finished, collection: dict[str, str]
) -> None:
    rekognition.delete_faces(CollectionId="cast", FaceIds=[collection["hopper"]])
    job_id = rekognition.start_face_search(Video=VIDEO, CollectionId="cast", FaceMatchThreshold=70)["JobId"]
    matches = {(person, *names) for _, person, names in found(finished("face_search", job_id))}
    assert matches == {(0,), (1, "astronaut"), (2, "astronaut")}


@pytest.mark.integration
def test_the_collection_must_exist(
    rekognition: Any, control: Control, finished: Finished, collection: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as raised:
        rekognition.start_face_search(Video=VIDEO, CollectionId="missing")
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as raised:
        rekognition.start_face_search(
            Video={"S3Object": {"Bucket": BUCKET, "Name": "missing.mp4"}}, CollectionId="cast"
        )
    assert raised.value.response["Error"]["Code"] == "InvalidS3ObjectException"
    assert control.get("calls")["jobs"] == []
    with pytest.raises(ClientError) as raised:
        rekognition.get_face_search(JobId="0" * 64)
    assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.integration
def test_a_job_fails_when_its_collection_is_gone_before_its_turn(
    rekognition: Any, finished: Finished, collection: dict[str, str]
) -> None:
    for _ in range(2):  # as many as there are workers
        rekognition.start_label_detection(Video=VIDEO)
    job_id = rekognition.start_face_search(Video=VIDEO, CollectionId="cast")["JobId"]
    rekognition.delete_collection(CollectionId="cast")
    reply = finished("face_search", job_id)
    assert (reply["JobStatus"], reply["Persons"]) == ("FAILED", [])
    assert "cast" in reply["StatusMessage"]


@pytest.mark.integration
def test_a_recorded_search_is_replayed(
    rekognition: Any, finished: Finished, collection: dict[str, str]
) -> None:
    job_id = rekognition.start_face_search(Video=RECORDED_VIDEO, CollectionId="cast", FaceMatchThreshold=90)[
        "JobId"
    ]
    matched, unmatched = finished("face_search", job_id)["Persons"]
    assert [match["Similarity"] for match in matched["FaceMatches"]] == [99.0]
    assert "FaceMatches" not in unmatched
    by_person = rekognition.get_face_search(JobId=job_id, SortBy="INDEX")["Persons"]
    assert by_person == [unmatched, matched]
