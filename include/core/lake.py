"""The lake's own settings, from ``lake.yaml``: sources, features, thresholds and cost centers."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

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

from include.core.features import (
    CONFIDENCE_FLOOR,
    FEATURES,
    MEDIA_TYPES,
    RETIRED,
    Feature,
    MediaType,
    features_for,
)
from include.core.request_parameters import problems
from include.core.settings import BucketName, Name, SettingsError, _in_words

# What the pipeline itself writes in the lake's bucket: a source that held it would enrich its own results.
OWN_PREFIXES = (
    "athena/",
    "athena-people/",
    "curated/",
    "events/",
    "quarantine/",
    "reports/",
    "responses/",
    "staging/",
    "usage_log/",
)

Percent = Annotated[float, Field(ge=CONFIDENCE_FLOOR, le=100)]


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


class Inventory(BaseModel):
    """Where S3 Inventory delivers the lists of a source's bucket, as its configuration there says.

    :ivar bucket: destination bucket.
    :ivar prefix: destination prefix; S3 puts a slash after it.
    :ivar id: name of the configuration.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket: BucketName
    prefix: Annotated[str, StringConstraints(pattern=r"^(.*[^/])?$")] = ""
    id: Annotated[str, StringConstraints(pattern=r"^[^/]+$")]


Discovery = Literal["date_path", "last_modified", "inventory", "events"]


class Source(BaseModel):
    """A place where media arrive.

    :ivar bucket: bucket of the media; None for the lake's own.
    :ivar prefix: keys of the source begin with it.
    :ivar discovery: how the media of a day are found. ``date_path``: in the folder of the day.
        ``last_modified``: among all keys of the source, by the day (UTC) of LastModified. ``inventory``:
        likewise, but from the lists of S3 Inventory. ``events``: from what S3 reported through SQS.
    :ivar date_path: strftime pattern of the folder of a day, below the prefix.
    :ivar inventory: where the lists of S3 Inventory are.
    :ivar approval_limit_usd: plans whose upper estimate is above it wait for a person.
    :ivar features: features asked for, by media type; each with the request members that the source sets
        besides or instead of those of the registry.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    title: str = ""
    bucket: BucketName | None = None
    prefix: Annotated[str, StringConstraints(pattern=r"^([^/].*/)?$")] = ""
    discovery: Discovery = "date_path"
    date_path: Annotated[str, StringConstraints(pattern=r"^[^/].*/$")] = "%Y/%m/%d/"
    inventory: Inventory | None = None
    cost_center: Name
    approval_limit_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 100.0
    features: dict[MediaType, WantedFeatures]

    def prefix_of(self, day: date) -> str:
        """Return what the keys of a day begin with."""
        return self.prefix + (day.strftime(self.date_path) if self.discovery == "date_path" else "")

    def overlaps(self, other: Source) -> bool:
        """Whether an object can belong to both sources."""
        one, two = (source.prefix_of(date(2026, 11, 20)) for source in (self, other))
        return self.bucket == other.bucket and (one.startswith(two) or two.startswith(one))

    @model_validator(mode="after")
    def _a_day_has_a_folder(self) -> Self:
        if self.discovery == "date_path":
            days = (date(2026, 11, 20), date(2026, 11, 21), date(2026, 12, 20))
            if len({day.strftime(self.date_path) for day in days}) < len(days):
                raise ValueError(
                    f"date_path {self.date_path!r} gives several days one folder; "
                    "name year, month and day, as in %Y/%m/%d/"
                )
        return self

    @model_validator(mode="after")
    def _holds_nothing_of_the_lake(self) -> Self:
        prefix = self.prefix_of(date(2026, 11, 20))
        own = [each for each in OWN_PREFIXES if prefix.startswith(each) or each.startswith(prefix)]
        if self.bucket is None and own and prefix:
            raise ValueError(
                f"the prefix {self.prefix!r} holds what the lake itself writes under {', '.join(own)}; "
                "choose another, such as raw/"
            )
        return self

    @model_validator(mode="after")
    def _discovery_is_complete(self) -> Self:
        if self.discovery != "date_path" and "date_path" in self.model_fields_set:
            raise ValueError(f"discovery: {self.discovery} does not use date_path; leave it out")
        if self.discovery != "date_path" and not (self.bucket or self.prefix):
            raise ValueError(
                f"discovery: {self.discovery} in the lake's own bucket needs a prefix, because the lake's "
                "tables are in that bucket too"
            )
        if (self.discovery == "inventory") != (self.inventory is not None):
            raise ValueError(
                "discovery: inventory needs the member inventory (bucket, prefix and id); "
                "other ways of discovery do not use it"
            )
        return self

    @model_validator(mode="after")
    def _features_exist(self) -> Self:
        for media_type, names in self.features.items():
            offered = [feature.name for feature in features_for(media_type)]
            for name, members in names.items():
                if name in RETIRED:
                    raise ValueError(f"{name}: {RETIRED[name].refusal}")
                if name not in offered:
                    raise ValueError(
                        f"{media_type}s have no feature {name!r}; choose from {', '.join(offered)}"
                    )
                if wrong := problems(FEATURES[name].analysis(media_type), members):
                    raise ValueError(f"{media_type} feature {name}: {'; '.join(wrong)}")
        return self


def _reports_version(feature: Feature, media_type: MediaType) -> bool:
    call = feature.analysis(media_type)
    return call is not None and call.model_version_member is not None


class Lake(BaseModel):
    """The content of ``lake.yaml``.

    :ivar min_confidence: feature name to the least confidence (percent) shown in tables.
    :ivar model_versions: feature name to the version of Rekognition's model that its analyses have to be
        of. An analysis of another version is paid for again, once. Without an entry, any version will do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_confidence: dict[str, Percent] = {}
    model_versions: dict[str, Annotated[str, StringConstraints(min_length=1)]] = {}
    cost_centers: dict[Name, CostCenter]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_match(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            raise ValueError(f"two sources have the same name; the names are {', '.join(names)}")
        for source in self.sources:
            if source.cost_center not in self.cost_centers:
                raise ValueError(
                    f"source {source.name!r} names cost center {source.cost_center!r}, "
                    f"which is not under cost_centers ({', '.join(self.cost_centers)})"
                )
        for one, other in combinations(self.sources, 2):
            if one.overlaps(other):
                raise ValueError(
                    f"sources {one.name!r} and {other.name!r} would hold the same objects, below "
                    f"{one.prefix}{one.date_path if one.discovery == 'date_path' else ''}"
                )
        unknown = set(self.min_confidence) - set(FEATURES)
        if unknown:
            raise ValueError(f"min_confidence names unknown features: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _versions_are_reported(self) -> Self:
        unknown = set(self.model_versions) - set(FEATURES)
        if unknown:
            raise ValueError(f"model_versions names unknown features: {', '.join(sorted(unknown))}")
        for name in self.model_versions:
            if not any(_reports_version(FEATURES[name], media_type) for media_type in MEDIA_TYPES):
                raise ValueError(
                    f"model_versions: Rekognition does not report the version of its model for {name}; "
                    f"leave {name} out"
                )
        return self

    def pinned_version(self, feature: Feature, media_type: MediaType) -> str | None:
        """Return the version that analyses have to be of, or None if any will do or none is reported."""
        return self.model_versions.get(feature.name) if _reports_version(feature, media_type) else None

    def source(self, name: str) -> Source:
        """Return a source by name.

        :raises SettingsError: if there is none.
        """
        for source in self.sources:
            if source.name == name:
                return source
        raise SettingsError(
            f"lake.yaml no longer has the source {name!r}; run discover_media for the day again"
        )


class _StrictLoader(yaml.SafeLoader):
    """Reads YAML, and refuses a key that a mapping has already: the last one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                continue
            if key in keys:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key!r} is there twice; leave one out", problem_mark=key_node.start_mark
                )
            keys.add(key)
        return super().construct_mapping(node, deep)


def load_lake(path: Path, bucket: str | None = None) -> Lake:
    """Read and check ``lake.yaml``.

    :param bucket: the lake's own; a source that names it counts as one that names none.
    :raises SettingsError: if the file is missing, is not YAML or names something unknown.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; set MEDIA_LAKE_LAKE_FILE to the lake's file") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    try:
        return Lake.model_validate(_without_own_bucket(content, bucket))
    except ValidationError as error:
        raise SettingsError(_in_words(f"{path.name}: ", error)) from error


def _without_own_bucket(content: Any, bucket: str | None) -> Any:
    """Return the content with sources in the lake's own bucket naming none, so that overlaps are seen."""
    sources = content.get("sources") if isinstance(content, dict) else None
    if not bucket or not isinstance(sources, list):
        return content
    plain = [
        {name: value for name, value in source.items() if (name, value) != ("bucket", bucket)}
        if isinstance(source, dict)
        else source
        for source in sources
    ]
    return {**content, "sources": plain}
