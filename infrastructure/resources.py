"""Make the bucket, ledger, topic, queue, workgroups, database, tables, views and the policies of readers.

What exists already is left alone, except that views, policies, the queues' retention, the bucket's lifecycle
rules, and the columns of tables and their partitions become those of this version.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from awswrangler import athena
from botocore.exceptions import ClientError

from include.core.settings import Settings
from include.store.sql import load_sql, load_view, sql_names, view_levels, view_names
from infrastructure.lifecycle_rules import update_lifecycle_rules
from infrastructure.readers import PEOPLE_RESULTS, RESULTS, create_reader_policies, people_workgroup
from infrastructure.table_columns import update_columns

PARALLEL_STATEMENTS = 8

# The longest that SQS offers.
RETENTION_SECONDS = 14 * 86_400
# So often a message is received before it goes to the dead letters; each time its receiver has died.
MOST_RECEIVES = 20


@dataclass(frozen=True)
class Resource:
    """One thing that exists after :func:`create`."""

    kind: str
    name: str


def create(session: boto3.Session, settings: Settings) -> list[Resource]:
    """Make everything that is missing and return all there is.

    :param session: with access to the account; the endpoint is that of its environment.
    :raises botocore.exceptions.ClientError: if AWS refuses, for instance for lack of a permission.
    :raises infrastructure.table_columns.TypeChangeError: if a table has a column of another type.
    """
    _create_bucket(session, settings)
    _create_ledger(session, settings)
    _create_job_notifications(session, settings)
    _create_events_queue(session, settings)
    workgroups = {settings.workgroup: RESULTS, people_workgroup(settings): PEOPLE_RESULTS}
    for name, results in workgroups.items():
        _create_workgroup(name, results, session, settings)
    _create_database(session, settings)
    tables = sql_names("ddl")
    _create_tables(tables, session, settings)
    update_columns(session, settings, [Path(name).name for name in tables])
    account = session.client("sts", region_name=settings.region).get_caller_identity()["Account"]
    for level in view_levels():
        _execute_all([load_view(name, settings.database, account) for name in level], session, settings)
    policies = create_reader_policies(session, settings)
    return [
        Resource("S3 bucket", settings.bucket),
        Resource("DynamoDB table", settings.ledger_table),
        Resource("SNS topic", settings.jobs_topic),
        Resource("SQS queue", settings.jobs_queue),
        Resource("SQS queue", settings.events_queue),
        *(Resource("Athena workgroup", name) for name in workgroups),
        Resource("Glue database", settings.database),
        *(Resource("table", f"{settings.database}.{Path(name).name}") for name in tables),
        *(Resource("view", f"{settings.database}.{Path(name).name}") for name in view_names()),
        *(Resource("IAM policy", name) for name in policies),
    ]


def _create_bucket(session: boto3.Session, settings: Settings) -> None:
    s3 = session.client("s3", region_name=settings.region)
    # us-east-1 is the one region that may not be named (S3 API reference, CreateBucket).
    elsewhere = settings.region != "us-east-1"
    place: Any = {"CreateBucketConfiguration": {"LocationConstraint": settings.region}} if elsewhere else {}
    try:
        s3.create_bucket(Bucket=settings.bucket, **place)
    except ClientError as error:
        _ignore(error, "BucketAlreadyOwnedByYou")
    s3.put_public_access_block(
        Bucket=settings.bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    update_lifecycle_rules(s3, settings)


def _create_ledger(session: boto3.Session, settings: Settings) -> None:
    dynamodb = session.client("dynamodb", region_name=settings.region)
    try:
        dynamodb.create_table(
            TableName=settings.ledger_table,
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except ClientError as error:
        _ignore(error, "ResourceInUseException")
    dynamodb.get_waiter("table_exists").wait(
        TableName=settings.ledger_table, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    try:
        dynamodb.update_time_to_live(
            TableName=settings.ledger_table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
        )
    except ClientError as error:
        _ignore(error, "ValidationException", "already enabled")


def _create_job_notifications(session: boto3.Session, settings: Settings) -> None:
    """Let Rekognition's completion messages arrive in the queue, as they are."""
    sns = session.client("sns", region_name=settings.region)
    topic = sns.create_topic(Name=settings.jobs_topic)["TopicArn"]
    queue = _create_queue(settings.jobs_queue, session, settings)
    queue.let_send("sns.amazonaws.com", {"ArnEquals": {"aws:SourceArn": topic}})
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )


def _create_events_queue(session: boto3.Session, settings: Settings) -> None:
    """Let S3 report events of any bucket of the account. Which of them do so is set at the bucket."""
    queue = _create_queue(settings.events_queue, session, settings)
    queue.let_send(
        "s3.amazonaws.com",
        {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
            "StringEquals": {"aws:SourceAccount": queue.arn.split(":")[4]},
        },
    )


@dataclass(frozen=True)
class _Queue:
    sqs: Any
    url: str
    arn: str

    def let_send(self, service: str, condition: dict[str, Any]) -> None:
        """Let an AWS service put messages into the queue under a condition, and nobody else."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": condition,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})


def _create_queue(name: str, session: boto3.Session, settings: Settings) -> _Queue:
    """Make a queue that keeps messages for two weeks, and gives up on one that is received over and over."""
    sqs = session.client("sqs", region_name=settings.region)
    kept = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
    dead_letters = _queue_named(sqs, f"{name}-dead-letters", kept)
    redrive = {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": MOST_RECEIVES}
    return _queue_named(sqs, name, {**kept, "RedrivePolicy": json.dumps(redrive)})


def _queue_named(sqs: Any, name: str, attributes: dict[str, str]) -> _Queue:
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    reply = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return _Queue(sqs, url, reply["Attributes"]["QueueArn"])


def _create_workgroup(name: str, results: str, session: boto3.Session, settings: Settings) -> None:
    client = session.client("athena", region_name=settings.region)
    try:
        client.create_work_group(
            Name=name,
            Configuration={
                "ResultConfiguration": {"OutputLocation": settings.uri(results, "")},
                "EnforceWorkGroupConfiguration": True,
            },
        )
    except ClientError as error:
        _ignore(error, "InvalidRequestException", "already")


def _create_database(session: boto3.Session, settings: Settings) -> None:
    glue = session.client("glue", region_name=settings.region)
    try:
        glue.create_database(DatabaseInput={"Name": settings.database})
    except ClientError as error:
        _ignore(error, "AlreadyExistsException")


def _create_tables(names: Sequence[str], session: boto3.Session, settings: Settings) -> None:
    statements = [load_sql(name, database=settings.database, bucket=settings.bucket) for name in names]
    _execute_all(statements, session, settings)


def _execute_all(statements: Sequence[str], session: boto3.Session, settings: Settings) -> None:
    """Run statements that do not depend on each other."""
    with ThreadPoolExecutor(PARALLEL_STATEMENTS) as pool:
        list(pool.map(lambda statement: _execute(statement, session, settings), statements))


def _execute(statement: str, session: boto3.Session, settings: Settings) -> None:
    query = athena.start_query_execution(
        statement, database=settings.database, workgroup=settings.workgroup, boto3_session=session
    )
    athena.wait_query(query, boto3_session=session, athena_query_wait_polling_delay=0.1)


def _ignore(error: ClientError, code: str, words: str = "") -> None:
    """Raise an error unless it says that the thing exists."""
    if error.response["Error"]["Code"] != code or words not in error.response["Error"].get("Message", ""):
        raise error
