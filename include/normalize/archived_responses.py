"""The archived responses of a batch, each archived object read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from include.normalize.members import JsonObject
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.response_archive import frames_once, page_of, read_lines

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class ArchivedResponse(NamedTuple):
    """What an operation answered for one analysis.

    :param pages: its response, the pages of a video job in order, or the responses to frames with their
        times; to be read once.
    """

    analysis_key: str
    operation: str
    pages: Iterable[JsonObject]


def archived_responses(s3: S3Client, entries: Mapping[str, Entry]) -> Iterator[ArchivedResponse]:
    """Yield what the archive has of each analysis that is done.

    The pages of a job are read as they are taken.

    :param entries: what the ledger knows, by analysis key.
    :raises FileNotFoundError: if an archived object is gone.
    """
    keys_by_uri: defaultdict[str, set[str]] = defaultdict(set)
    for key, entry in entries.items():
        if entry.state == "done" and entry.response_uri:
            keys_by_uri[entry.response_uri].add(key)
    for uri, keys in keys_by_uri.items():
        if uri.endswith("/"):
            (key,) = keys
            yield _video_response(s3, uri, key)
        else:
            yield from _image_responses(s3, uri, keys)


def _video_response(s3: S3Client, uri: str, key: str) -> ArchivedResponse:
    lines = frames_once(read_lines(s3, uri))
    first = next(lines, None)
    if first is None:
        raise FileNotFoundError(f"the archived responses under {uri} are gone")
    return ArchivedResponse(key, first["operation"], _pages(first, lines))


def _pages(first: Row, rest: Iterator[Row]) -> Iterator[JsonObject]:
    yield page_of(first)
    for line in rest:
        yield page_of(line)


def _image_responses(s3: S3Client, uri: str, keys: set[str]) -> Iterator[ArchivedResponse]:
    """Yield the responses of an object that belong to the keys, the first one of each key."""
    left = set(keys)
    for line in read_lines(s3, uri):
        key = line["analysis_key"]
        if key in left:
            left.remove(key)
            yield ArchivedResponse(key, line["operation"], [line["response"]])
