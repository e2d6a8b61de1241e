from __future__ import annotations

import io
import logging
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

import include
from include.discover import MANIFEST_SCHEMA, Listed, discover, list_media
from include.objects import get_parquet
from include.run import Run
from include.schemas import TABLES
from include.settings import Lake

SAMPLE = Path(include.__file__).parent / "sample_media"
DAY = date(2026, 11, 20)


def a_lake(*sources: dict[str, Any]) -> Lake:
    base = {
        "name": "sample",
        "prefix": "raw/sample/",
        "cost_center": "team",
        "features": {"image": ["labels"]},
    }
    listed = [base | source for source in sources or ({},)]
    return Lake.model_validate({"cost_centers": {"team": {"title": "Team"}}, "sources": listed})


def jpeg(width: int = 100, height: int = 90, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (seed % 256, seed // 256 % 256, 0)).save(buffer, "JPEG")
    return buffer.getvalue()


def upload(s3: Any, name: str, body: bytes, day: str = "2026/11/20", prefix: str = "raw/sample/") -> str:
    key = f"{prefix}{day}/{name}"
    s3.put_object(Bucket="media-lake", Key=key, Body=body)
    return key


def manifest(s3: Any, run: Run) -> dict[str, dict[str, Any]]:
    return {row["key"].rsplit("/", 1)[1]: row for row in get_parquet(s3, run.manifest_uri()).to_pylist()}


def test_the_media_of_the_day_are_listed_and_no_others(s3: Any) -> None:
    upload(s3, "b.jpg", b"1")
    upload(s3, "a b+ü&.jpg", b"2")
    upload(s3, "other-day.jpg", b"3", day="2026/11/21")
    upload(s3, "other-source.jpg", b"4", prefix="raw/other/")
    upload(s3, "", b"")  # a folder marker
    listed = list(list_media(s3, a_lake(), "media-lake", DAY))
    assert [item.key.rsplit("/", 1)[1] for item in listed] == ["a b+ü&.jpg", "b.jpg"]
    assert [item.size for item in listed] == [1, 1]
    assert all('"' not in item.etag for item in listed)


def test_sources_have_prefixes_buckets_and_date_paths_of_their_own(s3: Any) -> None:
    s3.create_bucket(Bucket="elsewhere")
    s3.put_object(Bucket="elsewhere", Key="dt=2026-11-20/x.jpg", Body=b"x")
    upload(s3, "a.jpg", b"a")
    lake = a_lake({"name": "far", "bucket": "elsewhere", "prefix": "", "date_path": "dt=%Y-%m-%d/"}, {})
    listed = list(list_media(s3, lake, "media-lake", DAY))
    assert [(item.source.name, item.bucket, item.key) for item in listed] == [
        ("far", "elsewhere", "dt=2026-11-20/x.jpg"),
        ("sample", "media-lake", "raw/sample/2026/11/20/a.jpg"),
    ]


def listed(**changes: Any) -> Listed:
    item = Listed(a_lake().sources[0], "b", "k", "e", 1, datetime(2026, 11, 20, tzinfo=UTC))
    return replace(item, **changes)


def test_identity_of_an_object_and_of_its_bytes() -> None:
    changes: list[dict[str, Any]] = [{"bucket": "b2"}, {"key": "k2"}, {"etag": "e2"}]
    assert len({listed().media_id, *(listed(**change).media_id for change in changes)}) == 4
    assert listed().media_id == listed(last_modified=None).media_id
    assert listed().content_id == listed(bucket="b2", key="k2").content_id
    assert len({listed().content_id, listed(etag="e2").content_id, listed(size=2).content_id}) == 3


def test_the_manifest_says_what_is_there(s3: Any, run: Run) -> None:
    upload(s3, "picture.jpg", jpeg(120, 90))
    upload(s3, "copy.jpg", jpeg(120, 90))
    upload(s3, "film.mp4", (SAMPLE / "people-one-by-one.mp4").read_bytes())
    counts = discover(s3, a_lake(), run)
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
        "uri": run.manifest_uri(), "rows": 3, "images": 2, "videos": 1, "defective": 0, "ignored": 0,
    }  # fmt: skip


def test_the_manifest_has_the_columns_of_media_assets(s3: Any, run: Run) -> None:
    upload(s3, "picture.jpg", jpeg())
    discover(s3, a_lake(), run)
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
    with caplog.at_level(logging.WARNING):
        counts = discover(s3, a_lake(), run)
    rows = manifest(s3, run)
    assert set(rows) == {"empty.jpg", "page.jpg", "cut.jpg", "noise.mp4", "picture-without-a-name"}
    assert {name for name, row in rows.items() if not row["reason_code"]} == {"picture-without-a-name"}
    assert all(bool(row["reason_code"]) == bool(row["reason"]) for row in rows.values())
    assert (counts["rows"], counts["defective"], counts["ignored"]) == (5, 4, 1)
    assert "notes.txt" in caplog.text


def test_a_day_without_media_has_an_empty_manifest(s3: Any, run: Run) -> None:
    assert discover(s3, a_lake(), run)["rows"] == 0
    assert manifest(s3, run) == {}


def test_discovering_again_replaces_the_manifest(s3: Any, run: Run) -> None:
    key = upload(s3, "a.jpg", jpeg())
    discover(s3, a_lake(), run)
    s3.delete_object(Bucket="media-lake", Key=key)
    upload(s3, "b.jpg", jpeg())
    discover(s3, a_lake(), run)
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
    ],
)
def test_an_object_that_cannot_be_read_is_a_row_and_no_failure(
    s3: Any, run: Run, code: str, reason: str
) -> None:
    upload(s3, "odd.jpg", jpeg())
    upload(s3, "good.jpg", jpeg(seed=1))
    counts = discover(Faulty(s3, code), a_lake(), run)
    rows = manifest(s3, run)
    assert rows["odd.jpg"]["reason_code"] == reason
    assert rows["odd.jpg"]["media_type"] == "image"
    assert rows["good.jpg"]["reason_code"] is None
    assert (counts["rows"], counts["defective"]) == (2, 1)


def test_an_object_replaced_after_the_listing_is_noticed(s3: Any, run: Run) -> None:
    key = upload(s3, "a.jpg", jpeg())

    class Replacing(Faulty):
        def get_object(self, **request: Any) -> Any:
            s3.put_object(Bucket="media-lake", Key=key, Body=jpeg(seed=9))
            return s3.get_object(**request)

    discover(Replacing(s3, ""), a_lake(), run)
    assert manifest(s3, run)["a.jpg"]["reason_code"] == "Overwritten"


def test_denied_access_fails_and_leaves_no_manifest(s3: Any, run: Run) -> None:
    upload(s3, "odd.jpg", jpeg())
    with pytest.raises(ClientError, match="AccessDenied"):
        discover(Faulty(s3, "AccessDenied"), a_lake(), run)
    with pytest.raises(FileNotFoundError):
        get_parquet(s3, run.manifest_uri())


def test_a_missing_bucket_is_an_error(s3: Any, run: Run) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        discover(s3, a_lake({"bucket": "no-such-bucket-here"}), run)


def test_sources_that_overlap_give_an_object_once(s3: Any, run: Run) -> None:
    """One object under two sources would be two rows with one media id."""
    upload(s3, "a.jpg", jpeg())
    try:
        lake = a_lake({"name": "one"}, {"name": "two"})
    except ValueError:
        return
    discover(s3, lake, run)
    ids = get_parquet(s3, run.manifest_uri())["media_id"].to_pylist()
    assert len(ids) == len(set(ids))
