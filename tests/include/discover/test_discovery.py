from __future__ import annotations

import io
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

import include
from include.core.run import Run
from include.core.schemas import TABLES
from include.discover import discovery
from include.discover.discovery import DiscoveredMeanwhileError
from include.store.manifest import MANIFEST_SCHEMA
from include.store.objects import get
from tests.include.discover.conftest import a_lake, discover_day, jpeg, upload
from tests.parquet_objects import get_parquet

SAMPLE = Path(include.__file__).parents[1] / "local" / "sample_media"


def manifest(s3: Any, run: Run) -> dict[str, dict[str, Any]]:
    return {row["key"].rsplit("/", 1)[1]: row for row in get_parquet(s3, run.manifest_uri()).to_pylist()}


def test_the_manifest_says_what_is_there(s3: Any, run: Run) -> None:
    upload(s3, "picture.jpg", jpeg(120, 90))
    upload(s3, "copy.jpg", jpeg(120, 90))
    upload(s3, "film.mp4", (SAMPLE / "people-one-by-one.mp4").read_bytes())
    counts = discover_day(s3, run)
    rows = manifest(s3, run)
    picture, film = rows["picture.jpg"], rows["film.mp4"]
    assert (picture["media_type"], picture["format"], picture["width"], picture["height"]) == (
        "image",
        "JPEG",
        120,
        90,
    )
    assert (film["media_type"], film["format"], film["codec"]) == ("video", "MP4", "h264")
    assert film["duration_ms"] > 1000
    assert film["frame_rate"] > 1
    assert (picture["source"], picture["cost_center"], picture["version_id"]) == ("sample", "team", None)
    assert picture["content_id"] == rows["copy.jpg"]["content_id"]
    assert picture["media_id"] != rows["copy.jpg"]["media_id"]
    assert not any(row["reason_code"] for row in rows.values())
    assert counts.pop("bytes") > 0
    assert counts == {
        "uri": run.manifest_uri(),
        "rows": 3,
        "images": 2,
        "videos": 1,
        "defective": 0,
        "ignored": 0,
        "known": 0,
        "checksums": 0,
    }


def test_the_manifest_has_the_columns_of_media_assets(s3: Any, run: Run) -> None:
    upload(s3, "picture.jpg", jpeg())
    discover_day(s3, run)
    table = get_parquet(s3, run.manifest_uri())
    assert table.schema.names == MANIFEST_SCHEMA.names
    assert set(table.schema.names) == {"media_type", *TABLES["media_assets"].column_types} - {"status"}


def test_bad_files_are_in_the_manifest_with_their_reason_and_others_are_counted(
    s3: Any, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    upload(s3, "empty.jpg", b"")
    upload(s3, "page.jpg", b"<!DOCTYPE html><html></html>")
    upload(s3, "cut.jpg", jpeg()[:200])
    upload(s3, "noise.mp4", bytes(range(256)) * 20)
    upload(s3, "notes.txt", b"hello")
    upload(s3, "picture-without-a-name", jpeg())
    with caplog.at_level(logging.INFO):
        counts = discover_day(s3, run)
    rows = manifest(s3, run)
    assert set(rows) == {"empty.jpg", "page.jpg", "cut.jpg", "noise.mp4", "picture-without-a-name"}
    assert {name for name, row in rows.items() if not row["reason_code"]} == {"picture-without-a-name"}
    assert all(bool(row["reason_code"]) == bool(row["reason"]) for row in rows.values())
    assert (counts["rows"], counts["defective"], counts["ignored"]) == (5, 4, 1)
    assert "1 objects are not media" in caplog.text
    assert [name for name in (*rows, "notes.txt") if name in caplog.text] == []


def test_a_day_without_media_has_an_empty_manifest(s3: Any, run: Run) -> None:
    assert discover_day(s3, run)["rows"] == 0
    assert manifest(s3, run) == {}


def test_discovering_again_replaces_the_manifest(s3: Any, run: Run) -> None:
    key = upload(s3, "a.jpg", jpeg())
    discover_day(s3, run)
    s3.delete_object(Bucket="media-lake", Key=key)
    upload(s3, "b.jpg", jpeg())
    discover_day(s3, run)
    assert set(manifest(s3, run)) == {"b.jpg"}


class Faulty:
    """S3 whose GetObject fails for one key."""

    def __init__(self, s3: Any, code: str) -> None:
        self._s3, self._code = s3, code

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **request: Any) -> Any:
        if request["Key"].endswith("odd.jpg"):
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetObject")
        return self._s3.get_object(**request)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("PreconditionFailed", "Overwritten"),
        ("412", "Overwritten"),
        ("NoSuchKey", "Deleted"),
        ("404", "Deleted"),
        ("InvalidObjectState", "Archived"),
        ("AccessDenied", "Unreadable"),
        ("KMS.DisabledException", "Unreadable"),
        ("InvalidRequest", "Unreadable"),
    ],
)
def test_an_object_that_cannot_be_read_is_a_row_and_no_failure(
    s3: Any, run: Run, caplog: pytest.LogCaptureFixture, code: str, reason: str
) -> None:
    upload(s3, "odd.jpg", jpeg())
    upload(s3, "good.jpg", jpeg(seed=1))
    with caplog.at_level(logging.INFO):
        counts = discover_day(Faulty(s3, code), run)
    rows = manifest(s3, run)
    assert "odd.jpg" not in caplog.text
    assert (rows["odd.jpg"]["media_id"] in caplog.text) == (reason == "Unreadable")
    assert rows["odd.jpg"]["reason_code"] == reason
    assert rows["odd.jpg"]["media_type"] == "image"
    assert rows["good.jpg"]["reason_code"] is None
    assert (counts["rows"], counts["defective"]) == (2, 1)


def test_an_object_replaced_after_the_listing_is_noticed(s3: Any, run: Run) -> None:
    key = upload(s3, "a.jpg", jpeg())

    class Replacing(Faulty):
        def get_object(self, **request: Any) -> Any:
            if request["Key"] == key:
                s3.put_object(Bucket="media-lake", Key=key, Body=jpeg(seed=9))
            return s3.get_object(**request)

    discover_day(Replacing(s3, ""), run)
    assert manifest(s3, run)["a.jpg"]["reason_code"] == "Overwritten"


@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException", "NoSuchBucket"])
def test_a_bucket_of_which_nothing_can_be_read_fails_and_leaves_no_manifest(
    s3: Any, run: Run, code: str
) -> None:
    upload(s3, "odd.jpg", jpeg())
    with pytest.raises(ClientError, match=code):
        discover_day(Faulty(s3, code), run)
    with pytest.raises(FileNotFoundError):
        get_parquet(s3, run.manifest_uri())


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "ExpiredToken", "InvalidAccessKeyId"])
def test_trouble_that_is_none_of_the_object_fails_at_once(s3: Any, run: Run, code: str) -> None:
    upload(s3, "a.jpg", jpeg(seed=1))
    upload(s3, "odd.jpg", jpeg())
    with pytest.raises(ClientError, match=code):
        discover_day(Faulty(s3, code), run)


def test_a_missing_bucket_is_an_error(s3: Any, run: Run) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        discover_day(s3, run, a_lake({"bucket": "no-such-bucket-here"}))


class Counting(Faulty):
    """S3 that remembers which objects were read."""

    def __init__(self, s3: Any) -> None:
        super().__init__(s3, "")
        self.read: list[str] = []

    def get_object(self, **request: Any) -> Any:
        self.read.append(request["Key"].rsplit("/", 1)[1])
        return self._s3.get_object(**request)


def test_discovering_again_looks_only_into_what_is_new_or_could_not_be_used(s3: Any, run: Run) -> None:
    for name, body in {"a.jpg": jpeg(), "b.jpg": jpeg(seed=1), "bad.jpg": b"<html>"}.items():
        upload(s3, name, body)
    discover_day(s3, run)
    before = manifest(s3, run)
    upload(s3, "b.jpg", jpeg(seed=2))
    upload(s3, "c.jpg", jpeg(seed=3))
    counting = Counting(s3)
    counts = discover_day(counting, run)
    assert sorted(counting.read) == ["b.jpg", "bad.jpg", "c.jpg", "manifest.parquet"]
    after = manifest(s3, run)
    assert (counts["rows"], counts["known"], counts["defective"]) == (4, 1, 1)
    assert after["a.jpg"] == before["a.jpg"]
    assert after["b.jpg"]["etag"] != before["b.jpg"]["etag"]


@pytest.mark.parametrize("earlier", [False, True])
def test_a_manifest_written_meanwhile_is_not_replaced(s3: Any, run: Run, earlier: bool) -> None:
    upload(s3, "a.jpg", jpeg())
    if earlier:
        discover_day(s3, run)
        upload(s3, "z.jpg", jpeg(seed=4))

    class Slow(Faulty):
        def get_object(self, **request: Any) -> Any:
            if request["Key"].endswith(".jpg"):
                upload(s3, "b.jpg", jpeg(seed=1))
                discover_day(s3, run)
            return s3.get_object(**request)

    with pytest.raises(DiscoveredMeanwhileError, match="by another run"):
        discover_day(Slow(s3, ""), run)
    assert "b.jpg" in manifest(s3, run)
    assert discover_day(s3, run)["known"] == (3 if earlier else 2)


def test_an_unfinished_upload_is_in_the_manifest(s3: Any, run: Run) -> None:
    where = {"Bucket": "media-lake", "Key": "raw/sample/2026/11/20/film.mp4"}
    upload_id = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload_id, PartNumber=1, Body=jpeg())
    s3.create_multipart_upload(Bucket="media-lake", Key="raw/sample/2026/11/21/later.mp4")
    assert discover_day(s3, run)["defective"] == 1
    row = manifest(s3, run)["film.mp4"]
    assert (row["media_type"], row["reason_code"], row["size_bytes"]) == ("video", "Uploading", 0)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**where, UploadId=upload_id, MultipartUpload=parts)
    discover_day(s3, run)
    assert (manifest(s3, run)["film.mp4"]["reason_code"], len(manifest(s3, run))) == (None, 1)


def test_many_objects_are_written_in_row_groups_and_in_order(
    s3: Any, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(discovery, "ROW_GROUP", 10)
    monkeypatch.setattr(discovery, "WINDOW", 7)
    monkeypatch.setattr(discovery, "PROGRESS_SECONDS", 0)
    names = [f"{number:02d}.jpg" for number in range(35)]
    for number, name in enumerate(names):
        upload(s3, name, jpeg(seed=number))
    with caplog.at_level(logging.INFO):
        discover_day(s3, run)
    assert list(manifest(s3, run)) == names
    written = pq.ParquetFile(io.BytesIO(get(s3, run.manifest_uri())))
    assert [written.metadata.row_group(number).num_rows for number in range(4)] == [10, 10, 10, 5]
    assert "a minute" in caplog.text


def test_never_more_than_a_window_is_listed_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "WINDOW", 5)
    taken = 0

    def listing() -> Any:
        nonlocal taken
        for number in range(200):
            taken += 1
            yield number

    looks: Any = lambda item: item  # noqa: E731
    for given, item in enumerate(discovery._in_window(looks, listing(), "day")):
        assert item == given
        assert taken - given <= 7


KEYS = [
    "plain.jpg",
    "line\nbreak\r\ttab.jpg",
    "100%25 + 50%.jpg",
    "a+b c&d=e;f,g\"h'i<j>.jpg",
    "caf\u00e9.jpg",  # one code point
    "cafe\u0301.jpg",  # the same to the eye, two code points
    "\U0001f9d1\u200d\U0001f680 \u202eright to left.jpg",
    "\U0001f4f7" * 230 + ".jpg",  # with the folder of the day 946 bytes
    "k" * (1024 - len("raw/sample/2026/11/20/") - 4) + ".jpg",
]


def test_keys_are_any_utf_8(s3: Any, run: Run) -> None:
    for number, name in enumerate(KEYS):
        upload(s3, name, jpeg(seed=number))
    discover_day(s3, run)
    rows = get_parquet(s3, run.manifest_uri()).to_pylist()
    assert {row["key"] for row in rows} == {f"raw/sample/2026/11/20/{name}" for name in KEYS}
    assert [row["reason_code"] for row in rows] == [None] * len(KEYS)
    assert len({row["media_id"] for row in rows}) == len(KEYS)


def test_times_are_in_utc_without_saying_so(s3: Any, run: Run) -> None:
    upload(s3, "a.jpg", jpeg())
    discover_day(s3, run)
    modified = manifest(s3, run)["a.jpg"]["last_modified"]
    assert modified.tzinfo is None
    assert abs((datetime.now(UTC).replace(tzinfo=None) - modified).total_seconds()) < 60
