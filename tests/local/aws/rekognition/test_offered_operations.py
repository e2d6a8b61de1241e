"""The offer and botocore's model agree: every operation is offered, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.features import FEATURES, RETIRED
from local.aws.rekognition.api_model import OPERATION_NAMES
from local.aws.rekognition.app import LocalRekognition
from local.aws.rekognition.offered_operations import NOT_OFFERED, OFFERED, PIXELS, REPLAY, STATE, refusal
from local.aws.rekognition.rekognition_settings import LocalRekognitionSettings


def test_every_operation_of_the_api_is_offered_or_refused_with_a_sentence() -> None:
    assert OFFERED.keys() | NOT_OFFERED.keys() == OPERATION_NAMES
    assert not OFFERED.keys() & NOT_OFFERED.keys()
    assert all(reason.endswith(".") and len(reason) > 30 for reason in NOT_OFFERED.values())
    assert {source for source, _ in OFFERED.values()} == {PIXELS, REPLAY, STATE}


async def test_what_is_offered_is_what_the_service_answers() -> None:
    service = LocalRekognition(LocalRekognitionSettings())
    try:
        assert set(service.operations) == set(OFFERED)
    finally:
        service.close()


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
def test_every_feature_of_the_registry_can_be_tried(feature: Any) -> None:
    calls = [call for call in (feature.image, feature.video) if call is not None]
    assert {operation for call in calls for operation in call.operations} <= OFFERED.keys()


@pytest.mark.parametrize("feature", RETIRED.values(), ids=RETIRED)
def test_every_retired_operation_is_denied_as_the_registry_says(feature: Any) -> None:
    for operation in feature.operations:
        error = refusal(operation)
        assert error.code == "AccessDeniedException"
        assert feature.refusal in error.message


def test_what_is_no_operation_is_unknown() -> None:
    assert refusal("DetectNothing").message == "DetectNothing is no operation of Amazon Rekognition."
    assert refusal("CreateUser").code == "UnknownOperationException"
    assert NOT_OFFERED["CreateUser"] in refusal("CreateUser").message
