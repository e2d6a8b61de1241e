"""The trigger that notices events of S3 in their queue. It leaves them there: a task takes them safely."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from media_lake.aws_clients import aws_hook


class EventsWaitingTrigger(BaseEventTrigger):
    """
    Fire whenever messages wait in the queue of S3's events, as often as they are looked for at most.

    Messages stay where they are. The provider's own SqsSensorTrigger takes them out of the queue and hands
    them over in an asset event, where those of a run that dies are lost. The queue is that of the
    deployment's settings, which are read in the triggerer. Without a queue, or without access to it, the
    trigger says so in its log and keeps looking.

    :param poll_seconds: Seconds between two looks. Events of this time go into one run.
    """

    def __init__(self, poll_seconds: float = 60.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while True:
            waiting = await self._waiting()
            if waiting:
                self.log.info("%d messages wait in the queue of events", waiting)
                yield TriggerEvent({"waiting": waiting})
            await asyncio.sleep(self.poll_seconds)

    async def _waiting(self) -> int:
        """Return about how many messages can be received."""
        from botocore.exceptions import BotoCoreError, ClientError

        from include.core.settings import load_settings

        settings = load_settings()
        try:
            async with await aws_hook(settings, "sqs").get_async_conn() as sqs:
                url = (await sqs.get_queue_url(QueueName=settings.events_queue))["QueueUrl"]
                name = "ApproximateNumberOfMessages"
                reply = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        except (BotoCoreError, ClientError) as error:
            self.log.warning("Queue %s cannot be looked into: %s", settings.events_queue, error)
            return 0
        return int(reply["Attributes"][name])
