from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from rekognition.operators import (
    RekognitionCompareFacesOperator,
    RekognitionCreateCollectionOperator,
    RekognitionDeleteCollectionOperator,
    RekognitionDeleteFacesOperator,
    RekognitionIndexFacesOperator,
    RekognitionSearchFacesByImageOperator,
)

IMAGE = {"S3Object": {"Bucket": "media", "Name": "raw/a.jpg"}}
OTHER = {"S3Object": {"Bucket": "media", "Name": "raw/b.jpg"}}
BOX = {"Width": 0.1, "Height": 0.2, "Left": 0.3, "Top": 0.4}
ARN = "aws:rekognition:us-east-1:123456789012:collection/staff"
FACE_IDS = [f"11111111-2222-3333-4444-{number:012d}" for number in range(3)]

REQUIRED: dict[type, dict[str, Any]] = {
    RekognitionCompareFacesOperator: {"source_image": IMAGE, "target_image": OTHER},
    RekognitionIndexFacesOperator: {"collection_id": "staff", "image": IMAGE},
    RekognitionSearchFacesByImageOperator: {"collection_id": "staff", "image": IMAGE},
    RekognitionDeleteFacesOperator: {"collection_id": "staff", "face_ids": FACE_IDS},
    RekognitionCreateCollectionOperator: {"collection_id": "staff"},
    RekognitionDeleteCollectionOperator: {"collection_id": "staff"},
}
TEMPLATED: dict[type, set[str]] = {
    RekognitionCompareFacesOperator: {"source_image", "target_image"},
    RekognitionIndexFacesOperator: {"collection_id", "image", "external_image_id"},
    RekognitionSearchFacesByImageOperator: {"collection_id", "image"},
    RekognitionDeleteFacesOperator: {"collection_id", "face_ids"},
    RekognitionCreateCollectionOperator: {"collection_id", "tags"},
    RekognitionDeleteCollectionOperator: {"collection_id"},
}

each_operator = pytest.mark.parametrize("operator_class", REQUIRED)


def make(operator_class: type, **kwargs: Any) -> tuple[Any, Stubber]:
    """Return the operator and a stub of its client that answers nothing but what is queued."""
    operator = operator_class(task_id="call", **{**REQUIRED[operator_class], **kwargs})
    stub = Stubber(operator.hook.conn)
    stub.activate()
    return operator, stub


def test_compare_faces(task_context: Any) -> None:
    operator, stub = make(RekognitionCompareFacesOperator, similarity_threshold=70.0, quality_filter="AUTO")
    response = {
        "SourceImageFace": {"BoundingBox": BOX, "Confidence": 99.0},
        "FaceMatches": [
            {"Similarity": 81.5, "Face": {"BoundingBox": BOX}},
            {"Similarity": 99.25, "Face": {"BoundingBox": BOX}},
        ],
        "UnmatchedFaces": [{"BoundingBox": BOX}],
    }
    request = {
        "SourceImage": IMAGE,
        "TargetImage": OTHER,
        "SimilarityThreshold": 70.0,
        "QualityFilter": "AUTO",
    }
    stub.add_response("compare_faces", response, request)
    assert operator.execute(task_context.for_try(1)) == {"similarities": [99.25, 81.5], "unmatched_faces": 1}


def test_index_faces(task_context: Any) -> None:
    operator, stub = make(
        RekognitionIndexFacesOperator, external_image_id="a.jpg", max_faces=5, quality_filter="HIGH"
    )
    face = {"FaceId": FACE_IDS[0], "BoundingBox": BOX, "ImageId": FACE_IDS[1]}
    response = {
        "FaceRecords": [{"Face": face, "FaceDetail": {"BoundingBox": BOX}}],
        "UnindexedFaces": [{"Reasons": ["EXCEEDS_MAX_FACES"], "FaceDetail": {"BoundingBox": BOX}}, {}],
        "FaceModelVersion": "7.0",
    }
    request = {
        "CollectionId": "staff",
        "Image": IMAGE,
        "ExternalImageId": "a.jpg",
        "MaxFaces": 5,
        "QualityFilter": "HIGH",
    }
    stub.add_response("index_faces", response, request)
    assert operator.execute(task_context.for_try(1)) == {"face_ids": [FACE_IDS[0]], "unindexed_faces": 2}


def test_search_faces_by_image(task_context: Any) -> None:
    operator, stub = make(
        RekognitionSearchFacesByImageOperator, face_match_threshold=60.0, quality_filter="LOW"
    )
    response = {
        "SearchedFaceBoundingBox": BOX,
        "SearchedFaceConfidence": 99.5,
        "FaceMatches": [
            {"Similarity": 98.5, "Face": {"FaceId": FACE_IDS[0], "ExternalImageId": "a.jpg"}},
            {"Similarity": 75.0, "Face": {"FaceId": FACE_IDS[1]}},
        ],
        "FaceModelVersion": "7.0",
    }
    request = {
        "CollectionId": "staff",
        "Image": IMAGE,
        "MaxFaces": 80,
        "FaceMatchThreshold": 60.0,
        "QualityFilter": "LOW",
    }
    stub.add_response("search_faces_by_image", response, request)
    assert operator.execute(task_context.for_try(1)) == [
        {"face_id": FACE_IDS[0], "external_image_id": "a.jpg", "similarity": 98.5},
        {"face_id": FACE_IDS[1], "external_image_id": None, "similarity": 75.0},
    ]


def test_largest_result_of_a_search_by_default_is_small(task_context: Any) -> None:
    operator, stub = make(RekognitionSearchFacesByImageOperator)
    match = {
        "Similarity": 99.99999237060547,
        "Face": {"FaceId": FACE_IDS[0], "ExternalImageId": "x" * 40, "BoundingBox": BOX},
    }
    stub.add_response("search_faces_by_image", {"FaceMatches": [match] * operator.max_faces})
    assert len(json.dumps(operator.execute(task_context.for_try(1)))) < 16_384


def test_parameters_that_are_not_given_are_left_to_aws(task_context: Any) -> None:
    compare, stub = make(RekognitionCompareFacesOperator)
    stub.add_response("compare_faces", {"FaceMatches": []}, {"SourceImage": IMAGE, "TargetImage": OTHER})
    assert compare.execute(task_context.for_try(1)) == {"similarities": [], "unmatched_faces": 0}
    index, stub = make(RekognitionIndexFacesOperator)
    stub.add_response("index_faces", {"FaceRecords": []}, {"CollectionId": "staff", "Image": IMAGE})
    assert index.execute(task_context.for_try(1)) == {"face_ids": [], "unindexed_faces": 0}


def test_delete_faces(task_context: Any) -> None:
    operator, stub = make(RekognitionDeleteFacesOperator)
    response = {
        "DeletedFaces": FACE_IDS[:2],
        "UnsuccessfulFaceDeletions": [{"FaceId": FACE_IDS[2], "Reasons": ["FACE_NOT_FOUND"]}],
    }
    stub.add_response("delete_faces", response, {"CollectionId": "staff", "FaceIds": FACE_IDS})
    assert operator.execute(task_context.for_try(1)) == 2


def test_face_that_aws_keeps_is_an_error(task_context: Any) -> None:
    operator, stub = make(RekognitionDeleteFacesOperator)
    kept = {"FaceId": FACE_IDS[2], "UserId": "ann", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
    stub.add_response("delete_faces", {"DeletedFaces": FACE_IDS[:2], "UnsuccessfulFaceDeletions": [kept]})
    with pytest.raises(AirflowException, match=f"{FACE_IDS[2]}.*ASSOCIATED_TO_AN_EXISTING_USER"):
        operator.execute(task_context.for_try(1))


@pytest.mark.parametrize("if_exists", ["skip", "fail"])
def test_create_collection(task_context: Any, if_exists: str) -> None:
    operator, stub = make(RekognitionCreateCollectionOperator, tags={"team": "media"}, if_exists=if_exists)
    request = {"CollectionId": "staff", "Tags": {"team": "media"}}
    stub.add_response("create_collection", {"StatusCode": 200, "CollectionArn": ARN}, request)
    assert operator.execute(task_context.for_try(1)) == ARN


def test_collection_that_exists_is_skipped(task_context: Any) -> None:
    operator, stub = make(RekognitionCreateCollectionOperator)
    stub.add_client_error("create_collection", "ResourceAlreadyExistsException")
    stub.add_response("describe_collection", {"CollectionARN": ARN}, {"CollectionId": "staff"})
    assert operator.execute(task_context.for_try(1)) == ARN
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("if_exists", "code"),
    [("fail", "ResourceAlreadyExistsException"), ("skip", "ServiceQuotaExceededException")],
)
def test_collection_that_cannot_be_created(task_context: Any, if_exists: str, code: str) -> None:
    operator, stub = make(RekognitionCreateCollectionOperator, if_exists=if_exists)
    stub.add_client_error("create_collection", code)
    with pytest.raises(ClientError, match=code):
        operator.execute(task_context.for_try(1))


def test_delete_collection_that_may_be_gone(task_context: Any) -> None:
    operator, stub = make(RekognitionDeleteCollectionOperator)
    stub.add_response("delete_collection", {"StatusCode": 200}, {"CollectionId": "staff"})
    stub.add_client_error("delete_collection", "ResourceNotFoundException")
    stub.add_client_error("delete_collection", "AccessDeniedException")
    operator.execute(task_context.for_try(1))
    operator.execute(task_context.for_try(2))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        operator.execute(task_context.for_try(3))


@each_operator
def test_every_operator_links_to_the_console_also_when_it_fails(
    operator_class: type, task_context: Any
) -> None:
    operator, stub = make(operator_class, region_name="eu-west-1")
    method = operator_class.__name__.removeprefix("Rekognition").removesuffix("Operator")
    stub.add_client_error(
        "".join(f"_{c.lower()}" if c.isupper() else c for c in method).removeprefix("_"),
        "AccessDeniedException",
    )
    with pytest.raises(ClientError, match=f"AccessDeniedException.*{method}"):
        operator.execute(task_context.for_try(1))
    where = {"region_name": "eu-west-1", "aws_domain": "aws.amazon.com"}
    assert task_context.pushed == {"rekognition_console": where}


@each_operator
def test_template_fields(operator_class: type) -> None:
    template = "{{ params.value }}"
    values: dict[str, Any] = {
        "image": {"S3Object": {"Bucket": template, "Name": template}},
        "face_ids": [template, template],
        "tags": {"team": template},
    }
    values |= {"source_image": values["image"], "target_image": values["image"]}
    own = {name: values.get(name, template) for name in TEMPLATED[operator_class]}
    with DAG("templates", schedule=None):
        operator = operator_class(task_id="call", region_name=template, **own)
    operator.render_template_fields({"params": {"value": "rendered"}})
    assert set(operator.template_fields) == TEMPLATED[operator_class] | {
        "aws_conn_id",
        "region_name",
        "verify",
    }
    for name in ("region_name", *own):
        assert "rendered" in str(getattr(operator, name))
        assert "{{" not in str(getattr(operator, name))


@each_operator
def test_operator_can_be_serialized(operator_class: type) -> None:
    with DAG("faces", schedule=None) as dag:
        operator_class(task_id="call", **REQUIRED[operator_class])
    task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task("call")
    assert task.task_type == operator_class.__name__
    assert set(task.operator_extra_link_dict) == {"Amazon Rekognition"}


def test_operator_can_be_mapped() -> None:
    with DAG("mapped", schedule=None):
        mapped = RekognitionIndexFacesOperator.partial(task_id="call", collection_id="staff").expand(
            image=[IMAGE, OTHER]
        )
    assert mapped.operator_class is RekognitionIndexFacesOperator
