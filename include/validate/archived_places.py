"""Where the responses of a run are archived, and which of these places are read, within bounds."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.core.errors import NOT_THERE, error_code
from include.store.objects import list_objects

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# Prefixes of the archive that are listed, and compressed bytes that are read, of a run: what is more is left
# to chance. 512 KiB have some 15,000 findings of 800 images, and take a quarter of a second.
LISTED_PREFIXES = 1000
READ_BYTES = 512 * 1024
_THREADS = 8


@dataclass(frozen=True)
class Place:
    """Where responses are archived.

    :param uri: an object, or the prefix of the pages of a job.
    :param objects: URI of each object there to its size in bytes.
    """

    uri: str
    objects: Mapping[str, int]

    @property
    def size(self) -> int:
        return sum(self.objects.values())


def find_places(
    s3: S3Client, uris: Iterable[str], chance: random.Random
) -> tuple[dict[str, Place], set[str]]:
    """Return which places there are, and those that were looked for.

    :param chance: chooses the prefixes that are listed, if there are more than ``LISTED_PREFIXES``.
    """
    by_prefix: defaultdict[str, list[str]] = defaultdict(list)
    for uri in sorted(set(uris)):
        by_prefix[uri if uri.endswith("/") else uri.rpartition("/")[0] + "/"].append(uri)
    prefixes = list(by_prefix)
    if len(prefixes) > LISTED_PREFIXES:
        prefixes = sorted(chance.sample(prefixes, LISTED_PREFIXES))
    with ThreadPoolExecutor(_THREADS) as pool:
        listed = list(pool.map(lambda prefix: _sizes(s3, prefix), prefixes))
    looked_for = {uri for prefix in prefixes for uri in by_prefix[prefix]}
    found = {
        uri: Place(uri, sizes if uri == prefix else {uri: sizes[uri]})
        for prefix, sizes in zip(prefixes, listed, strict=True)
        for uri in by_prefix[prefix]
        if (sizes if uri == prefix else uri in sizes)
    }
    return found, looked_for


def _sizes(s3: S3Client, prefix: str) -> dict[str, int]:
    """Return the size of each object below a prefix; none if there is no such bucket."""
    if not prefix.startswith("s3://"):
        return {}
    try:
        return {uri: item["Size"] for uri, item in list_objects(s3, prefix)}
    except ClientError as error:
        if error_code(error) not in NOT_THERE:
            raise
        return {}


def within_bytes(places: Iterable[Place], chance: random.Random) -> list[Place]:
    """Choose places that are ``READ_BYTES`` together at most, at random; at least the smallest one."""
    ordered = sorted(places, key=lambda place: place.uri)
    chance.shuffle(ordered)
    chosen, left = [], READ_BYTES
    for place in ordered:
        if place.size <= left:
            chosen.append(place)
            left -= place.size
    return chosen or sorted(ordered, key=lambda place: place.size)[:1]
