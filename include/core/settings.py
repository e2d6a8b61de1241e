"""Settings of the deployment, from the environment.

A task reads them when it runs; nothing reads them while a Dag file is parsed. A wrong value raises a
:class:`SettingsError`, whose text names the setting and says what is allowed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.core.errors import TerminalError
from include.core.near_misses import near_miss
from include.core.setting_mistakes import mistakes_of

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]

# Names of general purpose buckets
# (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]

# What may be written for them.
SHORT_NAME = "a name of lower-case letters, digits, _ and -"
BUCKET_NAME = "the name of a bucket: 3 to 63 lower-case letters, digits, - and ."

# Where the cost page lies in the lake's bucket.
COST_PAGE_KEY = "reports/costs.html"


PREFIX = "MEDIA_LAKE_"
# Variables of others: of the local stack, and of include.core.deadlines.
_OTHERS = (f"{PREFIX}STACK_", f"{PREFIX}DEADLINE_HOURS_")


def lake_place(text: str) -> Path | str:
    """Return where ``lake.yaml`` is: the path of a file, or the URI of an object.

    :raises ValueError: if a text that begins as the URI of an object names none.
    """
    if not text.startswith("s3:"):
        return Path(text)
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+/.*[^/]", text):
        raise ValueError(f"{text!r} names no object of S3; write s3://bucket/key, or the path of a file")
    return text


def dead_letters(queue: str) -> str:
    """Return the name or ARN of the queue that gets the messages which a queue gives up on."""
    return f"{queue}-dead-letters"


class SettingsError(TerminalError, ValueError):
    """A setting is missing or wrong; the text says which and what to do.

    :ivar args: a sentence for each mistake.
    """

    def __str__(self) -> str:
        return "\n".join(self.args)


class Settings(BaseSettings):
    """The deployment. Each field is the environment variable ``MEDIA_LAKE_<FIELD>``; see ``.env.example``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    bucket: BucketName = Field("media-lake", description="bucket of the lake: responses, tables, reports")
    database: Name = Field("media_lake", description="Glue database of the tables and views")
    workgroup: str = Field("media-lake", description="Athena workgroup; it sets where results are written")
    ledger_table: str = Field("media-lake-ledger", description="DynamoDB table of every analysis")
    jobs_topic: str = Field(
        "AmazonRekognitionMediaLakeJobs",
        description="SNS topic to which Rekognition reports finished video jobs",
    )
    jobs_queue: str = Field("media-lake-jobs", description="SQS queue subscribed to that topic")
    events_queue: str = Field(
        "media-lake-events",
        description="SQS queue to which S3 reports new objects of sources with discovery: events",
    )
    jobs_role_arn: str = Field(
        "arn:aws:iam::123456789012:role/MediaLakeRekognition",
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+",
        description="IAM role that Rekognition assumes to publish to the topic",
    )
    people_kms_key_arn: str = Field(
        "",
        pattern=r"^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+)?$",
        description="KMS key of findings about people and of archived responses; empty: the bucket's default",
    )
    alerts_topic: str = Field(
        "",
        description="SNS topic, by name or ARN, to which failed and late runs are reported; "
        "empty: only in the log",
    )
    aws_conn_id: str | None = Field(
        "aws_default", description="Airflow connection for AWS; empty: boto3's own chain"
    )
    region: str = Field("us-east-1", description="AWS region of buckets, Rekognition and prices")
    count_account_volume: bool = Field(
        False,
        description="what others use in the account moves the tiers too; each report asks Cost Explorer",
    )
    simulated: bool = Field(
        False, description="the endpoint is the local stand-in: pages say that its costs are not on any bill"
    )
    lake_file: Path | str = Field(
        Path(__file__).parents[1] / "lake.yaml",
        description="sources, features, thresholds and cost centers: a file, or an object as s3://bucket/key",
    )
    batch_size: int = Field(2000, ge=1, le=10_000, description="analyses per mapped task, at least")
    max_batches: int = Field(200, ge=1, le=1000, description="mapped tasks per stage and run, at most")
    image_threads: int = Field(24, ge=1, le=256, description="concurrent image calls per task and operation")
    quota_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the account's quota of each image operation that the lake takes, "
        "over all tasks",
    )
    model_inference_units: int = Field(
        1,
        ge=1,
        le=5,
        description="inference units that a Custom Labels model is started with; each is billed",
    )
    lease_seconds: int = Field(
        120, ge=5, description="how long a claimed analysis stays claimed without news"
    )
    sweep_after_seconds: int = Field(
        300,
        ge=1,
        description="a video job without notification is looked up after this long, and again as often",
    )

    approval_gather_seconds: int = Field(
        120,
        ge=0,
        description="seconds without a further plan after which a person is asked for all that wait",
    )

    kept_versions: int = Field(
        3, ge=1, description="versions of a day's tables that stay, with the one that readers have"
    )
    kept_days: int = Field(
        30, ge=1, description="days after which replaced versions and what runs staged are deleted"
    )
    query_result_days: int = Field(7, ge=1, description="days after which results of queries are deleted")

    bill_source: Literal["", "cost-explorer", "cur"] = Field(
        "",
        description="where AWS's bill is read: cost-explorer, whose requests cost a cent each, or cur; "
        "empty: nowhere",
    )
    bill_table: str = Field(
        "",
        pattern=r"^([a-z0-9_]+\.[a-z0-9_]+)?$",
        description="table of the CUR 2.0 export in Athena, as database.table",
    )
    bill_days: int = Field(
        35, ge=1, le=365, description="days that are compared with the bill each day, and their months"
    )
    bill_complete_after_days: int = Field(
        3, ge=0, le=30, description="days after which a day of the bill is taken for complete"
    )
    bill_tolerance_usd: float = Field(
        0.01, gt=0, description="dollars by which a day of a usage type may differ from the bill"
    )
    bill_tolerance_percent: float = Field(
        0.5, ge=0, le=100, description="percent of the lake's dollars by which it may differ, if that is more"
    )

    quicksight_owner: str = Field(
        "",
        pattern=r"^(arn:[a-z-]+:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/[^,]+)?$",
        description="ARN of the QuickSight user or group that owns what make quicksight installs",
    )
    quicksight_readers: str = Field(
        "", description="ARNs of the QuickSight groups that may open the dashboard, with commas between"
    )
    quicksight_role_arn: str = Field(
        "",
        pattern=r"^(arn:[a-z-]+:iam::[0-9]{12}:role/.+)?$",
        description="IAM role with which QuickSight reads the lake; empty: its own role of the account",
    )
    quicksight_refresh: bool = Field(
        False, description="each report of costs loads QuickSight's data sets again and waits for it"
    )

    @field_validator("lake_file", mode="before")
    @classmethod
    def _place_of_lake_file(cls, value: object) -> Path | str:
        return lake_place(str(value))

    @property
    def jobs_topic_arn(self) -> str:
        """ARN of the topic of finished jobs, in the deployment's region and the account of the jobs' role."""
        _, partition, _, _, account, _ = self.jobs_role_arn.split(":", 5)
        return f"arn:{partition}:sns:{self.region}:{account}:{self.jobs_topic}"

    def uri(self, *parts: str) -> str:
        """Return the S3 URI of a path in the lake's bucket."""
        return "s3://" + "/".join((self.bucket, *parts))


@lru_cache
def load_settings() -> Settings:
    """Read the deployment's settings from the environment.

    :raises SettingsError: if one is wrong, or a variable is none of them.
    """
    mistakes = list(_unknown_variables())
    try:
        settings = Settings()
    except ValidationError as error:
        mistakes += [
            f"{PREFIX}{'.'.join(map(str, place)).upper()}: {sentence}"
            for place, sentence in mistakes_of(error, {(): Settings}, _meaning)
        ]
    if mistakes:
        raise SettingsError(*mistakes)
    return settings


def _unknown_variables() -> Iterator[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known and not name.startswith(_OTHERS):
            yield f"there is no setting {name}{near_miss(name, known)}; .env.example has all settings"


def _meaning(field: FieldInfo) -> str:
    return f"; it is the {field.description}; without it: {field.default}"
