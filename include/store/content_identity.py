"""The identity of an object's bytes: objects that share it are copies, and are paid for once.

- ``etag:<ETag>:<bytes>``: the ETag of an object that was written in one part is the MD5 of its bytes, unless
  SSE-KMS or SSE-C encrypts it (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
- ``crc64nvme:<hex>:<bytes>`` or ``sha256:<hex>:<bytes>``: any other object by S3's checksum of the whole of
  it, if it has one (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
  Without one, its ETag has to do: copies in equal parts share it, those under SSE-KMS do not.

Earlier versions knew ETags alone. So whoever looks for an asset looks under :func:`identities_of` it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# Members of HeadObject's reply; other checksums are too short to tell the contents of a lake apart.
_CHECKSUMS = {"sha256": "ChecksumSHA256", "crc64nvme": "ChecksumCRC64NVME"}
_ALGORITHMS = {name.upper() for name in _CHECKSUMS}


def identity_by_etag(etag: str, size: int) -> str:
    """Return the identity that an ETag gives.

    :param etag: without quotes.
    :param size: in bytes.
    """
    return f"etag:{etag}:{size}"


def is_md5(etag: str, encryption: str | None) -> bool:
    """Whether an ETag is the MD5 of the object's bytes.

    :param encryption: ``ServerSideEncryption`` of a reply about the object; None if it has none.
    """
    return "-" not in etag and encryption in (None, "AES256")


def may_have_checksum(listed: Mapping[str, Any]) -> bool:
    """Whether HeadObject can give a checksum of the whole object.

    :param listed: what ListObjectsV2 says of it: algorithm and type of its checksum, but not the value.
    """
    whole = listed.get("ChecksumType") != "COMPOSITE"
    return whole and not _ALGORITHMS.isdisjoint(listed.get("ChecksumAlgorithm", ()))


def identity_by_checksum(s3: S3Client, bucket: str, key: str, etag: str, size: int) -> str | None:
    """Ask S3 for an object's checksum, and return the identity that it gives, or None.

    :raises botocore.exceptions.ClientError: 412 if the object has another ETag by now, 404 if it is gone.
    """
    reply = s3.head_object(Bucket=bucket, Key=key, IfMatch=f'"{etag}"', ChecksumMode="ENABLED")
    if reply.get("ChecksumType") == "COMPOSITE":  # a checksum of the parts' checksums
        return None
    for name, member in _CHECKSUMS.items():
        if value := reply.get(member):
            return f"{name}:{base64.b64decode(str(value)).hex()}:{size}"
    return None


def identities_of(asset: Mapping[str, Any]) -> Iterator[str]:
    """Yield the identities under which an asset may be known: its own, and that of earlier versions.

    :param asset: row of the manifest.
    """
    content_id, by_etag = asset["content_id"], identity_by_etag(asset["etag"], asset["size_bytes"])
    yield content_id
    if by_etag != content_id:
        yield by_etag
