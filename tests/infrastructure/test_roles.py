"""What each role of the lake may do and may not, asked by a small evaluator of policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.core.features import FEATURES
from include.core.lake import OWN_PREFIXES
from include.core.settings import Settings
from infrastructure.place import Place
from infrastructure.roles import OF_AIRFLOW, ROLES, policies, policy_definitions, role_definitions
from tests.policies import may

ACCOUNT = "123456789012"
PLACE = Place("aws", "us-east-1", ACCOUNT)
SETTINGS = Settings()
ALERTS = PLACE.arn("sns", "alerts")
POLICIES = policies(SETTINGS, PLACE, ALERTS)

BUCKET = "arn:aws:s3:::media-lake"
LEDGER = PLACE.arn("dynamodb", "table/media-lake-ledger")
REKOGNITION = {"PassedToService": "rekognition.amazonaws.com"}


def role_may(role: str, action: str, resource: str, **context: str) -> bool:
    names = (f"media_lake-us-east-1-{name}" for name in ROLES[role])
    documents = [POLICIES[name] for name in names if name in POLICIES]
    return may(documents, action, resource, **context)


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)
def test_tasks_may_ask_for_every_feature_and_the_triggerer_for_its_jobs(feature: Any) -> None:
    resources = (
        "*",
        PLACE.arn("rekognition", "collection/a"),
        PLACE.arn("rekognition", "project/a/version/b/1"),
    )
    jobs = {f"rekognition:{name}" for name in (feature.video.operations if feature.video else ())}
    for action in feature.iam_actions:
        assert any(role_may("tasks", action, resource) for resource in resources)
        allowed = any(role_may("triggerer", action, resource) for resource in resources)
        assert allowed is (action in jobs)
        assert not any(
            role_may(role, action, resource)
            for role in ROLES
            if role not in OF_AIRFLOW
            for resource in resources
        )


def test_features_about_people_are_in_policies_of_their_own() -> None:
    ordinary = [POLICIES[f"media_lake-us-east-1-{name}"] for name in ("tasks", "analysis", "triggerer")]
    sensitive = {
        action for feature in FEATURES.values() if feature.sensitive for action in feature.iam_actions
    }
    assert sensitive
    assert not any(may(ordinary, action, "*") for action in sensitive)


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("tasks", "s3:PutObject", f"{BUCKET}/curated/labels/1.parquet"),
        ("tasks", "s3:GetObject", f"{BUCKET}/raw/sample/1.png"),
        ("tasks", "dynamodb:UpdateItem", LEDGER),
        ("tasks", "glue:UpdatePartition", PLACE.arn("glue", "table/media_lake/labels")),
        ("tasks", "athena:StartQueryExecution", PLACE.arn("athena", "workgroup/media-lake")),
        ("tasks", "rekognition:DeleteFaces", PLACE.arn("rekognition", "collection/staff")),
        ("tasks", "sqs:DeleteMessage", PLACE.arn("sqs", "media-lake-jobs-dead-letters")),
        ("tasks", "s3:DeleteObject", f"{BUCKET}/athena-people/1.csv"),  # to erase
        ("triggerer", "s3:GetObject", f"{BUCKET}/staging/plans/dt=2026-11-20/run=a/batch-0000.ndjson.gz"),
        ("triggerer", "s3:PutObject", f"{BUCKET}/quarantine/messages/media-lake-jobs/1.json"),
        ("triggerer", "dynamodb:PutItem", LEDGER),
        ("triggerer", "sqs:ReceiveMessage", PLACE.arn("sqs", "media-lake-events")),
        ("dag-processor", "sns:Publish", ALERTS),
        ("api-server", "s3:GetObject", f"{BUCKET}/reports/costs.html"),
        ("readers", "s3:GetObject", f"{BUCKET}/curated/labels/1.parquet"),
        ("people-readers", "s3:GetObject", f"{BUCKET}/curated/faces/1.parquet"),
        ("quicksight", "athena:ListDataCatalogs", "*"),
        ("quicksight", "s3:GetObject", f"{BUCKET}/curated/bill_daily/1.parquet"),
    ],
)
def test_allowed(role: str, action: str, resource: str) -> None:
    assert role_may(role, action, resource)


@pytest.mark.parametrize(
    ("role", "action", "resource"),
    [
        ("tasks", "s3:PutObject", f"{BUCKET}/raw/sample/1.png"),
        ("tasks", "s3:DeleteObject", f"{BUCKET}/raw/sample/1.png"),
        ("tasks", "s3:PutObject", f"{BUCKET}/athena-people/1.csv"),
        ("tasks", "s3:PutObject", "arn:aws:s3:::another/curated/labels/1.parquet"),
        ("tasks", "s3:DeleteBucket", BUCKET),
        ("tasks", "dynamodb:DeleteTable", LEDGER),
        ("tasks", "dynamodb:PutItem", PLACE.arn("dynamodb", "table/another")),
        ("tasks", "glue:DeleteTable", PLACE.arn("glue", "table/media_lake/labels")),
        ("tasks", "iam:PassRole", SETTINGS.jobs_role_arn),  # to whatever service
        ("tasks", "ce:GetCostAndUsage", "*"),
        ("triggerer", "s3:PutObject", f"{BUCKET}/curated/labels/1.parquet"),
        ("triggerer", "s3:PutObject", f"{BUCKET}/usage_log/1.ndjson.gz"),
        ("triggerer", "s3:DeleteObject", f"{BUCKET}/responses/1.ndjson.zst"),
        ("triggerer", "dynamodb:Scan", LEDGER),
        ("triggerer", "glue:UpdatePartition", PLACE.arn("glue", "table/media_lake/labels")),
        ("triggerer", "rekognition:DetectLabels", "*"),
        ("triggerer", "rekognition:DeleteFaces", PLACE.arn("rekognition", "collection/staff")),
        ("dag-processor", "s3:GetObject", f"{BUCKET}/curated/labels/1.parquet"),
        ("api-server", "s3:GetObject", f"{BUCKET}/curated/labels/1.parquet"),
        ("readers", "s3:GetObject", f"{BUCKET}/curated/faces/1.parquet"),
        ("readers", "s3:GetObject", f"{BUCKET}/curated/bill_daily/1.parquet"),
        ("finance-readers", "s3:GetObject", f"{BUCKET}/curated/faces/1.parquet"),
        ("quicksight", "s3:GetObject", f"{BUCKET}/curated/faces/1.parquet"),
        ("people-readers", "s3:GetObject", f"{BUCKET}/responses/1.ndjson.zst"),
    ],
)
def test_forbidden(role: str, action: str, resource: str) -> None:
    assert not role_may(role, action, resource)


def test_the_jobs_role_is_handed_to_rekognition_alone() -> None:
    for role in ("tasks", "triggerer"):
        assert role_may(role, "iam:PassRole", SETTINGS.jobs_role_arn, **REKOGNITION)
        assert not role_may(role, "iam:PassRole", SETTINGS.jobs_role_arn, PassedToService="ec2.amazonaws.com")
        assert not role_may(role, "iam:PassRole", PLACE.iam_arn("role/Admin"), **REKOGNITION)


def test_tasks_read_the_bill_where_the_settings_say_so() -> None:
    found = policies(Settings(bill_source="cost-explorer"), PLACE, ALERTS)
    assert may([found["media_lake-us-east-1-cost-explorer"]], "ce:GetCostAndUsage", "*")
    assert "media_lake-us-east-1-cost-explorer" not in POLICIES


def test_tasks_write_where_the_lake_writes() -> None:
    for prefix in OWN_PREFIXES:
        assert role_may("tasks", "s3:PutObject", f"{BUCKET}/{prefix}a") is (prefix != "athena-people/")


def test_rekognition_may_publish_to_the_topic_for_this_account_and_nothing_else() -> None:
    role = role_definitions(SETTINGS, PLACE, "ec2.amazonaws.com")["JobsRole"].properties
    documents = [policy["PolicyDocument"] for policy in role["Policies"]]
    assert may(documents, "sns:Publish", SETTINGS.jobs_topic_arn)
    assert not may(documents, "sns:Publish", ALERTS)
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "rekognition.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_policies_and_roles_fit_into_iam_also_with_long_names() -> None:
    # The longest that the template's parameters take, in the longest region (IAM user guide, quotas).
    long = Settings(
        bucket="b" * 63, database="d" * 30, workgroup="w" * 100, ledger_table="l" * 100, jobs_queue="j" * 60,
        events_queue="e" * 60,
    )  # fmt: skip
    place = Place("aws-us-gov", "ap-southeast-1", ACCOUNT)
    sizes = {
        each.properties["ManagedPolicyName"]: len(
            json.dumps(each.properties["PolicyDocument"], separators=(",", ":"))
        )
        for each in policy_definitions(long, place, place.arn("sns", "a" * 100)).values()
    }
    assert {name: size for name, size in sizes.items() if size > 6144} == {}
    for role in role_definitions(long, place, "ec2.amazonaws.com").values():
        assert len(role.properties["RoleName"]) <= 64
        assert len(role.properties.get("ManagedPolicyArns", ())) <= 6  # of 10; the template may add four
