from __future__ import annotations

import gzip
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.store import objects

ROWS = [{"n": 1, "text": "æ\n😀", "nested": {"list": [1.5, None, True]}}, {"n": 2}]


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://b/k", ("b", "k")),
        ("s3://b/a/b//c d+é.jpg", ("b", "a/b//c d+é.jpg")),
        ("s3://b/", ("b", "")),
        ("s3://b", ("b", "")),
    ],
)
def test_split_uri(uri: str, parts: tuple[str, str]) -> None:
    assert objects.split_uri(uri) == parts


def test_ndjson_comes_back_as_it_was_written(s3: Any) -> None:
    uri = "s3://media-lake/a b/x.ndjson.gz"
    size = objects.put_ndjson(s3, uri, iter(ROWS))
    assert list(objects.get_ndjson(s3, uri)) == ROWS
    stored = objects.get(s3, uri)
    assert size == len(stored)
    assert gzip.decompress(stored).count(b"\n") == 2


def test_equal_rows_make_equal_objects(s3: Any) -> None:
    objects.put_ndjson(s3, "s3://media-lake/1", ROWS)
    objects.put_ndjson(s3, "s3://media-lake/2", ROWS)
    assert objects.get(s3, "s3://media-lake/1") == objects.get(s3, "s3://media-lake/2")


def test_no_rows_are_an_object_without_rows(s3: Any) -> None:
    objects.put_ndjson(s3, "s3://media-lake/empty", [])
    assert list(objects.get_ndjson(s3, "s3://media-lake/empty")) == []


def test_ndjson_is_read_a_row_at_a_time(s3: Any) -> None:
    body = gzip.compress(b'{"n":1}\nno json\n')
    objects.put(s3, "s3://media-lake/torn", body)
    rows = objects.get_ndjson(s3, "s3://media-lake/torn")
    assert next(rows) == {"n": 1}
    with pytest.raises(ValueError, match="unexpected|JSON|invalid"):
        next(rows)


def test_missing_object_is_a_file_not_found_that_names_it(s3: Any) -> None:
    with pytest.raises(FileNotFoundError, match="s3://media-lake/nothing"):
        objects.get(s3, "s3://media-lake/nothing")


def test_missing_bucket_is_not_a_missing_object(s3: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        objects.get(s3, "s3://no-such-bucket-here/x")


def test_listing_goes_past_one_page_in_key_order(s3: Any) -> None:
    for number in range(1003):
        s3.put_object(Bucket="media-lake", Key=f"many/{number:04d}", Body=b"")
    s3.put_object(Bucket="media-lake", Key="other", Body=b"")
    uris = objects.list_uris(s3, "s3://media-lake/many/")
    assert uris == [f"s3://media-lake/many/{number:04d}" for number in range(1003)]


def test_delete_prefix_takes_what_is_below_and_nothing_else(s3: Any) -> None:
    for key in ("a/1", "a/b/2", "ab/3"):
        objects.put(s3, f"s3://media-lake/{key}", b"")
    objects.delete_prefix(s3, "s3://media-lake/a/")
    objects.delete_prefix(s3, "s3://media-lake/nothing/")
    assert objects.list_uris(s3, "s3://media-lake/") == ["s3://media-lake/ab/3"]


def test_a_large_object_is_written_in_one_request() -> None:
    calls = []

    class Client:
        def put_object(self, **request: Any) -> None:
            calls.append(request)

    size = objects.put_ndjson(Client(), "s3://b/k", ({"n": n} for n in range(10_000)))
    assert len(calls) == 1
    assert size == len(calls[0]["Body"])
    assert io.BytesIO(calls[0]["Body"]).read(2) == b"\x1f\x8b"
