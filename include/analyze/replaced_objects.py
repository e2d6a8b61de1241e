"""Which objects were replaced while they were being analyzed: their findings are about another content.

Rekognition reads an object by bucket and key. In a bucket with versions the request names the version. In
others we look, after the call, whether the object is still the one that was listed: nothing else tells which
content was read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.core.errors import NO_OBJECT, error_code

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

Asset = Mapping[str, Any]

_PAGE = 1000
_ROOM = 50  # keys that may lie between those that are looked for
_BEFORE_PARSE = "before-parse.s3.ListObjectsV2"
_TIME = re.compile(rb"<LastModified>.*?</LastModified>")


def replaced_objects(s3: S3Client, assets: Iterable[Asset]) -> set[str]:
    """Return the media ids of those assets whose object is another one now, or gone.

    Keys that lie together, as those of a batch do, take one request for all; others one each.
    """
    by_bucket: defaultdict[str, dict[str, Asset]] = defaultdict(dict)
    for asset in assets:
        if not asset["version_id"]:
            by_bucket[asset["bucket"]][asset["key"]] = asset
    return {media_id for bucket, wanted in by_bucket.items() for media_id in _replaced(s3, bucket, wanted)}


def _replaced(s3: S3Client, bucket: str, wanted: Mapping[str, Asset]) -> Iterator[str]:
    present = _listed(s3, bucket, wanted)
    for key, asset in wanted.items():
        etag = present[key] if key in present else present_etag(s3, asset)
        if etag != asset["etag"]:
            yield asset["media_id"]


def _without_times(response_dict: dict[str, Any], **_: Any) -> None:
    response_dict["body"] = _TIME.sub(b"", response_dict["body"])


def _listed(s3: S3Client, bucket: str, wanted: Mapping[str, Asset]) -> dict[str, str]:
    """Return the ETags of what one page of a listing shows."""
    if len(wanted) == 1:
        return {}
    first, last = min(wanted), max(wanted)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    most = min(_PAGE, len(wanted) + _ROOM)
    # The listing begins after a key: one that comes just before the first.
    s3.meta.events.register(_BEFORE_PARSE, _without_times)  # parsing them takes most of the time of a listing
    try:
        reply = s3.list_objects_v2(Bucket=bucket, Prefix=first[:shared], StartAfter=first[:-1], MaxKeys=most)
    finally:
        s3.meta.events.unregister(_BEFORE_PARSE, _without_times)
    return {item["Key"]: item["ETag"].strip('"') for item in reply.get("Contents", [])}


def present_etag(s3: S3Client, asset: Asset) -> str | None:
    """Return the ETag of an asset's object as it would be read now, without quotes; None if it is gone."""
    if asset["version_id"]:
        return str(asset["etag"])
    try:
        return s3.head_object(Bucket=asset["bucket"], Key=asset["key"])["ETag"].strip('"')
    except ClientError as error:
        if error_code(error) in NO_OBJECT:
            return None
        raise
