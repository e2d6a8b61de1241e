"""Discover: list the media of one day of the lake, look into their headers, and leave a manifest.

A day's media are the objects below the day's folder of each source. The content decides what an object is, never its
name; headers are read by ranged requests. An object that is neither media nor named like media is counted and left
out; everything else is in the manifest, with the reason if it can't be used.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from botocore.exceptions import ClientError

from include.media_probe import Defect, MediaFacts, media_type_of_name, probe
from include.object_reader import S3ObjectReader
from include.objects import Row, put_parquet
from include.run import Run
from include.schemas import TABLES
from include.settings import Lake, Source

log = logging.getLogger(__name__)

PROBE_THREADS = 16
PROGRESS_EVERY = 1000

MANIFEST_SCHEMA = pa.schema(
    [pa.field("media_type", pa.string(), nullable=False)]
    + [field for field in TABLES["media_assets"].arrow_schema if field.name != "status"]
)


@dataclass(frozen=True)
class Listed:
    """One object as the listing shows it.

    :param etag: without quotes.
    """

    source: Source
    bucket: str
    key: str
    etag: str
    size: int
    last_modified: Any

    @property
    def media_id(self) -> str:
        """Identity of this version of the object."""
        return hashlib.sha256(f"{self.bucket}\n{self.key}\n{self.etag}".encode()).hexdigest()[:32]

    @property
    def content_id(self) -> str:
        """Identity of the bytes. Equal ETag and size mean equal bytes: an ETag is the MD5 of a single-part upload, the
        digest of the parts' digests of a multipart one, and unique to the write under SSE-KMS
        (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html)."""
        return f"etag:{self.etag}:{self.size}"


def list_media(s3: Any, lake: Lake, lake_bucket: str, day: date) -> Iterator[Listed]:
    """Yield the objects of a day over all sources, in the order of sources and keys. Folder markers are left out.

    :param lake_bucket: bucket of sources that name none.
    """
    for source in lake.sources:
        bucket = source.bucket or lake_bucket
        prefix = source.prefix + day.strftime(source.date_path)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                if not item["Key"].endswith("/"):
                    etag = item["ETag"].strip('"')
                    yield Listed(source, bucket, item["Key"], etag, item["Size"], item["LastModified"])


def discover(s3: Any, lake: Lake, run: Run) -> dict[str, Any]:
    """Write the manifest of the run's partition.

    :return: ``{uri, rows, bytes, images, videos, defective, ignored}``.
    """
    listed = list_media(s3, lake, run.bucket, date.fromisoformat(run.partition))
    rows: list[Row] = []
    ignored: list[str] = []
    with ThreadPoolExecutor(PROBE_THREADS) as pool:
        for item, facts in pool.map(lambda item: (item, _look_into(s3, item)), listed):
            if facts.media_type is None:
                ignored.append(item.key)
            else:
                rows.append(_manifest_row(item, facts))
            if (len(rows) + len(ignored)) % PROGRESS_EVERY == 0:
                log.info("looked into %d objects of %s", len(rows) + len(ignored), run.partition)
    if ignored:
        log.warning(
            "%d objects are no media and were left out, such as %s", len(ignored), ", ".join(ignored[:5])
        )
    uri = run.manifest_uri()
    size = put_parquet(s3, uri, rows, MANIFEST_SCHEMA)
    counts = {kind: sum(row["media_type"] == kind for row in rows) for kind in ("image", "video")}
    defective = sum(row["reason_code"] is not None for row in rows)
    log.info(
        "%s: %d images, %d videos, of which %d cannot be used; %d other objects left out",
        run.partition, counts["image"], counts["video"], defective, len(ignored),
    )  # fmt: skip
    return {
        "uri": uri,
        "rows": len(rows),
        "bytes": size,
        "images": counts["image"],
        "videos": counts["video"],
        "defective": defective,
        "ignored": len(ignored),
    }


def _look_into(s3: Any, item: Listed) -> MediaFacts:
    reader = S3ObjectReader(s3, item.bucket, item.key, item.size, etag=item.etag)
    try:
        return probe(reader, item.size, item.key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("PreconditionFailed", "412"):
            defect = Defect(
                "Overwritten", "the object was replaced while it was being looked into; run the day again"
            )
        elif code in ("NoSuchKey", "404"):
            defect = Defect("Deleted", "the object was deleted after it was listed")
        elif code == "InvalidObjectState":
            defect = Defect("Archived", "the object is in an archive storage class; restore it first")
        else:
            raise
        return MediaFacts(media_type_of_name(item.key), defect=defect)


def _manifest_row(item: Listed, facts: MediaFacts) -> Row:
    return {
        "media_type": facts.media_type,
        "media_id": item.media_id,
        "source": item.source.name,
        "cost_center": item.source.cost_center,
        "bucket": item.bucket,
        "key": item.key,
        "version_id": None,
        "etag": item.etag,
        "size_bytes": item.size,
        "last_modified": item.last_modified.replace(tzinfo=None),
        "content_id": item.content_id,
        "format": facts.format,
        "codec": facts.codec,
        "width": facts.width,
        "height": facts.height,
        "duration_ms": facts.duration_ms,
        "frame_rate": facts.frame_rate,
        "reason_code": facts.defect.code if facts.defect else None,
        "reason": facts.defect.message if facts.defect else None,
    }
