from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from include.core.features import FEATURES
from include.store.quotas import default_quota, read_quotas

OPERATIONS = frozenset({"DetectLabels", "DetectText", "DetectFaces"})


@pytest.fixture
def service() -> Any:
    client = boto3.client(
        "service-quotas", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        yield client, stubber


def quota(name: str, value: float) -> dict[str, Any]:
    return {"ServiceCode": "rekognition", "QuotaName": name, "Value": value}


def test_quotas_of_the_account_are_found_by_the_operations_name_over_all_pages(service: Any) -> None:
    client, stubber = service
    prefix = (
        "Transactions per second per account for individual Amazon Rekognition Image data plane operations"
    )
    pages: list[dict[str, Any]] = [
        {
            "Quotas": [quota(f"{prefix}: DetectLabels", 150), quota("Concurrent DetectText things", 3)],
            "NextToken": "2",
        },
        {"Quotas": [quota(f"{prefix} DetectTextile", 9), quota(f"{prefix.upper()} DetectText", 75)]},
    ]
    for page in pages:
        stubber.add_response("list_service_quotas", page)
    assert read_quotas(client, "us-east-1", OPERATIONS) == {
        "DetectLabels": 150,
        "DetectText": 75,
        "DetectFaces": 100,
    }


def test_where_they_cannot_be_read_awss_defaults_hold_and_it_is_said(
    service: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client, stubber = service
    stubber.add_client_error("list_service_quotas", "AccessDeniedException", "not allowed")
    assert read_quotas(client, "eu-central-1", OPERATIONS) == {
        "DetectLabels": 5,
        "DetectText": 5,
        "DetectFaces": 25,
    }
    assert "Service Quotas cannot be read" in caplog.text
    assert "not allowed" in caplog.text


@pytest.mark.parametrize(
    ("operation", "region", "quota"),
    [
        ("DetectLabels", "us-east-1", 50),
        ("DetectLabels", "us-east-2", 5),
        ("DetectFaces", "eu-west-1", 100),
        ("DetectFaces", "eu-west-2", 25),
        ("DetectProtectiveEquipment", "us-west-2", 5),
        ("DetectCustomLabels", "ap-northeast-1", 50),
    ],
)
def test_default_quotas(operation: str, region: str, quota: float) -> None:
    assert default_quota(operation, region) == quota


def test_every_image_operation_has_one() -> None:
    for feature in FEATURES.values():
        if feature.image:
            assert default_quota(feature.image.operation, "us-east-1") > 0
