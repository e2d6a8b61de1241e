"""A walk over all that the lake keeps in S3: what is to go is found, or goes.

Each object is read once and written on condition that nobody replaced it meanwhile, so a walk may be repeated
and may meet runs that write. In a bucket with versions, earlier versions of what goes are deleted too.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.errors import CHANGED_OBJECT, NO_OBJECT, TransientError, error_code
from include.core.schemas import TABLES
from include.operate.erased_identity import Identity
from include.operate.object_rewrites import (
    Rewrite,
    archive_edit,
    drop_if_named,
    event_edit,
    message_edit,
    plan_edit,
    rename_in_rows,
    rewrite_lines,
    rewrite_rows,
    tells_names,
    usage_edit,
)
from include.store.objects import list_objects, split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

# Where erasures that are under way are written down.
PLANS = "staging/erasures/"
THREADS = 8
_AT_A_TIME = 1000
_ATTEMPTS = 5
# The day of the lake that a key is of.
DAY = re.compile(r"/dt=(\d{4}-\d\d-\d\d)/")

# Prefix of a key to the place that it is, and to what happens to objects there. The first that fits counts.
Chooser = Callable[[str], tuple[str, Rewrite] | None]


class BusyObjectError(TransientError):
    """Others replace an object again and again; the next attempt may meet it at rest."""


class Walk:
    """What a walk found, or took away.

    :param change: whether things go; otherwise they are counted.
    :param rename: gives the key under which an object that is rewritten is kept: its own may tell a name.
    :ivar objects: that have something of it, by place; ``rows`` likewise.
    :ivar days: days of the lake that these objects belong to.
    """

    def __init__(
        self, s3: S3Client, bucket: str, change: bool, rename: Callable[[str], str] = lambda key: key
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._rename = rename
        self.change = change
        self.objects: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self.days: set[str] = set()

    def over(self, prefixes: tuple[str, ...], choose: Chooser) -> Walk:
        """Walk over the objects below prefixes of the lake's bucket."""
        found = (
            (uri, *chosen)
            for prefix in prefixes
            for uri, item in list_objects(self._s3, f"s3://{self._bucket}/{prefix}")
            if (chosen := choose(item["Key"]))
        )
        with ThreadPoolExecutor(THREADS) as pool:
            while some := list(islice(found, _AT_A_TIME)):
                rows = pool.map(lambda each: self.visit(each[0], each[2]), some)
                for (uri, place, _), count in zip(some, rows, strict=True):
                    self._note(uri, place, count)
        return self

    def _note(self, uri: str, place: str, rows: int | None) -> None:
        if rows is not None:
            self.objects[place] += 1
            self.rows[place] += rows
            self.days.update(DAY.findall(uri))

    def counts(self) -> Iterator[tuple[str, int, int]]:
        """Yield place, objects and rows of what was met."""
        for place, objects in sorted(self.objects.items()):
            yield place, objects, self.rows[place]

    def visit(self, uri: str, rewrite: Rewrite) -> int | None:
        """Rewrite an object, if anything of it is to go.

        :return: how many of its rows that are; None if it stays as it is.
        """
        bucket, key = split_uri(uri)
        for _ in range(_ATTEMPTS):
            try:
                reply = self._s3.get_object(Bucket=bucket, Key=key)
                rewritten = rewrite(reply["Body"].read())
                if rewritten is None:
                    return None
                if self.change:
                    self._replace(key, rewritten.body, reply)
                return rewritten.rows
            except ClientError as error:
                if error_code(error) in NO_OBJECT:
                    return None
                if error_code(error) not in CHANGED_OBJECT:
                    raise
        raise BusyObjectError(f"{uri} is written again and again; erase once its run has ended")

    def drop(self, uri: str) -> None:
        """Delete an object, with all of its versions."""
        _, key = split_uri(uri)
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        if self._has_versions:
            self._purge(key)

    def _replace(self, key: str, body: bytes | None, reply: Any) -> None:
        kept = self._rename(key)
        if body is not None:
            condition = {"IfMatch": reply["ETag"]} if kept == key else {}
            self._s3.put_object(
                Bucket=self._bucket, Key=kept, Body=body, ContentType=reply["ContentType"], **condition
            )
        if body is None or kept != key:
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        if self._has_versions:
            self._purge(key)

    @cached_property
    def _has_versions(self) -> bool:
        return "Status" in self._s3.get_bucket_versioning(Bucket=self._bucket)

    def _purge(self, key: str) -> None:
        """Delete all earlier versions of a key."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
        for page in pages:
            for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                is_present = version["IsLatest"] and "ETag" in version
                if version["Key"] == key and not is_present:
                    self._s3.delete_object(Bucket=self._bucket, Key=key, VersionId=version["VersionId"])


def places_of(identity: Identity, salt: str) -> Chooser:
    """Return what says of each object of the lake what has to happen to it."""

    def choose(key: str) -> tuple[str, Rewrite] | None:
        day = DAY.search(key)
        top, _, rest = key.partition("/")
        name = rest.partition("/")[0]
        # Events of an object are of any day, and rows that are added of the day on which they were.
        any_day = top == "events" or (name in TABLES and TABLES[name].grows)
        if day and not any_day and identity.days is not None and day[1] not in identity.days:
            return None
        if top in ("curated", "staging"):
            return _table_or_list(key, f"{top}/{name}", identity, salt)
        return _elsewhere(top, key, identity, salt)

    return choose


def _table_or_list(key: str, place: str, identity: Identity, salt: str) -> tuple[str, Rewrite] | None:
    name = place.partition("/")[2]
    if name == "plans":
        return place, rewrite_lines(plan_edit(identity))
    if key.startswith(PLANS) or not key.endswith(".parquet"):
        return None
    if name in TABLES and tells_names(name):
        return place, rename_in_rows(identity, salt)
    return place, rewrite_rows(identity, for_athena=name != "manifests")


def _elsewhere(top: str, key: str, identity: Identity, salt: str) -> tuple[str, Rewrite] | None:
    if top in ("athena", "athena-people", "reports"):
        return top, drop_if_named(identity)
    edits = {
        "responses": archive_edit(identity),
        "usage_log": usage_edit(identity, salt),
        "events": event_edit(identity),
        "quarantine": message_edit(identity),
    }
    return (top, rewrite_lines(edits[top])) if top in edits and key.endswith(".ndjson.gz") else None
