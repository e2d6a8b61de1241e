"""Which identity S3 gives the bytes of an object; its checksums over HTTP are in ``tests/integration``."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.store.content_identity import (
    identities_of,
    identity_by_checksum,
    identity_by_etag,
    is_md5,
    may_have_checksum,
)

BODY = b"a picture"


@pytest.mark.parametrize(
    ("etag", "encryption", "expected"),
    [
        ("0" * 32, None, True),
        ("0" * 32, "AES256", True),
        ("0" * 32 + "-2", "AES256", False),
        ("0" * 32, "aws:kms", False),
        ("0" * 32, "aws:kms:dsse", False),
    ],
)
def test_only_an_etag_of_one_part_that_no_key_encrypts_is_an_md5(
    etag: str, encryption: str | None, expected: bool
) -> None:
    assert is_md5(etag, encryption) == expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ({"ChecksumAlgorithm": ["CRC64NVME"], "ChecksumType": "FULL_OBJECT"}, True),
        ({"ChecksumAlgorithm": ["SHA256"], "ChecksumType": "FULL_OBJECT"}, True),
        ({"ChecksumAlgorithm": ["SHA256"], "ChecksumType": "COMPOSITE"}, False),
        ({"ChecksumAlgorithm": ["CRC32"], "ChecksumType": "FULL_OBJECT"}, False),
        ({}, False),
    ],
)
def test_a_listing_tells_whether_it_is_worth_a_request(listed: dict[str, Any], expected: bool) -> None:
    assert may_have_checksum(listed) == expected


def test_an_asset_is_known_by_its_content_and_by_its_etag() -> None:
    asset = {"content_id": "sha256:00:9", "etag": "e", "size_bytes": 9}
    assert list(identities_of(asset)) == ["sha256:00:9", "etag:e:9"]
    assert list(identities_of(asset | {"content_id": identity_by_etag("e", 9)})) == ["etag:e:9"]


def test_the_checksum_is_of_the_whole_object_and_of_this_version(s3: Any) -> None:
    def identity(**upload: Any) -> str | None:
        etag = s3.put_object(Bucket="media-lake", Key="raw/a.jpg", Body=BODY, **upload)["ETag"].strip('"')
        return identity_by_checksum(s3, "media-lake", "raw/a.jpg", etag, len(BODY))

    assert identity(ChecksumAlgorithm="SHA256") == f"sha256:{hashlib.sha256(BODY).hexdigest()}:{len(BODY)}"
    value = base64.b64encode(bytes(range(8))).decode()
    by_crc = identity(ChecksumAlgorithm="CRC64NVME", ChecksumCRC64NVME=value)
    assert by_crc == f"crc64nvme:0001020304050607:{len(BODY)}"
    assert identity(ChecksumAlgorithm="CRC32") is None
    with pytest.raises(ClientError, match="412"):
        identity_by_checksum(s3, "media-lake", "raw/a.jpg", "another", len(BODY))
