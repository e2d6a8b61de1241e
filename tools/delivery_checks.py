"""Whether messages arrive: policies and subscriptions of queues and topics, and the role of video jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

_SEND = ("sqs:sendmessage", "sqs:*", "*")
_AGAIN = "run python -m infrastructure again"


def queue_mistakes(sqs: Any, name: str, services: Sequence[str], sender: str | None) -> Iterator[str]:
    """Yield what is wrong with a queue.

    :param services: those of which one must be allowed to send.
    :param sender: ARN that the policy must allow to send; None for any.
    :raises botocore.exceptions.ClientError: if there is no such queue, or AWS refuses.
    """
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
    statements = _listed(json.loads(attributes.get("Policy") or "{}").get("Statement", []))
    if not any(_lets_send(statement, services, sender) for statement in statements):
        of = f"messages of {sender}" if sender else "events of S3"
        yield f"has a policy that lets no {of} in; {_AGAIN}"
    if "RedrivePolicy" not in attributes:
        yield f"has no queue of dead letters, so a message that kills its reader comes back; {_AGAIN}"


def _lets_send(statement: Mapping[str, Any], services: Sequence[str], sender: str | None) -> bool:
    principal = statement.get("Principal", {})
    allowed = ["*"] if principal == "*" else _listed(principal.get("Service", principal.get("AWS", [])))
    actions = [action.lower() for action in _listed(statement.get("Action", []))]
    return (
        statement.get("Effect") == "Allow"
        and not {"*", *services}.isdisjoint(allowed)
        and not set(_SEND).isdisjoint(actions)
        and (sender is None or _condition_holds(statement.get("Condition", {}), sender))
    )


def _condition_holds(condition: Mapping[str, Mapping[str, Any]], sender: str) -> bool:
    """Whether a condition lets a sender pass: it names no source, or one that fits."""
    sources = [
        pattern
        for tests in condition.values()
        for key, patterns in tests.items()
        if key.lower() == "aws:sourcearn"
        for pattern in _listed(patterns)
    ]
    return not sources or any(fnmatchcase(sender, pattern) for pattern in sources)


def subscription_mistakes(sns: Any, topic: str, queue: str) -> Iterator[str]:
    """Yield that a topic does not report to a queue.

    :param topic: ARN.
    :param queue: name.
    :raises botocore.exceptions.ClientError: if there is no such topic, or AWS refuses.
    """
    sns.get_topic_attributes(TopicArn=topic)
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    ends = {each["Endpoint"].rsplit(":", 1)[-1] for page in pages for each in page["Subscriptions"]}
    if queue not in ends:
        yield f"does not report to the queue {queue}; {_AGAIN}"


def role_mistakes(iam: Any, arn: str, account: str) -> Iterator[str]:
    """Yield what is wrong with the role that Rekognition assumes.

    :param account: number of the account in which the lake works; only its roles can be passed.
    :raises botocore.exceptions.ClientError: if there is no such role, or AWS refuses.
    """
    owner = arn.split(":")[4]
    if owner != account:
        yield (
            f"is of account {owner}, but the credentials are of {account}; "
            f"set MEDIA_LAKE_JOBS_ROLE_ARN to a role of {account}"
        )
        return
    role = iam.get_role(RoleName=arn.rsplit("/", 1)[1])["Role"]
    if role["Arn"] != arn:
        yield f"has the ARN {role['Arn']}; set MEDIA_LAKE_JOBS_ROLE_ARN to it"
    trusted = [
        service
        for statement in _listed(role["AssumeRolePolicyDocument"].get("Statement", []))
        if statement.get("Effect") == "Allow" and isinstance(statement.get("Principal"), dict)
        for service in _listed(statement["Principal"].get("Service", []))
    ]
    if "rekognition.amazonaws.com" not in trusted:
        yield "does not let rekognition.amazonaws.com assume it; add that to its trust policy"


def _listed(value: Any) -> list[Any]:
    """Return a value of a policy document as a list; one that stands alone may lack its brackets."""
    return value if isinstance(value, list) else [value]
