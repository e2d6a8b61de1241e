"""The collection of a demonstration: made and filled once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from include.core.lake import Source, load_lake
from include.core.settings import Settings
from local.stack.people import COLLECTION, PEOPLE, PICTURES, index_people

SAMPLE = load_lake(Settings().lake_file).sources[0]
IN_COLLECTION = {"CollectionId": COLLECTION}


@pytest.fixture
def stubber() -> Iterator[Stubber]:
    """Replies of Rekognition, checked against its model; every one of them has to be asked for."""
    with Stubber(boto3.client("rekognition")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def expect_face(stubber: Stubber, name: str) -> None:
    content = (PICTURES / PEOPLE[name]).read_bytes()
    request = {"Image": {"Bytes": content}, "ExternalImageId": name, "MaxFaces": 1}
    stubber.add_response("index_faces", {"FaceRecords": []}, {**IN_COLLECTION, **request})


def searching(**members: Any) -> Source:
    return Source(name="other", cost_center="team", features={"image": [{"face_search": members}]})


def test_the_sample_source_searches_the_collection_in_images_and_videos() -> None:
    for media_type in ("image", "video"):
        assert SAMPLE.features[media_type]["face_search"] == IN_COLLECTION


def test_a_missing_collection_is_made_and_filled(stubber: Stubber) -> None:
    stubber.add_client_error("list_faces", "ResourceNotFoundException", expected_params=IN_COLLECTION)
    stubber.add_response("create_collection", {"StatusCode": 200}, IN_COLLECTION)
    for name in PEOPLE:
        expect_face(stubber, name)
    assert index_people(stubber.client, SAMPLE) == list(PEOPLE)


def test_only_missing_faces_are_added_whatever_page_the_others_are_on(stubber: Stubber) -> None:
    stubber.add_response(
        "list_faces", {"Faces": [{"FaceId": "a"}, {"ExternalImageId": "somebody"}], "NextToken": "more"}
    )
    stubber.add_response("list_faces", {"Faces": [{"ExternalImageId": "astronaut"}]})
    expect_face(stubber, "grace-hopper")
    assert index_people(stubber.client, SAMPLE) == ["grace-hopper"]


def test_a_full_collection_costs_nothing(stubber: Stubber) -> None:
    stubber.add_response("list_faces", {"Faces": [{"ExternalImageId": name} for name in PEOPLE]})
    assert index_people(stubber.client, SAMPLE) == []


def test_other_collections_are_left_alone(stubber: Stubber) -> None:
    assert index_people(stubber.client, searching(CollectionId="staff")) == []
    assert index_people(stubber.client, Source(name="other", cost_center="team", features={})) == []


def test_other_errors_are_not_hidden(stubber: Stubber) -> None:
    stubber.add_client_error("list_faces", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        index_people(stubber.client, searching(CollectionId=COLLECTION))
