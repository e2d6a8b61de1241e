"""Old versions of published tables, and what runs staged, go after a while; what readers have never does.

A version that readers no longer have stays as long as it is one of the newest of its set and not too old, so
that a day can go back to it. Files that no version names, such as those of a run that died while it copied,
go when they are too old.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from include.publish.glue_catalog import Catalog
from include.publish.publications import Publication, publications_of
from include.store.objects import delete, list_objects
from include.store.workspace import Deployment

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

# Queries that began before a day moved may still read its version. Athena ends them after half an hour
# (quota "DML query timeout").
GRACE = timedelta(hours=1)

# Everything that runs stage, but for manifests: they say what a day has, as long as there is a lake.
_MANIFESTS = "staging/manifests/"
_VERSION = re.compile(
    r"curated/(?P<table>\w+)/dt=(?P<day>[\d-]+)/(?:media_type=(?P<media_type>\w+)/)?version=(?P<version>[^/]+)/"
)


@dataclass
class _Files:
    """The files of one version of one table."""

    uris: list[str] = field(default_factory=list)
    newest: datetime | None = None

    def add(self, uri: str, modified: datetime) -> None:
        self.uris.append(uri)
        self.newest = max(modified, self.newest or modified)


# Table and version to files, of one set of one day.
_Set = defaultdict[tuple[str, str], _Files]


def expire(deployment: Deployment, now: datetime) -> Counter[str]:
    """Delete what has expired, and return how many objects that were: ``{curated, staging}``.

    :param now: what is older than ``kept_days`` before this instant has expired.
    """
    s3, settings = deployment.s3, deployment.settings
    oldest = now - timedelta(days=settings.kept_days)
    deleted: Counter[str] = Counter()
    for (day, media_type), files in _published_files(s3, settings.bucket).items():
        uris = list(_expired_files(deployment, day, media_type, files, now))
        delete(s3, uris)
        deleted["curated"] += len(uris)
    uris = [
        uri
        for uri, item in list_objects(s3, settings.uri("staging", ""))
        if item["LastModified"] < oldest and not item["Key"].startswith(_MANIFESTS)
    ]
    delete(s3, uris)
    deleted["staging"] += len(uris)
    return deleted


def _published_files(s3: S3Client, bucket: str) -> Mapping[tuple[str, str | None], _Set]:
    """Return the files of all versions, by day and media type; costs have none."""
    found: defaultdict[tuple[str, str | None], _Set] = defaultdict(lambda: defaultdict(_Files))
    for uri, item in list_objects(s3, f"s3://{bucket}/curated/"):
        if named := _VERSION.match(item["Key"]):
            files = found[named["day"], named["media_type"]]
            files[named["table"], named["version"]].add(uri, item["LastModified"])
    return found


def _expired_files(
    deployment: Deployment, day: str, media_type: str | None, files: _Set, now: datetime
) -> Iterator[str]:
    """Yield the files of a set that nobody needs any more."""
    if len({version for _, version in files}) == 1:
        return
    settings = deployment.settings
    oldest = now - timedelta(days=settings.kept_days)
    known = [
        each for each in publications_of(deployment.s3, settings.bucket, day) if each.media_type == media_type
    ]
    live = _live_versions(deployment, day, media_type, files)
    kept = live | _kept_versions(known, settings.kept_versions, oldest, now)
    named = {each.version for each in known}
    for (_, version), found in files.items():
        forgotten = version in named or (found.newest is not None and found.newest < oldest)
        if version not in kept and forgotten:
            yield from found.uris


def _live_versions(deployment: Deployment, day: str, media_type: str | None, files: _Set) -> set[str]:
    """Return the versions to which the catalog points: one, unless a publisher is at work."""
    catalog = Catalog(deployment.aws.client("glue"), deployment.settings.database)
    values = [day, media_type] if media_type else [day]
    locations = (catalog.location(table, values) for table in {table for table, _ in files})
    return {location.rstrip("/").rsplit("version=", 1)[-1] for location in locations if location}


def _kept_versions(known: list[Publication], count: int, oldest: datetime, now: datetime) -> set[str]:
    """Return the versions that a set may still go back to, and those that a query may still read."""
    ended = {each.version: after.published_at for each, after in pairwise(known)}
    newest = list(dict.fromkeys(each.version for each in reversed(known)))[:count]
    current = {known[-1].version} if known else set()
    recent = {version for version in newest if ended.get(version, now) >= oldest}
    read = {version for version, end in ended.items() if end > now - GRACE}
    return current | recent | read
