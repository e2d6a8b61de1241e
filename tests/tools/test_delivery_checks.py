"""Policies of queues in the forms that AWS allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.delivery_checks import queue_mistakes

pytestmark = pytest.mark.integration

TOPIC = "arn:aws:sns:us-east-1:123456789012:jobs"


@pytest.fixture(scope="module")
def mistakes(client: Callable[[str], Any]) -> Callable[..., list[str]]:
    """Give a queue a policy and return what is wrong with that."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]

    def check(**statement: Any) -> list[str]:
        policy = {"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage"} | statement}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        found = queue_mistakes(sqs, "jobs", ("sns.amazonaws.com",), TOPIC)
        return [sentence for sentence in found if "policy" in sentence]

    return check


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Principal": {"Service": ["s3.amazonaws.com", "sns.amazonaws.com"]}, "Action": ["SQS:*"]},
        {"Principal": "*", "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}}},
        {"Principal": "*", "Condition": {"ArnLike": {"AWS:SourceArn": ["x", "arn:aws:sns:*:*:jobs"]}}},
    ],
)
def test_a_policy_that_lets_the_topic_send_is_right(
    mistakes: Callable[..., list[str]], statement: dict[str, Any]
) -> None:
    assert mistakes(**statement) == []


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Principal": {"Service": "s3.amazonaws.com"}},
        {"Principal": "*", "Effect": "Deny"},
        {"Principal": "*", "Action": "sqs:ReceiveMessage"},
        {"Principal": "*", "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC + "-2"}}},
    ],
)
def test_a_policy_that_does_not_is_told(
    mistakes: Callable[..., list[str]], statement: dict[str, Any]
) -> None:
    (sentence,) = mistakes(**statement)
    assert sentence.startswith(f"has a policy that lets no messages of {TOPIC} in; run python")
