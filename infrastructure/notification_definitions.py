"""How news reach the lake: the topic and queue of finished jobs, and the queue of S3's events."""

from __future__ import annotations

from typing import Any

from include.core.settings import Settings, dead_letters
from infrastructure.definition import Definition, Properties
from infrastructure.place import Place
from infrastructure.storage_definitions import tls_only

# The longest that SQS offers.
RETENTION_SECONDS = 14 * 86_400
# So often a message is received before it goes to the dead letters; each time its receiver has died.
MOST_RECEIVES = 20


def notification_definitions(settings: Settings, place: Place) -> dict[str, Definition]:
    """Return topic, queues, their policies and the subscription, by their logical ids in the template."""
    topic = place.arn("sns", settings.jobs_topic)
    subscription = {
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": place.arn("sqs", settings.jobs_queue),
        "RawMessageDelivery": True,
    }
    return {
        "JobsTopic": Definition("AWS::SNS::Topic", {"TopicName": settings.jobs_topic}),
        **_queue("Jobs", settings.jobs_queue, place, _from_topic(settings, place)),
        "JobsSubscription": Definition(
            "AWS::SNS::Subscription", subscription, depends_on=("JobsTopic", "JobsQueuePolicy")
        ),
        **_queue("Events", settings.events_queue, place, _from_buckets(settings, place)),
    }


def send_statement(sid: str, service: str, queue: str, condition: dict[str, Any]) -> Properties:
    """Return the statement that lets an AWS service put messages into a queue under a condition."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": condition,
    }


def _from_topic(settings: Settings, place: Place) -> Properties:
    """Rekognition's completion messages arrive by the topic."""
    condition = {"ArnEquals": {"aws:SourceArn": place.arn("sns", settings.jobs_topic)}}
    queue = place.arn("sqs", settings.jobs_queue)
    return send_statement("MediaLakeJobs", "sns.amazonaws.com", queue, condition)


def _from_buckets(settings: Settings, place: Place) -> Properties:
    """S3 reports events of any bucket of the account. Which of them do so is set at the bucket."""
    condition = {
        "ArnLike": {"aws:SourceArn": place.bucket_arn("*")},
        "StringEquals": {"aws:SourceAccount": place.account},
    }
    queue = place.arn("sqs", settings.events_queue)
    return send_statement("MediaLakeEvents", "s3.amazonaws.com", queue, condition)


def _queue(prefix: str, name: str, place: Place, sender: Properties) -> dict[str, Definition]:
    """Return a queue that keeps messages for two weeks, and gives up on one that is received too often."""
    queue = place.arn("sqs", name)
    kept = {"MessageRetentionPeriod": RETENTION_SECONDS, "SqsManagedSseEnabled": True}
    redrive = {
        "deadLetterTargetArn": dead_letters(queue),
        "maxReceiveCount": MOST_RECEIVES,
    }
    policy = {"Version": "2012-10-17", "Statement": [sender, tls_only("sqs:*", queue)]}
    return {
        f"{prefix}DeadLetters": Definition(
            "AWS::SQS::Queue", {"QueueName": dead_letters(name), **kept}, holds_data=True
        ),
        f"{prefix}Queue": Definition(
            "AWS::SQS::Queue",
            {"QueueName": name, **kept, "RedrivePolicy": redrive},
            depends_on=(f"{prefix}DeadLetters",),
            holds_data=True,
        ),
        f"{prefix}QueuePolicy": Definition(
            "AWS::SQS::QueuePolicy",
            {"Queues": [{"Ref": f"{prefix}Queue"}], "PolicyDocument": policy},
        ),
    }
