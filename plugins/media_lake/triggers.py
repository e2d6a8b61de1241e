"""The trigger that waits for video jobs: notifications are the fast path, look-ups of overdue jobs the safety net."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from botocore import xform_name
from botocore.exceptions import ClientError

from include.job_reports import job_report_item, job_report_key, job_reports

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

ENDED = ("SUCCEEDED", "FAILED")


class VideoJobsTrigger(BaseTrigger):
    """
    Fire when all jobs have ended, or when one has and others wait for its slot.

    Every trigger takes messages from the one queue and records in the ledger which job ended, whoever waits for it; so
    notifications that are lost, late, repeated or taken by another trigger all end in the same state. A job that has
    been running for ``sweep_after`` seconds without news is looked up with its Get operation, and again as often.

    :param jobs: JobId to Get operation.
    :param pending: Number of jobs that wait for a slot.
    :param queue_name: SQS queue of the notifications.
    :param ledger_table: DynamoDB table of the ledger.
    :param aws_conn_id: Airflow connection.
    :param region_name: AWS region.
    :param sweep_after: Seconds without news after which a job is looked up.
    :param deadline: When the sensor gives up, in seconds since the epoch; handed back with the event.
    :param looked_up: When jobs were last looked up, in seconds since the epoch; handed back likewise, so that a wait
        made of many short ones looks jobs up as often as one long wait.
    :param min_wait: Seconds to wait at least. Airflow 3.3.2 can fail a deferral that ends sooner than a worker's exit
        is noticed, which takes up to ``[workers] min_heartbeat_interval``.
    :param slot_wait: Seconds after which to fire if no job runs here and others hold all slots.
    """

    def __init__(
        self,
        jobs: dict[str, str],
        pending: int,
        queue_name: str,
        ledger_table: str,
        aws_conn_id: str | None,
        region_name: str,
        sweep_after: float,
        deadline: float | None = None,
        looked_up: float | None = None,
        min_wait: float = 4.0,
        slot_wait: float = 30.0,
    ) -> None:
        super().__init__()
        self.jobs = jobs
        self.pending = pending
        self.queue_name = queue_name
        self.ledger_table = ledger_table
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.sweep_after = sweep_after
        self.deadline = deadline
        self.looked_up = time.time() if looked_up is None else looked_up
        self.min_wait = min_wait
        self.slot_wait = slot_wait

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "jobs": self.jobs,
            "pending": self.pending,
            "queue_name": self.queue_name,
            "ledger_table": self.ledger_table,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "sweep_after": self.sweep_after,
            "deadline": self.deadline,
            "looked_up": self.looked_up,
            "min_wait": self.min_wait,
            "slot_wait": self.slot_wait,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        began = time.monotonic()
        async with (
            await self._hook("sqs").get_async_conn() as sqs,
            await self._hook("dynamodb").get_async_conn() as dynamodb,
            await self._hook("rekognition").get_async_conn() as rekognition,
        ):
            queue = (await sqs.get_queue_url(QueueName=self.queue_name))["QueueUrl"]
            while True:
                await self._take_notifications(sqs, queue, dynamodb)
                ended = await self._ended(dynamodb)
                if time.time() - self.looked_up >= self.sweep_after:
                    ended |= await self._look_up(rekognition, dynamodb, set(self.jobs) - ended)
                    self.looked_up = time.time()
                waited = time.monotonic() - began
                all_ended = ended == set(self.jobs) and not self.pending
                slot_may_be_free = self.pending and (ended or waited >= self.slot_wait)
                if waited >= self.min_wait and (slot_may_be_free or all_ended):
                    event = {"ended": sorted(ended), "looked_up": self.looked_up, "deadline": self.deadline}
                    yield TriggerEvent(event)
                    return

    def _hook(self, client_type: str) -> AwsGenericHook[Any]:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

        return AwsGenericHook(
            aws_conn_id=self.aws_conn_id, region_name=self.region_name, client_type=client_type
        )

    async def _take_notifications(self, sqs: Any, queue: str, dynamodb: Any) -> None:
        """Record the jobs that waiting messages report, then delete the messages."""
        reply = await sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        for message in reply.get("Messages", []):
            report = job_report(message["Body"])
            if report is None:
                self.log.warning(
                    "Dropping a message that is no notification of Rekognition: %.200s", message["Body"]
                )
            else:
                await self._record(dynamodb, *report)
            await sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    async def _ended(self, dynamodb: Any) -> set[str]:
        keys = [{"key": {"S": job_report_key(job)}} for job in self.jobs]
        ended: set[str] = set()
        for start in range(0, len(keys), 100):
            request = {self.ledger_table: {"Keys": keys[start : start + 100], "ConsistentRead": True}}
            reply = await dynamodb.batch_get_item(RequestItems=request)
            ended |= set(job_reports(reply["Responses"].get(self.ledger_table, [])))
        return ended

    async def _look_up(self, rekognition: Any, dynamodb: Any, overdue: set[str]) -> set[str]:
        """Ask Rekognition for jobs without news and record those that have ended."""
        ended = set()
        for job in sorted(overdue):
            try:
                reply = await getattr(rekognition, xform_name(self.jobs[job]))(JobId=job, MaxResults=1)
                status = reply["JobStatus"]
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    self.log.warning("Look-up of job %s failed, will be repeated: %s", job, error)
                    continue
                status = "FAILED"  # results are kept for 7 days: nobody will ever get them
            if status in ENDED:
                self.log.info("Job %s ended as %s without a notification", job, status)
                await self._record(dynamodb, job, status)
                ended.add(job)
        return ended

    async def _record(self, dynamodb: Any, job: str, status: str) -> None:
        await dynamodb.put_item(TableName=self.ledger_table, Item=job_report_item(job, status, time.time()))


def job_report(body: str) -> tuple[str, str] | None:
    """Return ``(JobId, status)`` of a notification, raw or in an SNS envelope; None if it is something else.

    The message's members: https://docs.aws.amazon.com/rekognition/latest/dg/video-notification-payload.html.
    """
    try:
        message = json.loads(body)
        if isinstance(message, dict) and message.get("Type") == "Notification":
            message = json.loads(message["Message"])
        job, status = message["JobId"], message["Status"]
    except (ValueError, KeyError, TypeError):
        return None
    return (job, status) if isinstance(job, str) and job and status in ENDED else None
