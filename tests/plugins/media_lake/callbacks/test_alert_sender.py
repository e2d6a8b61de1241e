"""Alerts on their way out: the log always, SNS if a topic is set."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from include.core.settings import load_settings
from include.operate.alerts import Alert
from media_lake.callbacks.alert_sender import run_name, send

ALERT = Alert("enrich_images of 2026-11-20 is late", ("Queued: now", "Run: there"))


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def test_without_a_topic_an_alert_is_one_line_of_the_log(aws: Any, caplog: pytest.LogCaptureFixture) -> None:
    send(ALERT, "enrich_images", "late")
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "enrich_images of 2026-11-20 is late | Queued: now | Run: there"
    ]
    assert boto3.client("sns").list_topics()["Topics"] == []


def test_with_a_topic_subscribers_get_the_message(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_ALERTS_TOPIC", "lake-alerts")
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="lake-alerts")["TopicArn"]
    queue = aws.sqs.get_queue_attributes(QueueUrl=aws.queue_url, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue["Attributes"]["QueueArn"])
    send(ALERT, "enrich_images", "late")
    (message,) = aws.sqs.receive_message(QueueUrl=aws.queue_url)["Messages"]
    body = json.loads(message["Body"])
    assert (body["Subject"], body["Message"]) == (ALERT.subject, "Queued: now\nRun: there")


def test_a_topic_that_cannot_be_reached_costs_little_time_and_nothing_else(
    aws: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_ALERTS_TOPIC", "lake-alerts")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    began = time.monotonic()
    send(ALERT, "enrich_images", "late")
    assert time.monotonic() - began < 20
    assert "could not be published" in caplog.text


def test_a_wrong_setting_does_not_stop_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_BATCH_SIZE", "0")
    send(ALERT, "enrich_images", "late")
    assert ALERT.line in caplog.text
    assert "MEDIA_LAKE_BATCH_SIZE" in caplog.text


def test_the_address_of_a_run_can_be_opened() -> None:
    run = run_name("enrich_images", "manual__2026-11-20T00:00:00+00:00", None)
    assert run.link.endswith("/dags/enrich_images/runs/manual__2026-11-20T00%3A00%3A00%2B00%3A00")
    assert run.day == ""
