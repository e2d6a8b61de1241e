"""What holds for every operation: rows are as many as other means count, and anomalies never fail."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jmespath
import pytest

from include.core.features import FEATURES, RETIRED, Feature, RetiredFeature
from include.normalize import NORMALIZERS, UnknownOperationError, normalize
from tests.include.normalize.responses import pages_of, response, rows, tables

# Rows by table, counted with JMESPath over the response alone.
COUNTS = {
    "DetectLabels": {
        "labels": "length(Labels)",
        "image_properties": "length([ImageProperties, ImageProperties.Foreground, "
        "ImageProperties.Background][?@])",
    },
    "DetectModerationLabels": {"moderation_labels": "length(ModerationLabels)"},
    "DetectText": {"texts": "length(TextDetections)"},
    "DetectFaces": {"faces": "length(FaceDetails)"},
    "IndexFaces": {"faces": "length(FaceRecords)"},
    "RecognizeCelebrities": {"celebrities": "length(CelebrityFaces)"},
    "CompareFaces": {"face_matches": "length(FaceMatches)"},
    "SearchFaces": {"face_matches": "length(FaceMatches)"},
    "SearchFacesByImage": {"face_matches": "length(FaceMatches[?Similarity])"},
    "DetectProtectiveEquipment": {
        "protective_equipment": "sum([length(Persons[?!BodyParts]), "
        "length(Persons[].BodyParts[] | [?!EquipmentDetections]), "
        "length(Persons[].BodyParts[].EquipmentDetections[])])"
    },
    "DetectCustomLabels": {"custom_labels": "length(CustomLabels)"},
    "GetLabelDetection": {"labels": "length(Labels || `[]`)"},
    "GetContentModeration": {"moderation_labels": "length(ModerationLabels)"},
    "GetTextDetection": {"texts": "length(TextDetections)"},
    "GetFaceDetection": {"faces": "length(Faces)"},
    "GetCelebrityRecognition": {"celebrities": "length(Celebrities[?Celebrity.Name != 'NULL'])"},
    "GetFaceSearch": {"face_matches": "length(Persons[].FaceMatches[])"},
    "GetPersonTracking": {"persons": "length(Persons)"},
    "GetSegmentDetection": {"segments": "length(Segments)"},
    "GetMediaAnalysisJob": {
        "moderation_labels": 'length("detect-moderation-labels".ModerationLabels || `[]`)'
    },
}


def test_every_operation_of_the_registry_has_a_normalizer() -> None:
    """A feature that lacks one needs a function with ``@normalizes`` in include/normalize/normalizers."""
    calls = [call for feature in FEATURES.values() for call in (feature.image, feature.video) if call]
    wanted = {call.operation for call in calls} | {feature.operations[-1] for feature in RETIRED.values()}
    assert wanted - NORMALIZERS.keys() == set()


@pytest.mark.parametrize("feature", [*FEATURES.values(), *RETIRED.values()], ids=lambda each: each.name)
def test_the_responses_of_a_feature_become_rows_of_its_tables(feature: Feature | RetiredFeature) -> None:
    if isinstance(feature, Feature):
        operations = [call.operation for call in (feature.image, feature.video) if call]
    else:
        operations = [feature.operations[-1]]
    for operation in operations:
        assert tables(operation, *pages_of(operation)).keys() & set(feature.tables), operation


@pytest.mark.parametrize("operation", COUNTS)
def test_rows_are_as_many_as_the_findings(operation: str) -> None:
    pages = pages_of(operation)
    found = {table: len(found) for table, found in tables(operation, *pages).items()}
    counted = {
        table: sum(jmespath.search(path, page) for page in pages) for table, path in COUNTS[operation].items()
    }
    assert found == counted
    assert all(counted.values())


@pytest.mark.parametrize("operation", sorted(NORMALIZERS))
@pytest.mark.parametrize(
    "page", [{}, {"JobStatus": "IN_PROGRESS"}, {"JobStatus": "FAILED", "StatusMessage": "no"}]
)
def test_a_page_without_findings_gives_no_rows(operation: str, page: dict[str, Any]) -> None:
    assert tables(operation, page) == {}


@pytest.mark.parametrize("operation", sorted(NORMALIZERS))
def test_members_that_are_null_are_as_if_they_were_absent(operation: str) -> None:
    page = dict.fromkeys(response(operation)) | dict.fromkeys(pages_of(operation)[-1])
    anomalies: Counter[str] = Counter()
    assert tables(operation, page, anomalies=anomalies) == {}
    assert not [name for name in anomalies if "without" in name]


@pytest.mark.parametrize("operation", sorted(NORMALIZERS))
def test_pages_without_findings_in_between_change_nothing(operation: str) -> None:
    pages = pages_of(operation)
    empty = [page for one in pages for page in ({}, one)]
    assert tables(operation, *empty) == tables(operation, *pages)


@pytest.mark.parametrize(
    "operation", ["GetCelebrityRecognition", "GetFaceSearch", "GetPersonTracking", "GetMediaAnalysisJob"]
)
def test_what_the_api_documents_is_not_counted_as_odd(operation: str) -> None:
    anomalies: Counter[str] = Counter()
    tables(operation, *pages_of(operation), anomalies=anomalies)
    undocumented = {name for name in anomalies if " " not in name}
    assert undocumented <= {"VideoMetadata.FileExtension"}


def test_oddities_are_counted_and_never_fail() -> None:
    anomalies: Counter[str] = Counter()
    page = {
        "New": 1,
        "ResponseMetadata": {},
        "Labels": [{"Confidence": 5}, {"Name": "A", "Confidence": 5, "Mood": {}}],
    }
    assert [row["name"] for row in rows("DetectLabels", page, anomalies=anomalies)] == ["A"]
    assert anomalies == {"New": 1, "Labels[].Mood": 1, "labels without name": 1}


def test_unknown_operation_says_what_is_known() -> None:
    with pytest.raises(UnknownOperationError, match="'Nonsense' has no normalizer; known: CompareFaces, "):
        normalize("Nonsense", [])


def test_pages_are_read_one_at_a_time() -> None:
    read = []

    def pages() -> Any:
        for number in range(3):
            read.append(number)
            yield response("DetectLabels")

    next(normalize("DetectLabels", pages()))
    assert read == [0]
