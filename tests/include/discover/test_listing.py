from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest

from include.core.lake import Lake
from include.core.run import Run
from include.discover.listed_object import ListedObject
from include.discover.listing import OtherRegionError, list_media
from tests.include.discover.conftest import a_lake, jpeg, upload
from tests.workspaces import make_workspace

DAY = date(2026, 11, 20)


def listed(s3: Any, lake: Lake, day: date = DAY) -> list[ListedObject]:
    run = Run("media-lake", "discover_media", "r", day.isoformat())
    return list(list_media(make_workspace(run, boto3.Session(), lake=lake, s3=s3)))


def test_the_media_of_the_day_are_listed_and_no_others(s3: Any) -> None:
    upload(s3, "b.jpg", b"1")
    upload(s3, "a b+ü&.jpg", b"2")
    upload(s3, "other-day.jpg", b"3", day="2026/11/21")
    upload(s3, "other-source.jpg", b"4", prefix="raw/other/")
    upload(s3, "", b"")  # a folder marker
    found = listed(s3, a_lake())
    assert [item.key.rsplit("/", 1)[1] for item in found] == ["a b+ü&.jpg", "b.jpg"]
    assert [item.size for item in found] == [1, 1]
    assert all('"' not in item.etag for item in found)


def test_sources_have_prefixes_buckets_and_date_paths_of_their_own(s3: Any) -> None:
    s3.create_bucket(Bucket="elsewhere")
    s3.put_object(Bucket="elsewhere", Key="dt=2026-11-20/x.jpg", Body=b"x")
    upload(s3, "a.jpg", b"a")
    lake = a_lake({"name": "far", "bucket": "elsewhere", "prefix": "", "date_path": "dt=%Y-%m-%d/"}, {})
    assert [(item.source.name, item.bucket, item.key) for item in listed(s3, lake)] == [
        ("far", "elsewhere", "dt=2026-11-20/x.jpg"),
        ("sample", "media-lake", "raw/sample/2026/11/20/a.jpg"),
    ]


class Dated:
    """S3 whose pages give some keys other times than the store's; uploads too, whose time moto makes up."""

    def __init__(self, s3: Any, times: dict[str, datetime]) -> None:
        self._s3, self._times = s3, times

    def head_bucket(self, **request: Any) -> Any:
        return self._s3.head_bucket(**request)

    def list_multipart_uploads(self, **request: Any) -> Any:
        page = self._s3.list_multipart_uploads(**request)
        for item in page.get("Uploads", []):
            item["Initiated"] = self._times[item["Key"].rsplit("/", 1)[1]]
        return page

    def get_paginator(self, operation: str) -> Any:
        dated, pages = self, self._s3.get_paginator(operation)

        class Paginator:
            def paginate(self, **request: Any) -> Any:
                for page in pages.paginate(**request):
                    for item in page.get("Contents", []):
                        item["LastModified"] = dated._times[item["Key"].rsplit("/", 1)[1]]
                    yield page

        return Paginator()


def test_by_last_modified_the_day_is_that_of_utc(s3: Any) -> None:
    times = {
        "before.jpg": datetime(2026, 11, 19, 23, 59, 59, tzinfo=UTC),
        "first.jpg": datetime(2026, 11, 20, tzinfo=UTC),
        "local.jpg": datetime.fromisoformat("2026-11-21T01:00:00+02:00"),
        "last.jpg": datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC),
        "after.jpg": datetime(2026, 11, 21, tzinfo=UTC),
        "begun.mp4": datetime(2026, 11, 20, 23, 50, tzinfo=UTC),
        "other.mp4": datetime(2026, 11, 21, 0, 1, tzinfo=UTC),
    }
    for name in times:
        if name.endswith(".jpg"):
            upload(s3, name, jpeg(), day="any/folder")
        else:
            s3.create_multipart_upload(Bucket="media-lake", Key=f"raw/sample/{name}")
    found = listed(Dated(s3, times), a_lake({"discovery": "last_modified"}))
    assert [item.key.rsplit("/", 1)[1] for item in found if item.defect is None] == [
        "first.jpg",
        "last.jpg",
        "local.jpg",
    ]
    assert [(item.key, item.defect.code) for item in found if item.defect] == [
        ("raw/sample/begun.mp4", "Uploading")
    ]


def test_each_source_has_its_own_discovery_method(s3: Any) -> None:
    upload(s3, "dated.jpg", jpeg())
    upload(s3, "recent.jpg", jpeg(), prefix="drop/", day="x")
    lake = a_lake({}, {"name": "drop", "prefix": "drop/", "discovery": "last_modified"})
    today = datetime.now(UTC).date()
    assert [item.source.name for item in listed(s3, lake)] == ["sample"]
    assert [item.source.name for item in listed(s3, lake, today)] == ["drop"]


def test_a_missing_bucket_is_an_error(s3: Any) -> None:
    lake = a_lake({"bucket": "no-such-bucket-here", "discovery": "last_modified"})
    with pytest.raises(s3.exceptions.NoSuchBucket):
        listed(s3, lake)


def test_a_bucket_that_rekognition_cannot_read_is_refused_before_anything_is_listed(s3: Any) -> None:
    """Frames of videos are sent to Rekognition, so the region of their bucket does not matter."""
    where: Any = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="far", CreateBucketConfiguration=where)
    upload(s3, "a.jpg", b"a")
    with pytest.raises(OtherRegionError, match="bucket far of source sample is in eu-west-1, but"):
        listed(s3, a_lake({"bucket": "far"}))
    frames = {"video": [{"labels": {"route": "frames"}}]}
    assert listed(s3, a_lake({"bucket": "far", "features": frames})) == []
