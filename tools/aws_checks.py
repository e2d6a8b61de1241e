"""What ``lake.yaml`` and the settings name, looked up in AWS: one check for each thing, none of them billed.

A check finds that a thing is as it must be, or what is wrong with it. Where AWS allows no look, it says so;
the others go on. Operations: API references of S3, DynamoDB, SQS, SNS, IAM, Glue, Athena and Rekognition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from include.core.errors import DENIED, NOT_ALLOWED, NOT_THERE, code_and_message, error_code
from include.core.lake import Lake
from include.core.settings import Settings
from tools.catalog_checks import table_mistakes
from tools.command_clients import CommandClients
from tools.delivery_checks import queue_mistakes, role_mistakes, subscription_mistakes

State = Literal["ok", "wrong", "not checked"]

MAKE = "run python -m infrastructure, which makes it"
_PARALLEL = 8

# States from which a model can be started, or in which it runs or soon will.
_USABLE = {"TRAINING_COMPLETED", "STOPPED", "FAILED", "STARTING", "RUNNING", "STOPPING"}


@dataclass(frozen=True)
class Finding:
    """What a check found.

    :param subject: what was looked at.
    :param text: for what is wrong, also what to do.
    """

    subject: str
    state: State
    text: str


@dataclass(frozen=True)
class Check:
    """A look at one thing.

    :param ok: what to say if nothing is wrong.
    :param look: yields what is wrong, or raises AWS's error.
    :param remedy: what to do if the thing does not exist.
    """

    subject: str
    ok: str
    look: Callable[[], Iterable[str]]
    remedy: str = MAKE

    def findings(self) -> list[Finding]:
        try:
            wrong = list(self.look())
        except ClientError as error:
            return [self._refused(error)]
        except BotoCoreError as error:
            return [Finding(self.subject, "not checked", f"AWS gave no answer: {error}")]
        return [Finding(self.subject, "wrong", text) for text in wrong] or [
            Finding(self.subject, "ok", self.ok)
        ]

    def _refused(self, error: ClientError) -> Finding:
        code, message = code_and_message(error)
        if code in NOT_THERE:
            return Finding(self.subject, "wrong", f"does not exist; {self.remedy}")
        if code in NOT_ALLOWED:
            operation = error.operation_name
            return Finding(
                self.subject,
                "not checked",
                f"these credentials may not call {operation}; allow it to have this checked",
            )
        if code in DENIED:
            return Finding(self.subject, "wrong", f"AWS refuses the credentials ({code}); renew them")
        return Finding(self.subject, "not checked", f"AWS answered {code}: {message}")


def run_checks(checks: Iterable[Check]) -> list[Finding]:
    """Run checks side by side and return what they found, in their order."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return [finding for found in pool.map(Check.findings, checks) for finding in found]


def checks_of(settings: Settings, lake: Lake, account: str, clients: CommandClients) -> Iterator[Check]:
    """Yield the checks of a lake.

    :param account: number of the account that the credentials are of.
    """
    yield from _bucket_checks(settings, lake, clients)
    dynamodb = clients.client("dynamodb")
    yield Check(
        f"ledger {settings.ledger_table}",
        "exists, with the right key",
        partial(_ledger_mistakes, dynamodb, settings.ledger_table),
    )
    yield from _catalog_checks(settings, clients)
    if any(source.discovery == "events" for source in lake.sources):
        yield from _event_checks(settings, lake, clients)
    if any(source.features.get("video") for source in lake.sources):
        yield from _job_checks(settings, account, clients)
    if settings.alerts_topic.startswith("arn:"):
        sns = clients.client("sns")
        yield Check(
            f"topic {settings.alerts_topic}",
            "exists",
            partial(_exists, sns.get_topic_attributes, TopicArn=settings.alerts_topic),
            "make it, or correct MEDIA_LAKE_ALERTS_TOPIC",
        )
    yield from _rekognition_checks(settings, lake, clients)


def _exists(describe: Callable[..., object], **request: str) -> tuple[str, ...]:
    """Find nothing wrong with what AWS can describe."""
    describe(**request)
    return ()


def _bucket_checks(settings: Settings, lake: Lake, clients: CommandClients) -> Iterator[Check]:
    s3 = clients.client("s3")
    media = {source.bucket or settings.bucket for source in lake.sources}
    lists = {source.inventory.bucket for source in lake.sources if source.inventory}
    for name in dict.fromkeys((settings.bucket, *sorted(media), *sorted(lists))):
        region = None if name in lists - media - {settings.bucket} else settings.region
        yield Check(
            f"bucket {name}",
            f"can be listed, in {region}" if region else "can be listed",
            partial(_bucket_mistakes, s3, name, region),
            MAKE if name == settings.bucket else "make it, or correct its name in lake.yaml",
        )


def _bucket_mistakes(s3: Any, name: str, region: str | None) -> Iterator[str]:
    try:
        found = s3.head_bucket(Bucket=name).get("BucketRegion")
    except ClientError as error:
        if error_code(error) not in NOT_ALLOWED:
            raise
        yield (
            "belongs to another account, or these credentials may not list it; "
            "allow s3:ListBucket, or correct its name"
        )
        return
    if region and found and found != region:
        yield (
            f"is in {found}, but Rekognition is asked in {region} and reads buckets of its own region only; "
            "move the media, or set MEDIA_LAKE_REGION"
        )


def _ledger_mistakes(dynamodb: Any, name: str) -> Iterator[str]:
    table = dynamodb.describe_table(TableName=name)["Table"]
    if table["KeySchema"] != [{"AttributeName": "key", "KeyType": "HASH"}]:
        yield (
            "has another key than `key`, so it is no ledger; "
            "set MEDIA_LAKE_LEDGER_TABLE to a name that is free and run python -m infrastructure"
        )


def _catalog_checks(settings: Settings, clients: CommandClients) -> Iterator[Check]:
    athena, glue = clients.client("athena"), clients.client("glue")
    yield Check(
        f"workgroup {settings.workgroup}", "exists", partial(_workgroup_mistakes, athena, settings.workgroup)
    )
    yield Check(
        f"database {settings.database}",
        "has all tables, with the columns of this version",
        partial(table_mistakes, glue, settings.database),
    )


def _workgroup_mistakes(athena: Any, name: str) -> Iterator[str]:
    try:
        athena.get_work_group(WorkGroup=name)
    except ClientError as error:
        code, message = code_and_message(error)
        # Athena has no code of its own for this.
        if code != "InvalidRequestException" or "not found" not in message:
            raise
        yield f"does not exist; {MAKE}"


def _event_checks(settings: Settings, lake: Lake, clients: CommandClients) -> Iterator[Check]:
    s3, sqs = clients.client("s3"), clients.client("sqs")
    services = ("s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com")
    yield Check(
        f"queue {settings.events_queue}",
        "takes events of S3",
        partial(queue_mistakes, sqs, settings.events_queue, services, None),
    )
    buckets = {source.bucket or settings.bucket for source in lake.sources if source.discovery == "events"}
    for name in sorted(buckets):
        yield Check(
            f"events of {name}",
            "are reported",
            partial(_report_mistakes, s3, name, settings.events_queue),
            "make the bucket, or correct its name in lake.yaml",
        )


def _report_mistakes(s3: Any, bucket: str, queue: str) -> Iterator[str]:
    """Yield that a bucket reports nothing; through a topic or EventBridge, only they know where to."""
    reports = s3.get_bucket_notification_configuration(Bucket=bucket)
    queues = {each["QueueArn"].rsplit(":", 1)[1] for each in reports.get("QueueConfigurations", [])}
    if queue not in queues and not reports.keys() & {"TopicConfigurations", "EventBridgeConfiguration"}:
        yield (
            f"go nowhere; let the bucket send s3:ObjectCreated:* and s3:ObjectRemoved:* to the queue {queue}"
        )


def _job_checks(settings: Settings, account: str, clients: CommandClients) -> Iterator[Check]:
    sns, sqs = clients.client("sns"), clients.client("sqs")
    topic = settings.jobs_topic_arn
    yield Check(
        f"topic {settings.jobs_topic}",
        "reports to the queue of jobs",
        partial(subscription_mistakes, sns, topic, settings.jobs_queue),
        f"{MAKE}, or correct MEDIA_LAKE_JOBS_TOPIC and MEDIA_LAKE_JOBS_ROLE_ARN",
    )
    yield Check(
        f"queue {settings.jobs_queue}",
        "takes notifications of jobs",
        partial(queue_mistakes, sqs, settings.jobs_queue, ("sns.amazonaws.com",), topic),
    )
    if not settings.simulated:  # the stand-in assumes no role
        iam = clients.client("iam")
        yield Check(
            f"role {settings.jobs_role_arn.rsplit('/', 1)[1]}",
            "can be assumed by Rekognition",
            partial(role_mistakes, iam, settings.jobs_role_arn, account),
            "make a role that Rekognition may assume (docs/DEPLOY.md, step 3), or correct "
            "MEDIA_LAKE_JOBS_ROLE_ARN",
        )


def _rekognition_checks(settings: Settings, lake: Lake, clients: CommandClients) -> Iterator[Check]:
    rekognition = clients.client("rekognition")
    for collection in _members(lake, "CollectionId"):
        yield Check(
            f"collection {collection}",
            "exists",
            partial(_exists, rekognition.describe_collection, CollectionId=collection),
            f"make it in {settings.region} and put faces into it (CreateCollection, IndexFaces), "
            "or correct CollectionId in lake.yaml",
        )
    for arn in _members(lake, "ProjectVersionArn"):
        yield Check(
            f"model {arn}",
            "can be started",
            partial(_model_mistakes, rekognition, arn, settings.region),
            "train it, or correct ProjectVersionArn in lake.yaml",
        )


def _members(lake: Lake, name: str) -> list[str]:
    """Return the values of a request member over all sources."""
    wanted = [
        members for source in lake.sources for names in source.features.values() for members in names.values()
    ]
    return list(dict.fromkeys(members[name] for members in wanted if name in members))


def _model_mistakes(rekognition: Any, arn: str, region: str) -> Iterator[str]:
    """Yield what is wrong with a model. Its ARN has the name of its project, but not the project's ARN."""
    _, _, _, its_region, _, path = arn.split(":", 5)
    _, project_name, _, version, _ = path.split("/")
    if its_region != region:
        yield f"is in {its_region}, but Rekognition is asked in {region}; name a model of {region}"
        return
    pages = rekognition.get_paginator("describe_projects").paginate(ProjectNames=[project_name])
    projects = [project["ProjectArn"] for page in pages for project in page["ProjectDescriptions"]]
    states = [
        found["Status"]
        for project in projects
        for found in rekognition.describe_project_versions(ProjectArn=project, VersionNames=[version])[
            "ProjectVersionDescriptions"
        ]
        if found["ProjectVersionArn"] == arn
    ]
    if not states:
        yield "does not exist; train it, or correct ProjectVersionArn in lake.yaml"
    elif states[0] not in _USABLE:
        yield f"is {states[0]} and cannot be started; train it, or name another model in lake.yaml"
