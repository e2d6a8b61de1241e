"""What the pipeline needs, made at a local endpoint over HTTP."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.schemas import TABLES
from include.core.settings import Settings
from include.store.sql import sql_names
from infrastructure.resources import Resource, create
from infrastructure.table_columns import TypeChangeError, update_columns
from local.stack.lifecycle import POOLS
from media_lake.tasks import defaults
from tools.query import run_query

SETTINGS = Settings(alerts_topic="media-lake-alerts")  # of the fixture `resources`


@pytest.mark.integration
def test_every_table_and_view_exists_and_answers(session: boto3.Session, resources: list[Resource]) -> None:
    names = {item.name for item in resources if item.kind in ("table", "view")}
    views = {name.removeprefix("views/") for name in sql_names("views")}
    assert names == {f"media_lake.{name}" for name in {*TABLES, *views}}
    athena = session.client("athena")
    for name in sorted(names):
        result = run_query(athena, f"SELECT count(*) FROM {name}", "media_lake", "media-lake")
        # Finance may see all rows of QuickSight before there are any.
        rows = 1 if name == "media_lake.dashboard_readers" else 0
        assert [list(row) for row in result.rows] == [[rows]], name


@pytest.mark.integration
def test_making_it_again_changes_nothing(session: boto3.Session, resources: list[Resource]) -> None:
    assert create(session, SETTINGS) == resources


@pytest.mark.integration
def test_a_new_column_arrives_in_a_table_that_exists_and_old_days_read_null(
    session: boto3.Session, resources: list[Resource]
) -> None:
    glue, s3, athena = session.client("glue"), session.client("s3"), session.client("athena")
    stored = glue.get_table(DatabaseName="media_lake", Name="texts")["Table"]["StorageDescriptor"]
    older = {**stored, "Columns": stored["Columns"][:-1]}
    *names, new = [column["Name"] for column in stored["Columns"]]
    location = "s3://media-lake/curated/texts/dt=2026-11-20/media_type=image/version=older/"
    file = io.BytesIO()
    pq.write_table(pa.table({names[0]: ["a"]}), file)
    s3.put_object(Bucket="media-lake", Key=f"{location.split('/', 3)[3]}a.parquet", Body=file.getvalue())
    _describe(glue, "texts", older)
    glue.create_partition(
        DatabaseName="media_lake",
        TableName="texts",
        PartitionInput={
            "Values": ["2026-11-20", "image"], "StorageDescriptor": {**older, "Location": location}
        },
    )  # fmt: skip
    create(session, SETTINGS)
    sql = f"SELECT {names[0]}, {new} FROM texts WHERE dt = '2026-11-20'"
    assert [list(row) for row in run_query(athena, sql, "media_lake", "media-lake").rows] == [["a", None]]
    found = glue.get_table(DatabaseName="media_lake", Name="texts")["Table"]["StorageDescriptor"]
    assert found["Columns"] == stored["Columns"]
    (partition,) = glue.get_partitions(DatabaseName="media_lake", TableName="texts")["Partitions"]
    assert partition["StorageDescriptor"]["Columns"] == stored["Columns"]
    assert partition["StorageDescriptor"]["Location"] == location


@pytest.mark.integration
def test_a_new_column_reaches_partitions_where_a_stack_gave_it_to_the_table(
    session: boto3.Session, resources: list[Resource]
) -> None:
    glue = session.client("glue")
    stored = glue.get_table(DatabaseName="media_lake", Name="labels")["Table"]["StorageDescriptor"]
    partition = {"Values": ["2026-11-20", "image"], "StorageDescriptor": dict(stored)}
    partition["StorageDescriptor"]["Columns"] = stored["Columns"][:-1]
    glue.create_partition(DatabaseName="media_lake", TableName="labels", PartitionInput=partition)
    assert update_columns(session, SETTINGS, ["labels"]) == ["labels"]
    (found,) = glue.get_partitions(DatabaseName="media_lake", TableName="labels")["Partitions"]
    assert found["StorageDescriptor"]["Columns"] == stored["Columns"]
    assert update_columns(session, SETTINGS, ["labels"]) == []


@pytest.mark.integration
def test_a_change_of_type_is_refused_and_changes_nothing(
    session: boto3.Session, resources: list[Resource]
) -> None:
    glue = session.client("glue")
    stored = glue.get_table(DatabaseName="media_lake", Name="segments")["Table"]["StorageDescriptor"]
    column, *others = stored["Columns"]
    changed = {**stored, "Columns": [{**column, "Type": "bigint"}, *others[:-1]]}
    _describe(glue, "segments", changed)
    with pytest.raises(TypeChangeError, match=r"column media_id of media_lake.segments is bigint and would"):
        create(session, SETTINGS)
    found = glue.get_table(DatabaseName="media_lake", Name="segments")["Table"]["StorageDescriptor"]
    assert found["Columns"] == changed["Columns"]
    _describe(glue, "segments", stored)


def _describe(glue: Any, table: str, stored: Any) -> None:
    """Give a table another storage descriptor."""
    found = glue.get_table(DatabaseName="media_lake", Name=table)["Table"]
    kept = ("Name", "Description", "TableType", "Parameters", "PartitionKeys")
    definition = {name: found[name] for name in kept} | {"StorageDescriptor": stored}
    glue.update_table(DatabaseName="media_lake", TableInput=definition)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["media-lake-jobs", "media-lake-events"])
def test_a_message_that_kills_its_receivers_ends_among_the_dead_letters(
    session: boto3.Session, resources: list[Resource], name: str
) -> None:
    sqs = session.client("sqs")

    def attributes(queue: str) -> dict[str, str]:
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    dead, queue = attributes(f"{name}-dead-letters"), attributes(name)
    assert {dead["MessageRetentionPeriod"], queue["MessageRetentionPeriod"]} == {"1209600"}
    assert json.loads(queue["RedrivePolicy"])["deadLetterTargetArn"] == dead["QueueArn"]


@pytest.mark.integration
def test_messages_of_the_topic_arrive_in_the_queue_as_they_are(
    session: boto3.Session, resources: list[Resource]
) -> None:
    sns, sqs = session.client("sns"), session.client("sqs")
    topic = sns.create_topic(Name="AmazonRekognitionMediaLakeJobs")["TopicArn"]
    url = sqs.get_queue_url(QueueName="media-lake-jobs")["QueueUrl"]
    sns.publish(TopicArn=topic, Message='{"JobId": "1"}')
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in messages] == ['{"JobId": "1"}']
    policy = json.loads(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    )
    (statement,) = policy["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}


@pytest.mark.integration
def test_buckets_of_the_account_may_report_events_and_no_others(
    session: boto3.Session, resources: list[Resource]
) -> None:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName="media-lake-events")["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }


@pytest.mark.integration
def test_the_ledger_is_paid_by_request_and_the_bucket_is_private(
    session: boto3.Session, resources: list[Resource]
) -> None:
    table = session.client("dynamodb").describe_table(TableName="media-lake-ledger")["Table"]
    assert table["KeySchema"] == [{"AttributeName": "key", "KeyType": "HASH"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    block = session.client("s3").get_public_access_block(Bucket="media-lake")[
        "PublicAccessBlockConfiguration"
    ]
    assert all(block.values())


@pytest.mark.integration
def test_workgroups_say_where_results_go(session: boto3.Session, resources: list[Resource]) -> None:
    athena = session.client("athena")
    for name, place in (("media-lake", "athena"), ("media-lake-people", "athena-people")):
        group = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
        assert group["EnforceWorkGroupConfiguration"]
        assert group["ResultConfiguration"]["OutputLocation"] == f"s3://media-lake/{place}/"


@pytest.mark.integration
def test_the_policies_of_readers_exist(session: boto3.Session, resources: list[Resource]) -> None:
    found = session.client("iam").list_policies(Scope="Local")["Policies"]
    made = {policy["PolicyName"] for policy in found if policy["PolicyName"].startswith("media_lake-")}
    readers = ("readers", "view-readers", "people-readers", "finance-readers")
    assert {f"media_lake-us-east-1-{kind}" for kind in readers} < made
    assert {item.name for item in resources if item.kind == "IAM policy"} == made


def test_every_pool_that_a_task_names_is_made() -> None:
    assert set(json.loads(POOLS.read_text(encoding="utf-8"))) == {defaults.IMAGE_POOL, defaults.VIDEO_POOL}


@pytest.mark.integration
def test_reports_of_jobs_are_dropped_when_they_expire(
    session: boto3.Session, resources: list[Resource]
) -> None:
    found = session.client("dynamodb").describe_time_to_live(TableName=Settings().ledger_table)
    assert found["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
