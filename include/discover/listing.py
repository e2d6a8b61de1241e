"""The ways in which the objects of a day are found: one for each ``discovery`` of a source.

All but the first go by a time: S3's LastModified, in UTC. Of a multipart upload that is when it was begun, so an
upload that is completed after midnight belongs to the day before; until then it is listed as what it is, an upload
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from typing import Any

from include.core.lake import Lake, Source
from include.core.media_facts import Defect
from include.discover.events import list_from_events
from include.discover.inventory import list_from_inventory
from include.discover.listed_object import Listed

_UPLOADING = Defect(
    "Uploading",
    "the upload was begun but not completed when the day was discovered; run the day again when it is",
)


def list_media(s3: Any, lake: Lake, lake_bucket: str, day: date) -> Iterator[Listed]:
    """Yield the objects of a day over all sources, one source after the other. Folder markers are left out.

    :param lake_bucket: bucket of the lake, also of sources that name none.
    """
    for source in lake.sources:
        bucket = source.bucket or lake_bucket
        if source.discovery == "inventory":
            found = list_from_inventory(s3, source, bucket, day)
        elif source.discovery == "events":
            found = list_from_events(s3, source, bucket, lake_bucket, day)
        else:
            found = _list_keys(s3, source, bucket, day)
        yield from (item for item in found if not item.key.endswith("/"))


def _list_keys(s3: Any, source: Source, bucket: str, day: date) -> Iterator[Listed]:
    """List what lies below the day's prefix: with a folder for each day all of it, else what is of the day."""
    by_time = source.discovery == "last_modified"
    place = {"Bucket": bucket, "Prefix": source.prefix_of(day)}
    for page in s3.get_paginator("list_objects_v2").paginate(**place):
        for item in page.get("Contents", []):
            modified = item["LastModified"]
            if not by_time or modified.astimezone(UTC).date() == day:
                etag = item["ETag"].strip('"')
                yield Listed(source, bucket, item["Key"], etag, item["Size"], modified)
    for page in s3.get_paginator("list_multipart_uploads").paginate(**place):
        for upload in page.get("Uploads", []):
            begun = upload["Initiated"]
            if not by_time or begun.astimezone(UTC).date() == day:
                etag = f"upload-{upload['UploadId']}"
                yield Listed(source, bucket, upload["Key"], etag, 0, begun, _UPLOADING)
