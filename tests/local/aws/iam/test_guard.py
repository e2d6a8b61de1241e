"""Calls over HTTP that the lake's policies forbid, each with one that they allow."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.iam.conftest import BUCKET, PLACE, SETTINGS, RoleClient, run_query

DENIALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")
LEDGER, DATABASE = SETTINGS.ledger_table, SETTINGS.database
PICTURE = {"S3Object": {"Bucket": BUCKET, "Name": "raw/sample/1.png"}}


class Do(NamedTuple):
    """A role and what it does with a client of a service."""

    role: str
    service: str
    call: Callable[[Any], Any]


def read(key: str) -> Callable[[Any], Any]:
    return lambda s3: s3.get_object(Bucket=BUCKET, Key=key)


def write(key: str) -> Callable[[Any], Any]:
    return lambda s3: s3.put_object(Bucket=BUCKET, Key=key, Body=b"")


def listed(prefix: str) -> Callable[[Any], Any]:
    return lambda s3: s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)


def deleted(*keys: str) -> Callable[[Any], Any]:
    return lambda s3: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})


def copied(source: str, target: str) -> Callable[[Any], Any]:
    place = {"Bucket": BUCKET, "Key": source}
    return lambda s3: s3.copy_object(Bucket=BUCKET, Key=target, CopySource=place)


def started(role_arn: str) -> Callable[[Any], Any]:
    channel = {"SNSTopicArn": SETTINGS.jobs_topic_arn, "RoleArn": role_arn}
    return lambda rekognition: rekognition.start_label_detection(Video=PICTURE, NotificationChannel=channel)


def queried(workgroup: str) -> Callable[[Any], Any]:
    return lambda athena: athena.start_query_execution(QueryString="SELECT 1", WorkGroup=workgroup)


def received(sqs: Any) -> Any:
    url = sqs.meta.endpoint_url + f"/{PLACE.account}/{SETTINGS.jobs_queue}"
    return sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)


# What is forbidden, the action that the message names, and what the role or another may do instead.
CALLS = {
    "a reader reads faces": (
        Do("readers", "s3", read("curated/faces/1.parquet")),
        "s3:GetObject",
        Do("people-readers", "s3", read("curated/faces/1.parquet")),
    ),
    "a reader lists faces": (
        Do("readers", "s3", listed("curated/faces/")),
        "s3:ListBucket",
        Do("readers", "s3", listed("curated/labels/")),
    ),
    "a reader queries among the readers of people": (
        Do("readers", "athena", queried(f"{SETTINGS.workgroup}-people")),
        "athena:StartQueryExecution",
        Do("readers", "athena", queried(SETTINGS.workgroup)),
    ),
    "a reader of people sees the bill": (
        Do("people-readers", "glue", lambda glue: glue.get_table(DatabaseName=DATABASE, Name="bill_daily")),
        "glue:GetTable",
        Do("finance-readers", "glue", lambda glue: glue.get_table(DatabaseName=DATABASE, Name="bill_daily")),
    ),
    "a task deletes a table": (
        Do("tasks", "glue", lambda glue: glue.delete_table(DatabaseName=DATABASE, Name="labels")),
        "glue:DeleteTable",
        Do("tasks", "glue", lambda glue: glue.get_table(DatabaseName=DATABASE, Name="labels")),
    ),
    "a task deletes the ledger": (
        Do("tasks", "dynamodb", lambda dynamodb: dynamodb.delete_table(TableName=LEDGER)),
        "dynamodb:DeleteTable",
        Do("tasks", "dynamodb", lambda dynamodb: dynamodb.scan(TableName=LEDGER, Limit=1)),
    ),
    "a task writes media": (
        Do("tasks", "s3", write("raw/sample/1.png")),
        "s3:PutObject",
        Do("tasks", "s3", read("raw/sample/1.png")),
    ),
    "a task deletes media among files of its own": (
        Do("tasks", "s3", deleted("staging/a", "raw/sample/1.png")),
        "s3:DeleteObject",
        Do("tasks", "s3", deleted("staging/a", "staging/b")),
    ),
    "a task hands over another role": (
        Do("tasks", "rekognition", started(PLACE.iam_arn("role/Admin"))),
        "iam:PassRole",
        Do("tasks", "rekognition", started(SETTINGS.jobs_role_arn)),
    ),
    "the triggerer writes a table": (
        Do("triggerer", "s3", write("curated/labels/1.parquet")),
        "s3:PutObject",
        Do("triggerer", "s3", write("quarantine/messages/1.json")),
    ),
    "the triggerer copies into a table": (
        Do("triggerer", "s3", copied("responses/1.ndjson.zst", "curated/labels/2.parquet")),
        "s3:PutObject",
        Do("tasks", "s3", copied("responses/1.ndjson.zst", "curated/labels/2.parquet")),
    ),
    "the triggerer reads the whole ledger": (
        Do("triggerer", "dynamodb", lambda dynamodb: dynamodb.scan(TableName=LEDGER)),
        "dynamodb:Scan",
        Do("triggerer", "dynamodb", lambda db: db.get_item(TableName=LEDGER, Key={"key": {"S": "a"}})),
    ),
    "the triggerer analyzes a picture": (
        Do("triggerer", "rekognition", lambda rekognition: rekognition.detect_labels(Image=PICTURE)),
        "rekognition:DetectLabels",
        Do("tasks", "rekognition", lambda rekognition: rekognition.detect_labels(Image=PICTURE)),
    ),
    "the Dag processor takes messages": (
        Do("dag-processor", "sqs", received),
        "sqs:ReceiveMessage",
        Do("triggerer", "sqs", received),
    ),
    "the API server reads a table": (
        Do("api-server", "s3", read("curated/labels/1.parquet")),
        "s3:GetObject",
        Do("api-server", "s3", read("reports/costs.html")),
    ),
    "the API server publishes": (
        Do("api-server", "sns", lambda sns: sns.publish(TopicArn=SETTINGS.jobs_topic_arn, Message="a")),
        "sns:Publish",
        Do("", "sns", lambda sns: sns.publish(TopicArn=SETTINGS.jobs_topic_arn, Message="a")),
    ),
}


@pytest.mark.parametrize(("forbidden", "action", "allowed"), CALLS.values(), ids=CALLS)
def test_forbidden_calls_are_denied_and_allowed_ones_are_not(
    client_of: RoleClient, forbidden: Do, action: str, allowed: Do
) -> None:
    with pytest.raises(ClientError) as denial:
        forbidden.call(client_of(forbidden.service, forbidden.role))
    error = denial.value.response["Error"]
    assert error["Code"] in DENIALS
    role = f"assumed-role/{DATABASE}-us-east-1-{forbidden.role}/"
    assert f"User: arn:aws:sts::{PLACE.account}:{role}" in error["Message"]
    assert f"is not authorized to perform: {action}" in error["Message"]
    assert outcome(client_of(allowed.service, allowed.role), allowed) not in DENIALS


def outcome(client: Any, allowed: Do) -> str:
    """Return the error of a call, which Rekognition's have here: no process answers them."""
    try:
        allowed.call(client)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        assert (allowed.service, code) == ("rekognition", "ServiceUnavailable")
        return code
    return ""


def test_a_call_about_an_object_needs_the_right_to_read_it(client_of: RoleClient) -> None:
    elsewhere = {"S3Object": {"Bucket": "another", "Name": "1.png"}}
    with pytest.raises(ClientError, match="s3:GetObject on resource: arn:aws:s3:::another/1.png"):
        client_of("rekognition", "tasks").detect_labels(Image=elsewhere)


def test_who_may_not_list_a_bucket_is_not_told_that_an_object_is_missing(client_of: RoleClient) -> None:
    client_of("s3").delete_object(Bucket=BUCKET, Key="reports/costs.html")
    with pytest.raises(ClientError, match="s3:ListBucket on resource"):
        client_of("s3", "api-server").get_object(Bucket=BUCKET, Key="reports/costs.html")
    with pytest.raises(ClientError, match="NoSuchKey"):
        client_of("s3", "tasks").get_object(Bucket=BUCKET, Key="reports/costs.html")
    client_of("s3").put_object(Bucket=BUCKET, Key="reports/costs.html", Body=b"")


def test_the_api_server_says_that_there_may_be_no_page(
    client_of: RoleClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi import HTTPException

    from media_lake.web.page_server import cost_page

    monkeypatch.setenv("AWS_ENDPOINT_URL", client_of("s3").meta.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"{DATABASE}-us-east-1-api-server")
    monkeypatch.setenv("MEDIA_LAKE_AWS_CONN_ID", "")
    client_of("s3").put_object(Bucket=BUCKET, Key="reports/costs.html", Body=b"<h1>Costs</h1>")
    assert cost_page().body == b"<h1>Costs</h1>"
    client_of("s3").delete_object(Bucket=BUCKET, Key="reports/costs.html")
    with pytest.raises(HTTPException, match="There is no cost page yet"):
        cost_page()
    client_of("s3").put_object(Bucket=BUCKET, Key="reports/costs.html", Body=b"")


def test_a_query_reads_with_the_rights_of_who_asks(client_of: RoleClient) -> None:
    asked = "SELECT count(*) FROM {}"
    people = f"{SETTINGS.workgroup}-people"
    assert run_query(client_of("athena", "people-readers"), asked.format("faces"), people)["State"] == (
        "SUCCEEDED"
    )
    readers = client_of("athena", "readers")
    assert run_query(readers, asked.format("labels"), SETTINGS.workgroup)["State"] == "SUCCEEDED"
    denied = run_query(readers, asked.format("faces"), SETTINGS.workgroup)
    assert denied["State"] == "FAILED"
    assert "is not authorized to perform: glue:GetTable" in denied["StateChangeReason"]


def test_files_of_a_query_have_to_be_readable_too(client_of: RoleClient) -> None:
    """A table that may be seen shows nothing of files elsewhere."""
    location = f"s3://{BUCKET}/curated/faces/"
    owner = client_of("athena")
    run_query(owner, f"CREATE EXTERNAL TABLE usage_copy (a string) LOCATION '{location}'", SETTINGS.workgroup)
    glue = client_of("glue")
    definition = glue.get_table(DatabaseName=DATABASE, Name="usage_copy")["Table"]["StorageDescriptor"]
    labels = glue.get_table(DatabaseName=DATABASE, Name="labels")["Table"]
    moved = {"Name": "labels", "StorageDescriptor": definition, "TableType": "EXTERNAL_TABLE"}
    glue.update_table(DatabaseName=DATABASE, TableInput=moved)
    try:
        denied = run_query(client_of("athena", "readers"), "SELECT a FROM labels", SETTINGS.workgroup)
    finally:
        kept = ("Name", "StorageDescriptor", "TableType", "PartitionKeys", "Parameters")
        glue.update_table(
            DatabaseName=DATABASE, TableInput={name: labels[name] for name in kept if name in labels}
        )
    assert "PERMISSION_DENIED" in denied["StateChangeReason"]


def test_presigned_links_have_the_rights_of_who_signed_them(client_of: RoleClient) -> None:
    def fetch(role: str) -> int:
        target = {"Bucket": BUCKET, "Key": "curated/faces/1.parquet"}
        url = client_of("s3", role).generate_presigned_url("get_object", Params=target)
        try:
            with urllib.request.urlopen(url) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    assert (fetch("people-readers"), fetch("readers")) == (200, 403)


def test_keys_that_are_of_no_role_and_unsigned_requests_are_refused(client_of: RoleClient) -> None:
    address = client_of("s3").meta.endpoint_url
    stranger = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="somebody", aws_secret_access_key="local"
    )
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        stranger.list_buckets()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/{BUCKET}/curated/labels/1.parquet")
    refused.value.close()
    assert refused.value.code == 403


def test_everybody_may_ask_who_he_is(client_of: RoleClient) -> None:
    assert client_of("sts", "dag-processor").get_caller_identity()["Account"] == PLACE.account


def test_each_call_is_noted_once(client_of: RoleClient, calls_file: Path) -> None:
    for _ in range(2):
        listed("curated/labels/")(client_of("s3", "quicksight"))
    lines = calls_file.read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == len(lines)
    role = f"{DATABASE}-us-east-1-quicksight"
    assert [json.loads(line) for line in lines if role in line] == [
        {
            "role": role,
            "action": "s3:ListBucket",
            "resource": f"arn:aws:s3:::{BUCKET}",
            "context": {"s3:prefix": "curated/labels/"},
        }
    ]
