"""Over HTTP: what is about people lies under its key, and copies are known whatever their ETags."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from include.core.lake import Lake
from include.discover.discovery import discover
from include.store.objects import list_uris
from tests.integration.conftest import ROOT, LocalLake, picture
from tests.integration.enriched_days import Days
from tests.parquet_objects import get_parquet

pytestmark = pytest.mark.integration

PHOTO = (ROOT / "local" / "sample_media" / "grace-hopper.jpg").read_bytes()
PEOPLE_KEY = "arn:aws:kms:us-east-1:123456789012:key/0f0f0f0f-0000-4000-8000-000000000000"
SOURCE_KEY = PEOPLE_KEY.replace("0f0f0f0f", "50505050")


def test_findings_about_people_and_their_responses_are_under_their_key(local_lake: LocalLake) -> None:
    settings = local_lake.settings.model_copy(update={"people_kms_key_arn": PEOPLE_KEY})
    days, day = Days(replace(local_lake, settings=settings)), "2026-09-11"
    lake = days.lake(["faces", "labels"])
    days.put(day, "a.jpg", PHOTO + days.seed.to_bytes(4))  # bytes that nobody has paid for
    days.discover(day, lake)
    days.enrich(day, lake)
    s3, bucket = local_lake.client("s3"), settings.bucket

    def keys_below(*prefixes: str) -> set[str | None]:
        uris = [uri for prefix in prefixes for uri in list_uris(s3, f"s3://{bucket}/{prefix}/dt={day}/")]
        assert len(uris) >= len(prefixes)
        heads = (s3.head_object(Bucket=bucket, Key=uri.split("/", 3)[3]) for uri in uris)
        return {head.get("SSEKMSKeyId") for head in heads}

    assert keys_below("responses", "staging/faces", "curated/faces") == {PEOPLE_KEY}
    assert keys_below("staging/labels", "curated/labels", "curated/analyses", "usage_log") == {None}


def identities(days: Days, day: str, lake: Lake) -> tuple[dict[str, str], int]:
    """Discover a day, and return the content id of each file, and how many checksums were asked for."""
    workspace = days.local_lake.workspace(days.run(day, "discover_media"), lake)
    figures = discover(workspace)
    rows = get_parquet(workspace.s3, workspace.run.manifest_uri()).to_pylist()
    mine = {row["key"].rsplit("/", 1)[1]: row["content_id"] for row in rows if days.prefix in row["key"]}
    return mine, figures["checksums"]


def put_in_parts(s3: Any, bucket: str, key: str, body: bytes) -> str:
    """Write an object as a multipart upload, and return its CRC64NVME."""
    where = {"Bucket": bucket, "Key": key}
    upload = s3.create_multipart_upload(**where, ChecksumAlgorithm="CRC64NVME")["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=body)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    value: str = s3.head_object(**where, ChecksumMode="ENABLED")["ChecksumCRC64NVME"]
    return value


def test_copies_with_other_etags_are_paid_for_once_where_there_is_a_checksum(local_lake: LocalLake) -> None:
    s3, bucket = local_lake.client("s3"), local_lake.settings.bucket
    days, first, later = Days(local_lake), "2026-09-12", "2026-09-13"
    lake, body = days.lake(), days.picture(1)
    checksum = put_in_parts(s3, bucket, days.key(first, "in-parts.jpg"), body)
    known, asked = identities(days, first, lake)
    days.enrich(first, lake)
    assert (days.calls(), asked) == (1, 1)
    by_key: dict[str, Any] = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": SOURCE_KEY}
    by_checksum: dict[str, Any] = {"ChecksumAlgorithm": "CRC64NVME", "ChecksumCRC64NVME": checksum}
    etags = {s3.head_object(Bucket=bucket, Key=days.key(first, "in-parts.jpg"))["ETag"]}
    for name in ("copy.jpg", "again.jpg"):
        put = s3.put_object(Bucket=bucket, Key=days.key(later, name), Body=body, **by_key, **by_checksum)
        etags.add(put["ETag"])
    assert len(etags) == 3
    copies, asked = identities(days, later, lake)
    assert (set(copies.values()), asked) == ({known["in-parts.jpg"]}, 2)
    assert known["in-parts.jpg"].startswith("crc64nvme:")
    days.enrich(later, lake)
    assert days.calls() == 1
    assert set(days.analyses(later).values()) == {"reused"}
    # Discovered again, they are known: nobody is asked.
    assert identities(days, later, lake) == (copies, 0)


def test_without_a_checksum_the_etag_has_to_do(local_lake: LocalLake) -> None:
    s3, bucket = local_lake.client("s3"), local_lake.settings.bucket
    days, day = Days(local_lake), "2026-09-14"
    lake, body = days.lake(), picture(days.seed)
    days.put(day, "plain.jpg", body)
    days.put(day, "plain-copy.jpg", body)
    for name in ("encrypted.jpg", "encrypted-copy.jpg"):
        key = days.key(day, name)
        s3.put_object(
            Bucket=bucket, Key=key, Body=body, ServerSideEncryption="aws:kms", SSEKMSKeyId=SOURCE_KEY
        )
    found, asked = identities(days, day, lake)
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    assert found["plain.jpg"] == found["plain-copy.jpg"] == f"etag:{md5}:{len(body)}"
    assert (len(set(found.values())), asked) == (3, 0)
    days.enrich(day, lake)
    assert days.calls() == 3
