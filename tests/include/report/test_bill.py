"""The bill is read as Cost Explorer gives it: page by page, by usage type and kind of charge."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.ce.models import ce_backends

from include.core.settings import Settings, SettingsError
from include.report.bill import BillRow, read_bill
from include.store.workspace import Deployment

ACCOUNT = "123456789012"
IMAGES = "USE1-Group2-ImagesProcessed"


def group(usage_type: str, record_type: str, usd: str, units: str) -> dict[str, Any]:
    metrics = {"UnblendedCost": {"Amount": usd}, "UsageQuantity": {"Amount": units}}
    return {"Keys": [usage_type, record_type], "Metrics": metrics}


def page(day: str, *groups: dict[str, Any], **more: Any) -> dict[str, Any]:
    result = {"TimePeriod": {"Start": day, "End": day}, "Groups": list(groups), "Estimated": True}
    return {"ResultsByTime": [result], **more}


@pytest.fixture
def deployment(aws: SimpleNamespace) -> Deployment:
    clients: Any = SimpleNamespace(client=boto3.client, session=lambda: aws.session)
    return Deployment(Settings(bill_source="cost-explorer"), clients)


def test_pages_are_read_to_the_end_and_only_usage_counts_units(deployment: Deployment) -> None:
    ce_backends[ACCOUNT]["aws"].cost_usage_results_queue = [
        page("2026-11-01", group(IMAGES, "Usage", "1.25", "1250"), NextPageToken="more"),
        page("2026-11-02", group(IMAGES, "Usage", "0.5", "500"), group(IMAGES, "Credit", "-0.5", "500")),
    ]
    found = read_bill(deployment, date(2026, 11, 1), date(2026, 11, 3))
    assert found == [
        BillRow(date(2026, 11, 1), IMAGES, "Usage", 1250.0, 1.25, estimated=True),
        BillRow(date(2026, 11, 2), IMAGES, "Usage", 500.0, 0.5, estimated=True),
        BillRow(date(2026, 11, 2), IMAGES, "Credit", 0.0, -0.5, estimated=True),
    ]


def test_the_bill_is_asked_for_rekognition_in_this_account_alone(deployment: Deployment) -> None:
    read_bill(deployment, date(2026, 11, 1), date(2026, 11, 3))
    ce_backends[ACCOUNT]["aws"].cost_usage_results_queue = [page("2026-11-01")]
    read_bill(deployment, date(2026, 10, 1), date(2026, 11, 3))
    (body,) = ce_backends[ACCOUNT]["aws"].cost_usage_results
    assert '"Key": "SERVICE", "Values": ["Amazon Rekognition"]' in body
    assert f'"Key": "LINKED_ACCOUNT", "Values": ["{ACCOUNT}"]' in body
    assert '"TimePeriod": {"Start": "2026-10-01", "End": "2026-11-03"}' in body


def test_an_export_needs_the_name_of_its_table(aws: SimpleNamespace) -> None:
    clients: Any = SimpleNamespace(client=boto3.client, session=lambda: aws.session)
    deployment = Deployment(Settings(bill_source="cur"), clients)
    with pytest.raises(SettingsError, match=r"MEDIA_LAKE_BILL_TABLE: .* give database\.table"):
        read_bill(deployment, date(2026, 11, 1), date(2026, 11, 3))
