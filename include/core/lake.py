"""The lake's own settings, from ``lake.yaml``: sources, features, thresholds and cost centers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from include.core.budgets import Budget
from include.core.day_folders import DAYS, names_days_only, separates_days, some_within
from include.core.features import (
    CONFIDENCE_FLOOR,
    FEATURES,
    MEDIA_TYPES,
    RETIRED,
    Feature,
    MediaType,
    features_for,
)
from include.core.lake_content import with_place, without_own_bucket
from include.core.marked_yaml import MarkedYaml, UnreadableYamlError
from include.core.near_misses import near_miss
from include.core.request_parameters import paid_twice
from include.core.retention_settings import Retention
from include.core.routes import feature_mistakes, request_members
from include.core.schemas import TABLES
from include.core.setting_mistakes import Mistake, Models, mistakes_of, printable, refuse, shown
from include.core.settings import BUCKET_NAME, SHORT_NAME, BucketName, Name, SettingsError
from include.core.validation_rules import RULES, Severity
from include.core.wanted_features import WantedFeatures

# What the pipeline itself writes in the lake's bucket: a source that held it would enrich its own results.
OWN_PREFIXES = (
    "athena/",
    "athena-people/",
    "curated/",
    "events/",
    "profiles/",
    "quarantine/",
    "reports/",
    "responses/",
    "staging/",
    "usage_log/",
)

Percent = Annotated[float, Field(strict=True, ge=CONFIDENCE_FLOOR, le=100)]


class CostCenter(BaseModel):
    """A team that pays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(description="the name of the team as text", examples=["Media team"])


class Inventory(BaseModel):
    """Where S3 Inventory delivers the lists of a source's bucket, as its configuration there says.

    :ivar bucket: destination bucket.
    :ivar prefix: destination prefix; S3 puts a slash after it.
    :ivar id: name of the configuration.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket: BucketName = Field(description=BUCKET_NAME, examples=["my-lists"])
    prefix: Annotated[str, StringConstraints(pattern=r"^(.*[^/])?$")] = Field(
        "", description="a prefix without a slash at its end, as the configuration has it", examples=["lists"]
    )
    id: Annotated[str, StringConstraints(pattern=r"^[^/]+$")] = Field(
        description="the name of the configuration, without slashes", examples=["daily"]
    )


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
    :ivar retention: for how long its rows are kept, before what the lake says of all sources.
    :ivar features: features asked for, by media type; each with the request members that the source sets
        besides or instead of those of the registry, and the route of a video (:mod:`include.core.routes`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description=SHORT_NAME, examples=["photos"])
    title: str = Field("", description="text", examples=["Photos of the agency"])
    bucket: BucketName | None = Field(None, description=BUCKET_NAME, examples=["my-media"])
    prefix: Annotated[str, StringConstraints(pattern=r"^([^/].*/)?$")] = Field(
        "", description="a prefix without a slash before it and with one at its end", examples=["raw/photos/"]
    )
    discovery: Discovery = Field("date_path", description="one of these words", examples=["last_modified"])
    date_path: Annotated[str, StringConstraints(pattern=r"^[^/].*/$")] = Field(
        "%Y/%m/%d/",
        description="a pattern without a slash before it and with one at its end",
        examples=['"%Y/%m/%d/"'],
    )
    inventory: Inventory | None = Field(
        None, description="where the lists are", examples=["{bucket: my-lists, id: daily}"]
    )
    cost_center: Name = Field(description="a name that is under cost_centers", examples=["media-team"])
    approval_limit_usd: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = Field(
        100.0, description="dollars as a number of 0 or more", examples=["25.50"]
    )
    retention: Retention = Field(
        Retention(), description="days to keep tables", examples=["{sensitive_days: 30}"]
    )
    features: dict[MediaType, WantedFeatures] = Field(
        description="lists of features by kind of media, image or video", examples=["{image: [labels, text]}"]
    )

    def prefix_of(self, day: date) -> str:
        """Return what the keys of a day begin with."""
        return self.prefix + (day.strftime(self.date_path) if self.discovery == "date_path" else "")

    def overlaps(self, other: Source) -> bool:
        """Whether an object can belong to both sources."""
        short, long = sorted((self._stem, other._stem), key=len)
        if self.bucket != other.bucket or not long.startswith(short):
            return False
        return some_within(self._prefixes, other._prefixes) or some_within(other._prefixes, self._prefixes)

    @property
    def _stem(self) -> str:
        """What the keys of every day begin with."""
        return self.prefix + (self.date_path.split("%")[0] if self.discovery == "date_path" else "")

    @cached_property
    def _prefixes(self) -> frozenset[str]:
        """What the keys of all days begin with; each is empty or ends in a slash."""
        return frozenset(self.prefix_of(day) for day in DAYS)

    @field_validator("date_path")
    @classmethod
    def _a_day_has_directives(cls, date_path: str) -> str:
        if not names_days_only(date_path):
            raise ValueError(
                f'{date_path!r} has more than days; write year, month and day only, as in "%Y/%m/%d/"'
            )
        return date_path

    @field_validator("features")
    @classmethod
    def _features_exist(cls, features: dict[MediaType, WantedFeatures]) -> dict[MediaType, WantedFeatures]:
        refuse(
            Mistake((media_type, name, *place), sentence)
            for media_type, names in features.items()
            for name, asked in names.items()
            for place, sentence in _feature_mistakes(media_type, name, asked)
        )
        return features

    @model_validator(mode="after")
    def _members_fit(self) -> Self:
        refuse((*self._discovery_mistakes(), *self._place_mistakes(), *self._double_payments()))
        return self

    def _discovery_mistakes(self) -> Iterator[Mistake]:
        if self.discovery != "date_path" and "date_path" in self.model_fields_set:
            yield Mistake(("date_path",), f"discovery: {self.discovery} does not use date_path; leave it out")
        if self.discovery != "date_path" and not (self.bucket or self.prefix):
            yield Mistake(
                ("discovery",),
                f"discovery: {self.discovery} in the lake's own bucket needs a prefix, because the lake's "
                "tables are in that bucket too; write one, as in prefix: raw/photos/",
            )
        if (self.discovery == "inventory") != (self.inventory is not None):
            yield Mistake(
                ("inventory",),
                "discovery: inventory needs the member inventory (bucket, prefix and id); "
                "other ways of discovery do not use it",
            )

    def _place_mistakes(self) -> Iterator[Mistake]:
        if self.discovery == "date_path" and not separates_days(self.prefix, self.date_path):
            yield Mistake(
                ("date_path",),
                f"date_path {self.date_path!r} gives several days one folder; "
                "name year, month and day, as in %Y/%m/%d/",
            )
        prefix = self.prefix_of(date(2026, 11, 20))
        own = [each for each in OWN_PREFIXES if prefix.startswith(each) or each.startswith(prefix)]
        if self.bucket is None and own and prefix:
            yield Mistake(
                ("prefix",),
                f"the prefix {self.prefix!r} holds what the lake itself writes under {', '.join(own)}; "
                "choose another, such as raw/",
            )

    def _double_payments(self) -> Iterator[Mistake]:
        for media_type, names in self.features.items():
            members = {name: request_members(asked) for name, asked in names.items()}
            for place, sentence in paid_twice(media_type, members):
                yield Mistake(("features", media_type, *place), sentence)


def _feature_mistakes(media_type: MediaType, name: str, asked: dict[str, Any]) -> Iterable[Mistake]:
    offered = [feature.name for feature in features_for(media_type)]
    if name in RETIRED:
        return [Mistake((), RETIRED[name].refusal)]
    if name not in offered:
        return [
            Mistake(
                (),
                f"{media_type}s have no feature {name!r}{near_miss(name, offered)}; "
                f"choose from {', '.join(offered)}",
            )
        ]
    return feature_mistakes(FEATURES[name], media_type, asked)


def _reports_version(feature: Feature, media_type: MediaType) -> bool:
    call = feature.analysis(media_type)
    return call is not None and call.model_version_member is not None


class Lake(BaseModel):
    """The content of ``lake.yaml``.

    :ivar min_confidence: feature name to the least confidence (percent) shown in tables.
    :ivar model_versions: feature name to the version of Rekognition's model that its analyses have to be
        of. An analysis of another version is paid for again, once. Without an entry, any version will do.
    :ivar validation_severity: rule of validation to what happens when it is broken; without an entry, what
        :mod:`include.core.validation_rules` says.
    :ivar retention: for how long rows about media are kept; without it, for as long as there is a lake.
    :ivar budgets: cost center to what it may spend in a calendar month (UTC); without an entry, no limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_confidence: dict[str, Percent] = Field(
        {},
        description=f"percents from {CONFIDENCE_FLOOR:g} to 100 by feature",
        examples=["{labels: 55}"],
    )
    model_versions: dict[str, Annotated[str, StringConstraints(min_length=1)]] = Field(
        {}, description="versions in quotes by feature", examples=['{labels: "3.0"}']
    )
    validation_severity: dict[str, Severity] = Field(
        {}, description="fail or warn by rule", examples=["{rows_are_unique: warn}"]
    )
    retention: Retention = Field(
        Retention(), description="days to keep tables", examples=["{days: 730, sensitive_days: 90}"]
    )
    cost_centers: dict[Name, CostCenter] = Field(
        description=f"teams, each with {SHORT_NAME}", examples=["{media-team: {title: Media team}}"]
    )
    budgets: dict[Name, Budget] = Field(
        {},
        description="what cost centers may spend in a month (UTC)",
        examples=["{media-team: {usd: 500, kind: hard}}"],
    )
    sources: tuple[Source, ...] = Field(
        description="a list of sources, each a mapping with name, cost_center and features",
        examples=["include/lake.yaml"],
    )

    @field_validator("sources", mode="before")
    @classmethod
    def _there_is_a_source(cls, sources: Any) -> Any:
        if sources in ([], ()):
            raise ValueError("the list is empty; write a source into it, as in include/lake.yaml")
        return sources

    @field_validator("min_confidence")
    @classmethod
    def _features_have_confidences(cls, least: dict[str, float]) -> dict[str, float]:
        scored = [name for name, feature in FEATURES.items() if _has_score(feature)]
        refuse(_unknown_features(least, scored, "has no confidence"))
        return least

    @field_validator("validation_severity")
    @classmethod
    def _rules_exist(cls, severities: dict[str, Severity]) -> dict[str, Severity]:
        refuse(
            Mistake(
                (name,), f"there is no rule {name!r}{near_miss(name, RULES)}; docs/VALIDATION.md lists them"
            )
            for name in severities
            if name not in RULES
        )
        return severities

    @field_validator("model_versions")
    @classmethod
    def _versions_are_reported(cls, versions: dict[str, str]) -> dict[str, str]:
        reported = [
            name
            for name, feature in FEATURES.items()
            if any(_reports_version(feature, media_type) for media_type in MEDIA_TYPES)
        ]
        refuse(_unknown_features(versions, reported, "does not tell the version of its model"))
        return versions

    @model_validator(mode="after")
    def _sources_fit(self) -> Self:
        refuse(_mistakes_between(list(enumerate(self.sources)), self.cost_centers))
        refuse(
            Mistake(("budgets", name), _not_a_cost_center(name, self.cost_centers))
            for name in self.budgets
            if name not in self.cost_centers
        )
        return self

    def pinned_version(self, feature: Feature, media_type: MediaType) -> str | None:
        """Return the version that analyses have to be of, or None if any will do or none is reported."""
        return self.model_versions.get(feature.name) if _reports_version(feature, media_type) else None

    def kept_days(self, source: str | None, table: str) -> int | None:
        """Return for how many days rows of a source and table are kept; None: for ever.

        :param source: None, or one that left the file, for what holds for all sources.
        """
        own = (each.retention.days_of(table) for each in self.sources if each.name == source)
        found = next(own, None)
        return self.retention.days_of(table) if found is None else found

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


def _has_score(feature: Feature) -> bool:
    return any(TABLES[table].score for table in feature.tables)


def _unknown_features(names: Iterable[str], allowed: Sequence[str], lack: str) -> Iterator[Mistake]:
    for name in names:
        if name not in allowed:
            wrong = f"{name} {lack}" if name in FEATURES else f"there is no feature {name!r}"
            yield Mistake(
                (name,),
                f"{wrong}{near_miss(name, allowed)}; leave it out, or choose from {', '.join(allowed)}",
            )


def _not_a_cost_center(name: str, cost_centers: Collection[str]) -> str:
    return f"{name!r} is not under cost_centers{near_miss(name, cost_centers)}; add it there" + (
        f", or choose from {', '.join(cost_centers)}" if cost_centers else ""
    )


def _mistakes_between(
    numbered: Sequence[tuple[int, Source]], cost_centers: Collection[str]
) -> Iterator[Mistake]:
    """Yield what is wrong with sources that are right by themselves."""
    first = {source.name: number for number, source in reversed(numbered)}
    for number, source in numbered:
        if first[source.name] != number:
            yield Mistake(
                ("sources", number, "name"), f"two sources have the name {source.name!r}; rename one of them"
            )
        if source.cost_center not in cost_centers:
            yield Mistake(
                ("sources", number, "cost_center"), _not_a_cost_center(source.cost_center, cost_centers)
            )
    for (_, one), (number, other) in combinations(numbered, 2):
        if one.overlaps(other):
            below = f"{one.prefix}{one.date_path if one.discovery == 'date_path' else ''}"
            yield Mistake(
                ("sources", number),
                f"sources {one.name!r} and {other.name!r} would hold the same objects, below {below}; "
                "give them prefixes or buckets of their own",
            )


# Where in the file each model is.
_MODELS: Models = {
    (): Lake,
    ("cost_centers", "*"): CostCenter,
    ("budgets", "*"): Budget,
    ("retention",): Retention,
    ("sources", "*"): Source,
    ("sources", "*", "retention"): Retention,
    ("sources", "*", "inventory"): Inventory,
}


def load_lake(path: Path, bucket: str | None = None) -> Lake:
    """Read and check ``lake.yaml``, as :func:`parse_lake` does.

    :raises SettingsError: if the file cannot be read or is wrong.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; set MEDIA_LAKE_LAKE_FILE to the lake's file") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; name a file that can") from None
    return parse_lake(content, path.name, bucket)


def parse_lake(text: bytes, name: str, bucket: str | None = None) -> Lake:
    """Check the text of ``lake.yaml``.

    :param name: what sentences about mistakes call the file.
    :param bucket: the lake's own; a source that names it counts as one that names none.
    :raises SettingsError: if it is wrong: a sentence for each mistake, with its line.
    """
    file = _marked(text, name)
    content = without_own_bucket(file.content, bucket)
    if not isinstance(content, dict):
        raise SettingsError(
            f"{name}, line 1: the file holds {shown(content)}; "
            "write sources and cost_centers into it, as in include/lake.yaml"
        )
    mistakes = [(line, f"the key {key!r} is there twice; leave one out") for key, line in file.repeated]
    try:
        lake = Lake.model_validate(content)
    except ValidationError as error:
        found = dict.fromkeys((*mistakes_of(error, _MODELS), *_mistakes_between_the_right(content)))
        mistakes += [(file.line(each.place), with_place(each, content)) for each in found]
    if mistakes:
        raise SettingsError(*(printable(f"{name}, line {line}: {text}") for line, text in sorted(mistakes)))
    return lake


def _marked(text: bytes, name: str) -> MarkedYaml:
    try:
        return MarkedYaml(text.decode())
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{name}, line {line}: this is not UTF-8; save the file as UTF-8") from None
    except UnreadableYamlError as error:
        raise SettingsError(
            f"{name}, line {error.line}: this is not valid YAML: {printable(str(error))}; "
            "correct this line or the one before it"
        ) from None


def _mistakes_between_the_right(content: Any) -> list[Mistake]:
    """Return what is wrong between sources of a file with other mistakes, so that all are told at once."""
    try:
        sources = content["sources"]
        right = [(number, source) for number, each in enumerate(sources) if (source := _source(each))]
        cost_centers = [name for name in content["cost_centers"] if isinstance(name, str)]
    except (KeyError, TypeError):
        return []
    return list(_mistakes_between(right, cost_centers))


def _source(content: Any) -> Source | None:
    try:
        return Source.model_validate(content)
    except ValidationError:
        return None
