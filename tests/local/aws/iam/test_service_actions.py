"""What calls of services other than S3 need."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from include.core.settings import Settings
from infrastructure.place import Place
from infrastructure.rare_actions import granted_actions
from infrastructure.roles import role_policies
from local.aws.iam.need import Need
from local.aws.iam.service_actions import service_needs

REGION = "us-east-1"
PLACE = Place("aws", REGION, "123456789012")
TOPIC = PLACE.arn("sns", "alerts")
JOBS_ROLE = PLACE.iam_arn("role/Jobs")
# Actions with their kinds of resources: AWS's Service Authorization Reference, as cfn-lint brings it.
REFERENCE = json.loads((files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text(encoding="utf-8"))


def needs(service: str, operation: str, **members: Any) -> list[tuple[str, str]]:
    found = service_needs((service, operation, members, REGION), {"query": "people"}.__getitem__)
    return [(need.action, need.resource) for need in found]


@pytest.mark.parametrize(
    ("service", "operation", "members", "resources"),
    [
        ("dynamodb", "GetItem", {"TableName": "ledger"}, ["table/ledger"]),
        ("dynamodb", "Query", {"TableName": "ledger", "IndexName": "by-day"}, ["table/ledger/index/by-day"]),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"a": {}, "b": {}}}, ["table/a", "table/b"]),
        ("sqs", "GetQueueUrl", {"QueueName": "jobs"}, ["jobs"]),
        ("sqs", "ReceiveMessage", {"QueueUrl": "http://127.0.0.1:4566/123456789012/jobs"}, ["jobs"]),
        ("glue", "GetDatabase", {"Name": "lake"}, ["catalog", "database/lake"]),
        ("glue", "GetDatabases", {}, ["catalog", "database/*"]),
        ("glue", "GetTable", {"DatabaseName": "d", "Name": "t"}, ["catalog", "database/d", "table/d/t"]),
        (
            "glue",
            "CreateTable",
            {"DatabaseName": "d", "TableInput": {"Name": "t"}},
            ["catalog", "database/d", "table/d/t"],
        ),
        (
            "glue",
            "GetPartitions",
            {"DatabaseName": "d", "TableName": "t"},
            ["catalog", "database/d", "table/d/t"],
        ),
        ("athena", "StartQueryExecution", {"WorkGroup": "lake"}, ["workgroup/lake"]),
        ("athena", "StartQueryExecution", {}, ["workgroup/primary"]),
        ("athena", "GetQueryResults", {"QueryExecutionId": "query"}, ["workgroup/people"]),
        ("athena", "GetTableMetadata", {"CatalogName": "AwsDataCatalog"}, ["datacatalog/AwsDataCatalog"]),
        ("rekognition", "ListFaces", {"CollectionId": "staff"}, ["collection/staff"]),
        ("quicksight", "CreateIngestion", {"DataSetId": "a", "IngestionId": "b"}, ["dataset/a/ingestion/b"]),
    ],
)  # fmt: skip
def test_resources(service: str, operation: str, members: dict[str, Any], resources: list[str]) -> None:
    expected = [(f"{service}:{operation}", PLACE.arn(service, resource)) for resource in resources]
    assert needs(service, operation, **members) == expected


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("ce", "GetCostAndUsage", "ce:GetCostAndUsage"),
        ("servicequotas", "ListServiceQuotas", "servicequotas:ListServiceQuotas"),
        ("athena", "ListWorkGroups", "athena:ListWorkGroups"),
        ("rekognition", "DescribeProjects", "rekognition:DescribeProjects"),
        ("quicksight", "ListDataSets", "quicksight:ListDataSets"),
        ("kms", "Decrypt", "kms:Decrypt"),
    ],
)
def test_actions_without_a_resource(service: str, operation: str, action: str) -> None:
    assert needs(service, operation) == [(action, "*")]


def test_batches_and_transactions_are_many_actions() -> None:
    url = "http://127.0.0.1:4566/123456789012/jobs"
    assert needs("sqs", "DeleteMessageBatch", QueueUrl=url) == [
        ("sqs:DeleteMessage", PLACE.arn("sqs", "jobs"))
    ]
    assert needs("sns", "PublishBatch", TopicArn=TOPIC) == [("sns:Publish", TOPIC)]
    items = [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}}]
    assert needs("dynamodb", "TransactWriteItems", TransactItems=items) == [
        ("dynamodb:PutItem", PLACE.arn("dynamodb", "table/a")),
        ("dynamodb:ConditionCheckItem", PLACE.arn("dynamodb", "table/b")),
    ]


def test_a_job_reads_its_video_and_gets_a_role() -> None:
    members = {
        "Video": {"S3Object": {"Bucket": "lake", "Name": "raw/a.mp4"}},
        "NotificationChannel": {"RoleArn": JOBS_ROLE, "SNSTopicArn": TOPIC},
    }
    found = service_needs(("rekognition", "StartLabelDetection", members, REGION), lambda query: "primary")
    assert found == [
        Need("rekognition:StartLabelDetection"),
        Need("s3:GetObject", "arn:aws:s3:::lake/raw/a.mp4"),
        Need("iam:PassRole", JOBS_ROLE, (("iam:PassedToService", "rekognition.amazonaws.com"),)),
    ]


def test_every_action_that_a_role_has_exists() -> None:
    for documents in role_policies(Settings(bill_source="cost-explorer"), PLACE, TOPIC).values():
        for service, name in (action.split(":") for action in granted_actions(documents)):
            pattern = re.compile(name.lower().replace("*", ".*"))
            assert any(pattern.fullmatch(known) for known in REFERENCE[service]["Actions"]), name
