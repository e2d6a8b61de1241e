"""The completion message that Amazon Rekognition Video publishes to a job's SNS topic."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.rekognition.control import Control
from local.aws.rekognition.media_files import aws_client

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

    from local.aws.rekognition.started_job import Job

logger = logging.getLogger(__name__)


class Notifier:
    """Publishes completion messages.

    :param endpoint_url: address of SNS.
    :param control: decides which messages are lost, sent twice or late.
    """

    def __init__(self, endpoint_url: str, control: Control) -> None:
        self._control = control
        self._client: Callable[[str], SNSClient] = cache(
            lambda region: aws_client("sns", endpoint_url, region)
        )

    async def completed(self, job: Job) -> None:
        """Publish a job's message to its topic, if it has one. An error of SNS is logged."""
        channel = job.params.get("NotificationChannel")
        if channel is None:
            return
        message, faults = completion_message(job), self._control.behavior.notifications
        copies = (
            0 if self._control.happens(faults.lost) else 2 if self._control.happens(faults.duplicated) else 1
        )
        await asyncio.sleep(faults.delay_seconds)
        for _ in range(copies):
            await asyncio.to_thread(self._publish, channel["SNSTopicArn"], message)

    def _publish(self, topic: str, message: dict[str, Any]) -> None:
        try:
            self._client(topic.split(":")[3]).publish(TopicArn=topic, Message=json.dumps(message))
        except (ClientError, BotoCoreError) as error:
            logger.warning(
                "could not publish the completion of job %s to %s: %s", message["JobId"], topic, error
            )


def completion_message(job: Job) -> dict[str, Any]:
    """Return the body of a completion message.

    Source: https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html#api-video-get
    """
    video = job.params["Video"]["S3Object"]
    tag = {"JobTag": job.params["JobTag"]} if "JobTag" in job.params else {}
    return {
        "JobId": job.job_id,
        "Status": job.status,
        "API": job.operation,
        **tag,
        "Timestamp": int(time.time() * 1000),
        "Video": {"S3ObjectName": video["Name"], "S3Bucket": video["Bucket"]},
    }
