"""Makes what definitions describe, by each service's own API.

What exists is left alone, except that policies, roles' policies, retention of queues, lifecycle rules and the
ledger's protection become those of this version. Statements of others in a queue's policy stay.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from include.core.errors import RESOURCE_EXISTS, error_code
from infrastructure.definition import Definition, Properties
from infrastructure.storage_definitions import TLS_ONLY

# Versions of a managed policy that IAM keeps; the oldest has to go before there can be another
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
_VERSIONS = 5


# Returns the client of a service, in the lake's region.
Clients = Callable[[str], Any]


def make(clients: Clients, definition: Definition) -> None:
    """Make a thing unless it exists, and bring up to date what may change.

    :raises KeyError: if the type of the definition is none that the lake makes by itself.
    :raises botocore.exceptions.ClientError: if AWS refuses, for instance for lack of a permission.
    """
    _MAKERS[definition.type](clients, definition.properties)


def _bucket(clients: Clients, properties: Properties) -> None:
    s3, name = clients("s3"), properties["BucketName"]
    # us-east-1 is the one region that may not be named (S3 API reference, CreateBucket).
    region = s3.meta.region_name
    elsewhere = region != "us-east-1"
    place: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}} if elsewhere else {}
    try:
        s3.create_bucket(Bucket=name, **place)
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties["OwnershipControls"])
    except ClientError as error:
        _ignore(error, "BucketAlreadyOwnedByYou")
    block = properties["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)


def _bucket_policy(clients: Clients, properties: Properties) -> None:
    s3, name = clients("s3"), properties["Bucket"]
    try:
        found = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    except ClientError as error:
        _ignore(error, "NoSuchBucketPolicy")
        found = {}
    policy = _merged(found, _reachable(s3, properties["PolicyDocument"]))
    if policy["Statement"] and policy != found:
        s3.put_bucket_policy(Bucket=name, Policy=_compact(policy))


def _table(clients: Clients, properties: Properties) -> None:
    dynamodb, name = clients("dynamodb"), properties["TableName"]
    asked = ("TableName", "KeySchema", "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled")
    try:
        dynamodb.create_table(**{key: properties[key] for key in asked})
    except ClientError as error:
        _ignore(error, "ResourceInUseException")
    waiting: Any = {"Delay": 1, "MaxAttempts": 60}
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=waiting)
    if not dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
    recovery = properties["PointInTimeRecoverySpecification"]
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    try:
        expiry = properties["TimeToLiveSpecification"]
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    except ClientError as error:
        _ignore(error, "ValidationException", "already enabled")


def _topic(clients: Clients, properties: Properties) -> None:
    clients("sns").create_topic(Name=properties["TopicName"])


def _subscription(clients: Clients, properties: Properties) -> None:
    clients("sns").subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties["Endpoint"],
        Attributes={"RawMessageDelivery": json.dumps(properties["RawMessageDelivery"])},
    )


def _queue(clients: Clients, properties: Properties) -> None:
    sqs = clients("sqs")
    url = sqs.create_queue(QueueName=properties["QueueName"])["QueueUrl"]
    attributes: Any = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in properties.items()
        if name != "QueueName"
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


def _queue_policy(clients: Clients, properties: Properties) -> None:
    sqs, document = clients("sqs"), properties["PolicyDocument"]
    name = document["Statement"][0]["Resource"].rpartition(":")[2]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    found = json.loads(attributes.get("Policy") or "{}")
    policy = _merged(found, _reachable(sqs, document))
    if policy != found:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _compact(policy)})


def _workgroup(clients: Clients, properties: Properties) -> None:
    try:
        clients("athena").create_work_group(
            Name=properties["Name"], Configuration=properties["WorkGroupConfiguration"]
        )
    except ClientError as error:
        _ignore(error, "InvalidRequestException", "already")


def _database(clients: Clients, properties: Properties) -> None:
    try:
        clients("glue").create_database(DatabaseInput=properties["DatabaseInput"])
    except ClientError as error:
        _ignore(error, "AlreadyExistsException")


def _managed_policy(clients: Clients, properties: Properties) -> None:
    iam, name, document = clients("iam"), properties["ManagedPolicyName"], properties["PolicyDocument"]
    try:
        iam.create_policy(PolicyName=name, PolicyDocument=_compact(document))
    except ClientError as error:
        if error_code(error) not in RESOURCE_EXISTS:
            raise
        account = clients("sts").get_caller_identity()["Account"]
        _update_policy(iam, f"arn:{iam.meta.partition}:iam::{account}:policy/{name}", document)


def _role(clients: Clients, properties: Properties) -> None:
    iam, name = clients("iam"), properties["RoleName"]
    try:
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=_compact(properties["AssumeRolePolicyDocument"])
        )
    except ClientError as error:
        if error_code(error) not in RESOURCE_EXISTS:
            raise
    for arn in properties.get("ManagedPolicyArns", ()):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in properties.get("Policies", ()):
        iam.put_role_policy(
            RoleName=name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=_compact(policy["PolicyDocument"]),
        )


_MAKERS: Mapping[str, Callable[[Clients, Properties], None]] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::DynamoDB::Table": _table,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::Athena::WorkGroup": _workgroup,
    "AWS::Glue::Database": _database,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Role": _role,
}


def _reachable(client: Any, document: Properties) -> Properties:
    """Return a policy, without the rule that asks for TLS if the endpoint is a local one that has none."""
    if client.meta.endpoint_url.startswith("https:"):
        return document
    kept = [statement for statement in document["Statement"] if statement["Sid"] != TLS_ONLY]
    return {**document, "Statement": kept}


def _merged(found: Properties, ours: Properties) -> Properties:
    """Return a policy with our statements and those of others, which are those with other Sids."""
    sids = {statement["Sid"] for statement in ours["Statement"]}
    # Earlier versions wrote the same statements without a Sid.
    nameless = [{**statement, "Sid": None} for statement in ours["Statement"]]
    others = [
        statement
        for statement in found.get("Statement", ())
        if statement.get("Sid") not in sids and {**statement, "Sid": None} not in nameless
    ]
    return {**found, **ours, "Statement": [*others, *ours["Statement"]]}


def _update_policy(iam: Any, arn: str, document: Properties) -> None:
    """Make a document a policy's default version, unless it is that already."""
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    (default,) = [version["VersionId"] for version in versions if version["IsDefaultVersion"]]
    current = iam.get_policy_version(PolicyArn=arn, VersionId=default)["PolicyVersion"]["Document"]
    if current == document:
        return
    if len(versions) >= _VERSIONS:
        oldest = min(
            (version for version in versions if not version["IsDefaultVersion"]),
            key=lambda version: version["CreateDate"],
        )
        iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=_compact(document), SetAsDefault=True)


def _compact(document: Properties) -> str:
    return json.dumps(document, separators=(",", ":"))


def _ignore(error: ClientError, code: str, words: str = "") -> None:
    """Raise an error unless it says that the thing exists."""
    if error.response["Error"]["Code"] != code or words not in error.response["Error"].get("Message", ""):
        raise error
