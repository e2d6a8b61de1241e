"""ListObjectsV2 gives what S3 gives, and fast for many keys."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import FakeKey

from local.aws.s3_listing import SortedKeyStore

Client = Callable[[str], Any]

KEYS = ["a", "a/b", "a/b c+d&<e>.jpg", "a/ü", "b/1", "b/2", "b/3", "b0", "c%20d"]


def stored(name: str) -> FakeKey:
    return FakeKey(name, b"x", account_id="123456789012", region_name="us-east-1")


def test_sorted_key_store_stays_sorted_as_keys_come_and_go() -> None:
    store, expected, chance = SortedKeyStore(), set(), random.Random(7)
    for _ in range(2000):
        name = f"k{chance.randrange(300)}"
        if name in expected and chance.random() < 0.5:
            store.pop(name)
            expected.discard(name)
        else:
            store.setlist(name, [stored(name)])
            expected.add(name)
    assert [key.name for key in store.page("", "", 1000)] == sorted(expected)
    assert [key.name for key in store.page("k1", "k15", 3)] == sorted(
        k for k in expected if k.startswith("k1") and k > "k15"
    )[:3]
    with pytest.raises(KeyError):
        store.pop("none")
    assert [key.name for key in store.page("", "", 1000)] == sorted(expected)


def test_a_page_of_many_keys_is_fast() -> None:
    store = SortedKeyStore()
    key = stored("any")
    for number in range(100_000):
        dict.__setitem__(store, f"raw/{number:06d}", [key])
    store._names = sorted(store)
    started = time.perf_counter()
    assert len(store.page("raw/09", "raw/095000", 1000)) == 1000
    assert time.perf_counter() - started < 0.05


@pytest.fixture
def filled(client: Client, bucket: str) -> str:
    for key in KEYS:
        client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


@pytest.mark.integration
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, KEYS),
        ({"Prefix": "a/"}, ["a/b", "a/b c+d&<e>.jpg", "a/ü"]),
        ({"Prefix": "none"}, []),
        ({"StartAfter": "b/2"}, ["b/3", "b0", "c%20d"]),
        ({"Prefix": "b/", "StartAfter": "b/1"}, ["b/2", "b/3"]),
        ({"Prefix": "b/", "StartAfter": "a"}, ["b/1", "b/2", "b/3"]),
        ({"FetchOwner": True, "Prefix": "c%"}, ["c%20d"]),
    ],
)
def test_keys(client: Client, filled: str, arguments: dict[str, Any], expected: list[str]) -> None:
    for page_size in (1, 2, 1000):
        pages = (
            client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=filled, PaginationConfig={"PageSize": page_size}, **arguments)
        )
        assert [item["Key"] for page in pages for item in page.get("Contents", [])] == sorted(expected)


@pytest.mark.integration
def test_an_entry_matches_the_object(client: Client, filled: str) -> None:
    s3 = client("s3")
    (entry,) = s3.list_objects_v2(Bucket=filled, Prefix="a/b c")["Contents"]
    head = s3.head_object(Bucket=filled, Key="a/b c+d&<e>.jpg")
    assert (entry["ETag"], entry["Size"]) == (head["ETag"], head["ContentLength"])
    assert abs((entry["LastModified"] - head["LastModified"]).total_seconds()) < 1
    assert entry["StorageClass"] == "STANDARD"


@pytest.mark.integration
def test_delimiter(client: Client, filled: str) -> None:
    listed = client("s3").list_objects_v2(Bucket=filled, Delimiter="/")
    assert [item["Prefix"] for item in listed["CommonPrefixes"]] == ["a/", "b/"]
    assert [item["Key"] for item in listed["Contents"]] == ["a", "b0", "c%20d"]


@pytest.mark.integration
def test_deleted_and_new_keys_show_at_once(client: Client, filled: str) -> None:
    s3 = client("s3")
    s3.delete_object(Bucket=filled, Key="b/2")
    s3.put_object(Bucket=filled, Key="b/15", Body=b"")
    s3.put_object(Bucket=filled, Key="b/3", Body=b"new")
    listed = s3.list_objects_v2(Bucket=filled, Prefix="b/")
    assert [(item["Key"], item["Size"]) for item in listed["Contents"]] == [
        ("b/1", 3),
        ("b/15", 0),
        ("b/3", 3),
    ]
    s3.put_bucket_versioning(Bucket=filled, VersioningConfiguration={"Status": "Enabled"})
    marker = s3.delete_object(Bucket=filled, Key="b/1")
    assert s3.list_objects_v2(Bucket=filled, Prefix="b/")["KeyCount"] == 2
    s3.delete_object(Bucket=filled, Key="b/1", VersionId=marker["VersionId"])
    assert s3.list_objects_v2(Bucket=filled, Prefix="b/")["KeyCount"] == 3


@pytest.mark.integration
def test_bad_token_and_missing_bucket(client: Client, filled: str) -> None:
    s3 = client("s3")
    with pytest.raises(ClientError, match="continuation token"):
        s3.list_objects_v2(Bucket=filled, ContinuationToken="?")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="there-is-none")
    assert s3.list_objects_v2(Bucket=filled, MaxKeys=0)["KeyCount"] == 0


@pytest.mark.integration
def test_keys_put_at_the_same_time_are_all_listed(client: Client, bucket: str) -> None:
    keys = [f"k/{number:03d}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(
                lambda key: client("s3").put_object(Bucket=bucket, Key=key, Body=b"x"),
                random.sample(keys, 200),
            )
        )
    assert [item["Key"] for item in client("s3").list_objects_v2(Bucket=bucket)["Contents"]] == keys
