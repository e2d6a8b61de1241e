from __future__ import annotations

import hashlib
from typing import Any

import pytest

from include.analyze.replaced_objects import replaced_objects
from include.store.objects import Row

BUCKET = "media-lake"


class Counting:
    """An S3 client that counts requests."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.meta = client.meta
        self.requests: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.requests.append(name)
            return getattr(self._client, name)(**arguments)

        return call


def upload(s3: Any, key: str, body: bytes = b"x") -> Row:
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return {
        "media_id": key,
        "bucket": BUCKET,
        "key": key,
        "version_id": None,
        "etag": hashlib.md5(body).hexdigest(),
    }


def test_what_is_as_it_was_is_not_named(s3: Any) -> None:
    assets = [upload(s3, f"raw/2026/{number}.jpg", bytes([number])) for number in range(20)]
    counting = Counting(s3)
    assert replaced_objects(counting, assets) == set()
    assert counting.requests == ["list_objects_v2"]


def test_the_client_lists_with_times_as_before_afterwards(s3: Any) -> None:
    replaced_objects(s3, [upload(s3, "raw/1"), upload(s3, "raw/2")])
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert all(item["LastModified"].year > 2000 for item in listed)


def test_what_was_replaced_or_deleted_is(s3: Any) -> None:
    assets = [upload(s3, f"raw/{number}.jpg") for number in range(5)]
    upload(s3, "raw/1.jpg", b"other")
    s3.delete_object(Bucket=BUCKET, Key="raw/3.jpg")
    assert replaced_objects(s3, assets) == {"raw/1.jpg", "raw/3.jpg"}


@pytest.mark.parametrize("key", ["a", "é", "raw/\U0001f600", "raw/a b+%41\n.jpg", "x" * 1024])
def test_any_key(s3: Any, key: str) -> None:
    asset = upload(s3, key)
    assert replaced_objects(s3, [asset]) == set()
    assert replaced_objects(s3, [asset, upload(s3, "zz")]) == set()
    upload(s3, key, b"other")
    assert replaced_objects(s3, [asset]) == {key}


def test_what_one_page_of_a_listing_does_not_show_is_asked_for(s3: Any) -> None:
    for number in range(1100):
        s3.put_object(Bucket=BUCKET, Key=f"raw/{number:04d}", Body=b"")
    assets = [upload(s3, "raw/0000"), upload(s3, "raw/zz")]
    counting = Counting(s3)
    assert replaced_objects(counting, assets) == set()
    assert counting.requests == ["list_objects_v2", "head_object"]


def test_a_version_cannot_be_replaced(s3: Any) -> None:
    asset = upload(s3, "a") | {"version_id": "v1", "etag": "other"}
    counting = Counting(s3)
    assert replaced_objects(counting, [asset]) == set()
    assert counting.requests == []
    assert replaced_objects(counting, []) == set()
