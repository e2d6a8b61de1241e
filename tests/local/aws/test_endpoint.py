"""The endpoint over HTTP: dispatch, errors, and moto's services behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import boto3
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

Client = Callable[[str], Any]


def test_health(endpoint_url: str, rekognition_port: int) -> None:
    with urllib.request.urlopen(endpoint_url + "/_local/health") as reply:
        state = json.load(reply)
    assert state["status"] == "ok"
    assert state["rekognition"] == {"url": f"http://127.0.0.1:{rekognition_port}", "up": False}


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("glue", "list_blueprints", {}),
        ("sqs", "start_message_move_task", {"SourceArn": "arn:aws:sqs:us-east-1:123456789012:q"}),
        ("pricing", "describe_services", {}),
        ("sns", "list_origination_numbers", {}),
        ("iam", "generate_service_last_accessed_details", {"Arn": "arn:aws:iam::123456789012:role/r"}),
        ("cloudwatch", "list_managed_insight_rules", {"ResourceARN": "arn:aws:sqs:us-east-1:123456789012:q"}),
        ("quicksight", "list_themes", {"AwsAccountId": "123456789012"}),
    ],
)
def test_not_implemented_is_a_fast_error(
    endpoint_url: str, service: str, operation: str, arguments: dict[str, str]
) -> None:
    retrying = boto3.client(service)
    started = time.monotonic()
    with pytest.raises(ClientError) as caught:
        getattr(retrying, operation)(**arguments)
    assert time.monotonic() - started < 5
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["ResponseMetadata"]["RetryAttempts"] == 0
    assert response["Error"]["Code"] == "NotImplemented"
    assert "does not implement" in response["Error"]["Message"]


class RecordedRekognition(BaseHTTPRequestHandler):
    """Answers as Rekognition would, and keeps what it was asked."""

    asked: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.headers["X-Amz-Target"], body))
        missing = body["Image"]["S3Object"]["Name"] == "missing"
        reply = (
            {"__type": "InvalidS3ObjectException", "message": "no object"}
            if missing
            else {"Labels": [{"Name": "Cat"}]}
        )
        data = json.dumps(reply).encode()
        self.send_response(400 if missing else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def recorded_rekognition(rekognition_port: int) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    server = HTTPServer(("127.0.0.1", rekognition_port), RecordedRekognition)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield RecordedRekognition.asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_rekognition_calls_are_passed_on(client: Client, recorded_rekognition: list[Any]) -> None:
    rekognition = client("rekognition")
    image = {"S3Object": {"Bucket": "media", "Name": "a.jpg"}}
    assert rekognition.detect_labels(Image=image)["Labels"] == [{"Name": "Cat"}]
    assert recorded_rekognition == [("RekognitionService.DetectLabels", {"Image": image})]
    with pytest.raises(rekognition.exceptions.InvalidS3ObjectException):
        rekognition.detect_labels(Image={"S3Object": {"Bucket": "media", "Name": "missing"}})


def test_rekognition_absent_says_so(client: Client) -> None:
    with pytest.raises(ClientError, match="LOCAL_REKOGNITION_URL") as caught:
        client("rekognition").detect_labels(Image={"Bytes": b"x"})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_s3_objects(client: Client, bucket: str) -> None:
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""
    s3.put_object(
        Bucket=bucket, Key="ключ/a b+c.txt", Body=b"x", Metadata={"team_name": "a", "team-name2": "b"}
    )
    head = s3.head_object(Bucket=bucket, Key="ключ/a b+c.txt")
    assert head["Metadata"] == {"team_name": "a", "team-name2": "b"}
    assert s3.get_object(Bucket=bucket, Key="ключ/a b+c.txt", Range="bytes=0-0")["Body"].read() == b"x"
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="none")


def test_keys_with_percent_signs_are_kept_apart(client: Client, bucket: str) -> None:
    s3 = client("s3")
    for key in ("100%20.jpg", "100 .jpg", "100%2520.jpg"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == ["100 .jpg", "100%20.jpg", "100%2520.jpg"]
    assert s3.get_object(Bucket=bucket, Key="100%20.jpg")["Body"].read() == b"100%20.jpg"


def test_large_upload(client: Client, bucket: str) -> None:
    body = os.urandom(2**20) * 64
    client("s3").put_object(Bucket=bucket, Key="large", Body=body)
    assert client("s3").get_object(Bucket=bucket, Key="large")["Body"].read() == body


def test_sns_delivers_to_sqs(client: Client, bucket: str) -> None:
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name=bucket)["TopicArn"]
    queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    sns.publish(TopicArn=topic, Message='{"JobId": "1"}')
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert json.loads(json.loads(message["Body"])["Message"]) == {"JobId": "1"}


def test_dynamodb_writes_on_condition(client: Client, bucket: str) -> None:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName=bucket,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {
        "TableName": bucket,
        "Item": {"id": {"S": "a"}},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    dynamodb.put_item(**item)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**item)


def test_identity(client: Client) -> None:
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


def test_sigterm_ends_it_cleanly_even_while_a_query_runs(
    start_local_aws: Callable[[int, int], subprocess.Popen[bytes]], free_port: int, rekognition_port: int
) -> None:
    port, process = free_port, start_local_aws(free_port, rekognition_port)
    local = {
        "endpoint_url": f"http://127.0.0.1:{port}",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    boto3.client("s3", region_name="us-east-1", **local).create_bucket(Bucket="out")
    boto3.client("athena", region_name="us-east-1", **local).start_query_execution(
        QueryString="SELECT count(*) FROM UNNEST(sequence(1, 3000000)) AS a(x) "
        "CROSS JOIN UNNEST(sequence(1, 3000000)) AS b(y) WHERE x % 7 = y % 11",
        ResultConfiguration={"OutputLocation": "s3://out/"},
    )
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(timeout=15) == 0
    finally:
        process.kill()
