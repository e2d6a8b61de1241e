"""Keys with any characters, as S3 takes them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

# XML 1.0 cannot hold the first 31 of these, except for tab, line feed and carriage return.
CHARACTERS = [*map(chr, range(1, 0x20)), "\x7f", "\x85", "\x9b", "\u202e", "\ufffe"]


def test_an_object_under_any_key_is_stored_listed_copied_and_deleted(
    client: Callable[[str], Any], bucket: str
) -> None:
    s3 = client("s3")
    keys = sorted(f"odd/{each}a{each}b{each}" for each in CHARACTERS)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
        s3.copy_object(Bucket=bucket, Key=f"copy/{key}", CopySource={"Bucket": bucket, "Key": key})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="odd/")["Contents"]] == keys
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)
    copies = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert copies == [f"copy/{key}" for key in keys]


def test_unfinished_uploads_are_listed_in_pages_with_their_keys_encoded(
    client: Callable[[str], Any], bucket: str
) -> None:
    s3 = client("s3")
    begin_uploads(s3, bucket, ["in/b", "in/a\n", "in/a\x01 +", "out/c"])
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": "in/", "EncodingType": "url", "MaxUploads": 2}
    first = s3.list_multipart_uploads(**request)
    assert [unquote(item["Key"]) for item in first["Uploads"]] == ["in/a\x01 +", "in/a\n"]
    assert (first["IsTruncated"], first["NextKeyMarker"]) == (True, "in/a%0A")
    after = {"KeyMarker": "in/a\n", "UploadIdMarker": first["NextUploadIdMarker"]}
    second = s3.list_multipart_uploads(**request, **after)
    assert [item["Key"] for item in second["Uploads"]] == ["in/b"]
    assert not second["IsTruncated"]


def begin_uploads(s3: Any, bucket: str, keys: list[str]) -> None:
    """Begin an upload of each key; the answer repeats the key, so its XML may be unreadable."""
    for key in keys:
        with suppress(ClientError):
            s3.create_multipart_upload(Bucket=bucket, Key=key)
