"""What is made by the services' own API, and what stays of what was there."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from include.core.settings import Settings
from infrastructure.lake_definitions import definitions
from infrastructure.makers import make
from infrastructure.place import Place

SETTINGS = Settings()
DEFINITIONS = definitions(SETTINGS, Place("aws", "us-east-1", "123456789012"))
THEIRS = {"Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize("name", ["JobsQueuePolicy", "EventsQueuePolicy"])
def test_statements_of_others_in_a_queue_policy_stay(aws: SimpleNamespace, name: str) -> None:
    sqs = aws.session.client("sqs")
    ours = DEFINITIONS[name].properties["PolicyDocument"]["Statement"]
    url = sqs.create_queue(QueueName=ours[0]["Resource"].rpartition(":")[2])["QueueUrl"]

    def statements() -> Any:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        return json.loads(found)["Statement"]

    make(aws.session.client, DEFINITIONS[name])
    assert statements() == ours
    unnamed = {key: value for key, value in ours[0].items() if key != "Sid"}  # as earlier versions wrote it
    outdated = ours[0] | {"Condition": {}}
    policy = {"Version": "2012-10-17", "Statement": [unnamed, THEIRS, outdated]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    for _ in range(2):
        make(aws.session.client, DEFINITIONS[name])
        assert statements() == [THEIRS, *ours]


def test_statements_of_others_in_the_policy_of_the_bucket_stay(aws: SimpleNamespace, s3: Any) -> None:
    theirs = THEIRS | {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::media-lake/raw/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [theirs]}
    s3.put_bucket_policy(Bucket="media-lake", Policy=json.dumps(policy))
    definition = DEFINITIONS["BucketPolicy"]
    make(aws.session.client, definition)
    found = json.loads(s3.get_bucket_policy(Bucket="media-lake")["Policy"])
    assert found["Statement"] == [theirs, *definition.properties["PolicyDocument"]["Statement"]]


def test_a_ledger_that_exists_is_protected_and_can_be_restored(aws: SimpleNamespace, dynamodb: Any) -> None:
    name = SETTINGS.ledger_table
    assert not dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"]
    dynamodb.put_item(TableName=name, Item={"key": {"S": "a"}})
    for _ in range(2):
        make(aws.session.client, DEFINITIONS["Ledger"])
    assert dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb.scan(TableName=name)["Count"] == 1


def test_a_trust_that_somebody_changed_stays(aws: SimpleNamespace) -> None:
    iam, definition = aws.session.client("iam"), DEFINITIONS["JobsRole"]
    make(aws.session.client, definition)
    name = definition.properties["RoleName"]
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    make(aws.session.client, definition)
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust
