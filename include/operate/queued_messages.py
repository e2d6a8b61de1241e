"""Messages of the lake's queues, and of those that their receivers gave up on, that name what is erased."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from include.core.errors import NOT_THERE, error_code
from include.core.settings import dead_letters
from include.operate.erased_identity import Identity
from include.store.workspace import Deployment

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

# Long enough to look at all messages that a queue hands out; nobody else gets them meanwhile.
HELD_SECONDS = 30
_HELD: Literal["ApproximateNumberOfMessagesNotVisible"] = "ApproximateNumberOfMessagesNotVisible"
_AT_A_TIME = 10
# More are not looked at: a queue that is read has far fewer.
_MOST = 20_000


def take_messages(deployment: Deployment, identity: Identity, change: bool) -> dict[str, int]:
    """Return how many messages of each queue name what is erased; if they may, they go.

    Others are handed back at once. What a receiver holds for longer than we wait is not seen.
    """
    settings = deployment.settings
    sqs = deployment.aws.client("sqs")
    names = (settings.jobs_queue, settings.events_queue)
    queues = (queue for name in names for queue in (name, dead_letters(name)))
    return {queue: count for queue in queues if (count := _take(sqs, queue, identity, change))}


def _take(sqs: SQSClient, queue: str, identity: Identity, change: bool) -> int:
    try:
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    except ClientError as error:
        if error_code(error) not in NOT_THERE:
            raise
        return 0
    _wait_for_held(sqs, url)
    held = _hold_all(sqs, url)
    named = {name for name, message in held.items() if identity.is_named_in(message["Body"])}
    for name, message in held.items():
        if change and name in named:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        else:
            handle = message["ReceiptHandle"]
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    return len(named)


def _wait_for_held(sqs: SQSClient, url: str) -> None:
    """Wait for messages that somebody holds, such as an erasure that was killed a moment ago."""
    until = time.monotonic() + HELD_SECONDS
    while time.monotonic() < until:
        reply = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[_HELD])
        if reply["Attributes"][_HELD] == "0":
            return
        time.sleep(1)


def _hold_all(sqs: SQSClient, url: str) -> dict[str, Any]:
    """Return the messages that the queue hands out, by id; nobody else gets them for a while."""
    held: dict[str, Any] = {}
    while len(held) < _MOST:
        reply = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_AT_A_TIME, VisibilityTimeout=HELD_SECONDS
        )
        new = {each["MessageId"]: each for each in reply.get("Messages", []) if each["MessageId"] not in held}
        if not new:
            break
        held |= new
    return held
