"""Settings of the deployment, from the environment, and of the lake, from ``lake.yaml``.

Both are read when a task runs, never while a Dag file is parsed. A wrong value ends in a :class:`SettingsError` whose
text names the setting and says what is allowed.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.features import CONFIDENCE_FLOOR, FEATURES, RETIRED, MediaType, features_for
from include.request_parameters import problems

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Percent = Annotated[float, Field(ge=CONFIDENCE_FLOOR, le=100)]

# Where the cost page lies in the lake's bucket.
COST_PAGE_KEY = "reports/costs.html"


class SettingsError(ValueError):
    """A setting is missing or wrong; the text says which and what to do."""


class Settings(BaseSettings):
    """The deployment. Each field is the environment variable ``MEDIA_LAKE_<FIELD>``; see ``.env.example``."""

    model_config = SettingsConfigDict(env_prefix="MEDIA_LAKE_", frozen=True, extra="ignore")

    bucket: str = Field("media-lake", description="bucket of the lake: responses, tables, reports")
    database: Name = Field("media_lake", description="Glue database of the tables and views")
    workgroup: str = Field("media-lake", description="Athena workgroup; it sets where results are written")
    ledger_table: str = Field("media-lake-ledger", description="DynamoDB table of every analysis")
    jobs_topic: str = Field(
        "AmazonRekognitionMediaLakeJobs",
        description="SNS topic to which Rekognition reports finished video jobs",
    )
    jobs_queue: str = Field("media-lake-jobs", description="SQS queue subscribed to that topic")
    jobs_role_arn: str = Field(
        "arn:aws:iam::123456789012:role/MediaLakeRekognition",
        description="IAM role that Rekognition assumes to publish to the topic",
    )
    aws_conn_id: str | None = Field(
        "aws_default", description="Airflow connection for AWS; empty: boto3's own chain"
    )
    region: str = Field("us-east-1", description="AWS region of buckets, Rekognition and prices")
    simulated: bool = Field(
        False, description="the endpoint is the local stand-in: pages say that its costs are not on any bill"
    )
    lake_file: Path = Field(
        Path(__file__).with_name("lake.yaml"), description="sources, features, thresholds and cost centers"
    )
    batch_size: int = Field(500, ge=1, le=10_000, description="analyses per mapped task, at least")
    max_batches: int = Field(200, ge=1, le=1000, description="mapped tasks per stage and run, at most")
    image_threads: int = Field(16, ge=1, le=256, description="concurrent image calls per task and operation")
    quota_share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the account's quota of each image operation that the lake takes, over all tasks",
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

    def uri(self, *parts: str) -> str:
        """Return the S3 URI of a path in the lake's bucket."""
        return "s3://" + "/".join((self.bucket, *parts))


class CostCenter(BaseModel):
    """A team that pays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str


def _by_name(listed: Any) -> Any:
    """Turn ``[labels, {face_search: {CollectionId: staff}}]`` into a mapping of names to request members."""
    if not isinstance(listed, list | tuple):
        return listed
    entries = [entry if isinstance(entry, dict) else {entry: {}} for entry in listed]
    names = [name for entry in entries for name in entry]
    if len(set(names)) != len(names):
        raise ValueError(f"features are listed twice: {', '.join(map(str, names))}")
    return {name: members or {} for entry in entries for name, members in entry.items()}


WantedFeatures = Annotated[dict[str, dict[str, Any]], BeforeValidator(_by_name)]


class Source(BaseModel):
    """A place where media arrive.

    :ivar bucket: bucket of the media; None for the lake's own.
    :ivar prefix: keys of the source begin with it.
    :ivar date_path: strftime pattern of the folder of a day, below the prefix.
    :ivar approval_limit_usd: plans whose upper estimate is above it wait for a person.
    :ivar features: features asked for, by media type; each with the request members that the source sets besides or
        instead of those of the registry.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    title: str = ""
    bucket: str | None = None
    prefix: Annotated[str, StringConstraints(pattern=r"^([^/].*/)?$")] = ""
    date_path: Annotated[str, StringConstraints(pattern=r"^[^/].*/$")] = "%Y/%m/%d/"
    cost_center: Name
    approval_limit_usd: Annotated[float, Field(ge=0)] = 100.0
    features: dict[MediaType, WantedFeatures]

    def overlaps(self, other: Source) -> bool:
        """Whether an object can belong to both sources."""
        one, two = (source.prefix + date(2026, 11, 20).strftime(source.date_path) for source in (self, other))
        return self.bucket == other.bucket and (one.startswith(two) or two.startswith(one))

    @model_validator(mode="after")
    def _features_exist(self) -> Self:
        for media_type, names in self.features.items():
            offered = [feature.name for feature in features_for(media_type)]
            for name, members in names.items():
                if name in RETIRED:
                    raise ValueError(f"{name}: {RETIRED[name].refusal}")
                if name not in offered:
                    raise ValueError(f"{name!r} is no {media_type} feature; choose from {', '.join(offered)}")
                if wrong := problems(FEATURES[name].analysis(media_type), members):
                    raise ValueError(f"{media_type} feature {name}: {'; '.join(wrong)}")
        return self


class Lake(BaseModel):
    """The content of ``lake.yaml``.

    :ivar min_confidence: feature name to the least confidence (percent) shown in tables.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_confidence: dict[str, Percent] = {}
    cost_centers: dict[Name, CostCenter]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_match(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            raise ValueError(f"two sources have one name: {', '.join(names)}")
        for source in self.sources:
            if source.cost_center not in self.cost_centers:
                raise ValueError(
                    f"source {source.name!r} names cost center {source.cost_center!r}, "
                    f"which is not under cost_centers ({', '.join(self.cost_centers)})"
                )
        for one, other in combinations(self.sources, 2):
            if one.overlaps(other):
                raise ValueError(
                    f"sources {one.name!r} and {other.name!r} hold the same objects: {one.prefix}{one.date_path}"
                )
        unknown = set(self.min_confidence) - set(FEATURES)
        if unknown:
            raise ValueError(f"min_confidence names unknown features: {', '.join(sorted(unknown))}")
        return self

    def source(self, name: str) -> Source:
        """Return a source by name.

        :raises SettingsError: if there is none.
        """
        for source in self.sources:
            if source.name == name:
                return source
        raise SettingsError(
            f"source {name!r} is not in lake.yaml any more; run discover_media for the day again"
        )


@lru_cache
def load_settings() -> Settings:
    """Read the deployment's settings from the environment.

    :raises SettingsError: if one is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_in_words("MEDIA_LAKE_", error)) from error


def load_lake(path: Path) -> Lake:
    """Read and check ``lake.yaml``.

    :raises SettingsError: if the file is missing, is no YAML or names something unknown.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; set MEDIA_LAKE_LAKE_FILE to the lake's file") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    try:
        return Lake.model_validate(content)
    except ValidationError as error:
        raise SettingsError(_in_words(f"{path.name}: ", error)) from error


def _in_words(prefix: str, error: ValidationError) -> str:
    problems = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"])
        name = place.upper() if prefix.endswith("_") else place
        message = problem["msg"].removeprefix("Value error, ")
        problems.append(f"{prefix}{name}: {message}" if name else f"{prefix.removesuffix(': ')}: {message}")
    return "; ".join(problems)
