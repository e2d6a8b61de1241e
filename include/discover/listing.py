"""The objects of a day, found by the discovery method of each source.

``date_path`` takes what is in the folder of the day. The other methods go by a time in UTC. For
``last_modified`` and ``inventory`` that is S3's LastModified. A multipart upload has the LastModified of its
beginning, so an upload that is completed after midnight belongs to the day before. Until then it is listed
with the defect *Uploading* (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from include.core.errors import TerminalError
from include.core.lake import Source
from include.core.media_facts import Defect
from include.core.routes import route_of
from include.discover.events import list_from_events
from include.discover.inventory import list_from_inventory
from include.discover.listed_object import ListedObject
from include.store.content_identity import may_have_checksum
from include.store.workspace import Workspace

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import MultipartUploadTypeDef

_UPLOADING = Defect(
    "Uploading",
    "the upload was begun but not completed when the day was discovered; run the day again when it is",
)


class OtherRegionError(TerminalError):
    """A source lies where Rekognition cannot read it; the text says what to do."""


def list_media(workspace: Workspace) -> Iterator[ListedObject]:
    """Yield the objects of the run's day, one source after the other, without folder markers.

    :raises OtherRegionError: if Rekognition would refuse every object of a source.
    """
    for source in workspace.lake.sources:
        _refuse_other_region(workspace, source)
        yield from (item for item in _list_source(workspace, source) if not item.key.endswith("/"))


def _refuse_other_region(workspace: Workspace, source: Source) -> None:
    """Refuse a bucket of another region than the one in which Rekognition is asked to read it.

    "The AWS Region for the S3 bucket containing the S3 object must match the Region you use for Amazon
    Rekognition operations": https://docs.aws.amazon.com/rekognition/latest/APIReference/API_S3Object.html.
    """
    bucket, region = source.bucket or workspace.run.bucket, workspace.settings.region
    if not _rekognition_reads(source):
        return
    try:
        found = workspace.s3.head_bucket(Bucket=bucket).get("BucketRegion", region)
    except ClientError:
        return  # the listing says what is wrong
    if found != region:
        raise OtherRegionError(
            f"bucket {bucket} of source {source.name} is in {found}, but Rekognition is asked in {region} "
            f"and reads buckets of its own region only: copy the media to a bucket in {region}, or make a "
            f"lake of its own with MEDIA_LAKE_REGION={found}"
        )


def _rekognition_reads(source: Source) -> bool:
    """Whether Rekognition reads media of a source by itself; frames of videos are sent to it."""
    videos = source.features.get("video", {}).values()
    return bool(source.features.get("image")) or any(route_of(asked).name != "frames" for asked in videos)


def _list_source(workspace: Workspace, source: Source) -> Iterator[ListedObject]:
    s3, lake_bucket = workspace.s3, workspace.run.bucket
    day = date.fromisoformat(workspace.run.partition)
    bucket = source.bucket or lake_bucket
    if source.discovery == "inventory":
        return list_from_inventory(s3, source, bucket, day)
    if source.discovery == "events":
        return list_from_events(s3, source, bucket, lake_bucket, day)
    return _list_keys(s3, source, bucket, day)


def _list_keys(s3: S3Client, source: Source, bucket: str, day: date) -> Iterator[ListedObject]:
    """List the objects and unfinished uploads in a day's folder, or those of the day by their times."""
    prefix = source.prefix_of(day)
    by_time = source.discovery == "last_modified"
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            modified = item["LastModified"]
            if not by_time or modified.astimezone(UTC).date() == day:
                etag, checksum = item["ETag"].strip('"'), may_have_checksum(item)
                yield ListedObject(
                    source, bucket, item["Key"], etag, item["Size"], modified, may_have_checksum=checksum
                )
    for key, upload in _unfinished_uploads(s3, bucket, prefix):
        begun = upload["Initiated"]
        if not by_time or begun.astimezone(UTC).date() == day:
            yield ListedObject(source, bucket, key, f"upload-{upload['UploadId']}", 0, begun, _UPLOADING)


def _unfinished_uploads(
    s3: S3Client, bucket: str, prefix: str
) -> Iterator[tuple[str, MultipartUploadTypeDef]]:
    """Yield the key and the description of each multipart upload that was not completed.

    Keys are asked for URL-encoded, because XML cannot hold all that they may. botocore decodes them for lists
    of objects, but not here, and its paginator would send markers back encoded.
    """
    after: dict[str, Any] = {}
    while True:
        page = s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix, EncodingType="url", **after)
        decoded = unquote_plus if page.get("EncodingType") == "url" else str
        for upload in page.get("Uploads", []):
            yield decoded(upload["Key"]), upload
        if not page.get("IsTruncated"):
            return
        after = {"KeyMarker": decoded(page["NextKeyMarker"]), "UploadIdMarker": page["NextUploadIdMarker"]}
