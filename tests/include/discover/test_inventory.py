from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from include.discover import inventory_rows
from include.discover.inventory import (
    InterruptedReaderError,
    InventoryError,
    InventoryPendingError,
    list_from_inventory,
    manifest_of,
)
from include.discover.listed_object import ListedObject
from tests.include.discover.conftest import a_lake
from tests.include.discover.inventories import (
    PARQUET,
    TITLES,
    csv_file,
    deliver,
    entry,
    parquet_file,
    repeated,
)

DAY = date(2026, 11, 20)
MODIFIED = "2026-11-20T12:00:00+00:00"
SOURCE = a_lake(
    {
        "bucket": "media",
        "prefix": "in/",
        "discovery": "inventory",
        "inventory": {"bucket": "inventories", "prefix": "lists", "id": "daily"},
    }
).sources[0]
WRITERS: dict[str, Any] = {"CSV": csv_file, "Parquet": parquet_file}


@pytest.fixture
def lists(s3: Any) -> Any:
    s3.create_bucket(Bucket="inventories")
    return s3


def found(s3: Any) -> list[ListedObject]:
    return list(list_from_inventory(s3, SOURCE, "media", DAY))


def keys(s3: Any) -> list[str]:
    return [item.key for item in found(s3)]


@pytest.mark.parametrize("file_format", WRITERS)
def test_the_objects_of_the_day_below_the_prefix(lists: Any, file_format: str) -> None:
    entries = [
        entry("in/before.jpg", "2026-11-19T23:59:59.999+00:00"),
        entry("in/first.jpg", "2026-11-20T00:00:00+00:00", "0cc175b9c0f1b6a831c399e269772661", 7),
        entry("in/last.jpg", "2026-11-20T23:59:59+00:00"),
        entry("in/after.jpg", "2026-11-21T00:00:00+00:00"),
        entry("elsewhere/a.jpg", MODIFIED),
    ]
    deliver(lists, [WRITERS[file_format](entries)], file_format)
    first, last = found(lists)
    assert (first.key, first.etag, first.size) == ("in/first.jpg", "0cc175b9c0f1b6a831c399e269772661", 7)
    assert (first.bucket, first.last_modified) == ("media", datetime(2026, 11, 20, tzinfo=UTC))
    assert last.key == "in/last.jpg"


@pytest.mark.parametrize("file_format", WRITERS)
def test_old_versions_and_delete_markers_are_no_objects(lists: Any, file_format: str) -> None:
    entries = [
        entry("in/new.jpg", MODIFIED, version_id="2", is_latest=True),
        entry("in/new.jpg", MODIFIED, version_id="1", is_latest=False),
        entry("in/gone.jpg", MODIFIED, None, None, version_id="4", is_delete_marker=True),
        entry("in/gone.jpg", MODIFIED, version_id="3", is_latest=False),
    ]
    deliver(lists, [WRITERS[file_format](entries)], file_format)
    assert keys(lists) == ["in/new.jpg"]


@pytest.mark.parametrize("file_format", WRITERS)
def test_keys_are_any_utf_8(lists: Any, file_format: str) -> None:
    wanted = [
        "in/NA",
        "in/null",
        "in/a b+c%20d%.jpg",
        'in/line\nbreak"quoted",\t.jpg',
        "in/café.jpg",
        "in/cafe\u0301.jpg",
        "in/📷.jpg",
        "in/" + "k" * 1021,
    ]
    deliver(lists, [WRITERS[file_format]([entry(key, MODIFIED) for key in wanted])], file_format)
    assert keys(lists) == wanted


@pytest.mark.parametrize("file_format", WRITERS)
def test_lists_of_current_versions_have_fewer_columns(lists: Any, file_format: str) -> None:
    titles = ("Bucket", "Key", "ETag", "LastModifiedDate", "Size")
    entries = [entry("in/a.jpg", MODIFIED)]
    if file_format == "CSV":
        deliver(lists, [csv_file(entries, titles)], "CSV", schema=", ".join(titles))
    else:
        columns = ("bucket", "key", "e_tag", "last_modified_date", "size")
        deliver(lists, [parquet_file(entries, columns)])
    assert keys(lists) == ["in/a.jpg"]


def test_a_list_has_many_files(lists: Any) -> None:
    wanted = [f"in/{number:04d}.jpg" for number in range(200)]
    entries = [entry(key, MODIFIED) for key in wanted]
    deliver(lists, [parquet_file(entries[:90]), parquet_file(entries[90:])])
    assert keys(lists) == wanted


def names_of(place: str) -> Sequence[dict[str, Any]]:
    return [entry(f"in/{place}.jpg", MODIFIED)]


def test_the_newest_list_counts(lists: Any) -> None:
    for at in ("2026-11-21T01-00Z", "2026-11-29T01-00Z", "2026-11-28T01-00Z", "2026-11-19T01-00Z"):
        deliver(lists, [parquet_file(names_of(at))], at=at)
    assert keys(lists) == ["in/2026-11-29T01-00Z.jpg"]


@pytest.mark.parametrize("at", [None, "2026-11-19T01-00Z", "2026-11-20T23-59Z"])
def test_a_list_that_cannot_have_the_whole_day_is_waited_for(lists: Any, at: str | None) -> None:
    if at:
        deliver(lists, [parquet_file(names_of("a"))], at=at)
    with pytest.raises(
        InventoryPendingError, match="begun after 2026-11-20; S3 delivers one within 48 hours"
    ):
        keys(lists)


def test_a_list_without_its_checksum_is_still_being_delivered(lists: Any) -> None:
    key = deliver(lists, [parquet_file(names_of("a"))])
    lists.delete_object(Bucket="inventories", Key=key.replace(".json", ".checksum"))
    with pytest.raises(InventoryPendingError, match=r"manifest\.checksum is not there yet"):
        keys(lists)


@pytest.mark.parametrize(("file_format", "column"), [("CSV", "ETag"), ("Parquet", "LastModifiedDate")])
def test_a_missing_column_is_named(lists: Any, file_format: str, column: str) -> None:
    if file_format == "CSV":
        titles = [title for title in TITLES if title != column]
        deliver(lists, [csv_file(names_of("a"), titles)], "CSV", schema=", ".join(titles))
    else:
        columns = [name for name in PARQUET.names if name != "last_modified_date"]
        deliver(lists, [parquet_file(names_of("a"), columns)])
    with pytest.raises(InventoryError, match=f"has no {column}; add it to the inventory's optional fields"):
        keys(lists)


def test_damaged_files_are_named(lists: Any) -> None:
    key = deliver(lists, [parquet_file(names_of("a"))])
    (data,) = [
        item["Key"]
        for item in lists.list_objects_v2(Bucket="inventories")["Contents"]
        if item["Key"].endswith(".parquet")
    ]
    body = lists.get_object(Bucket="inventories", Key=data)["Body"].read()
    lists.put_object(Bucket="inventories", Key=data, Body=body[:-1] + b"?")
    with pytest.raises(InventoryError, match=f"s3://inventories/{data} has MD5 .*: the file is damaged"):
        keys(lists)
    lists.delete_object(Bucket="inventories", Key=data)
    with pytest.raises(InventoryError, match=f"{data} is in the manifest but not in the bucket"):
        keys(lists)
    lists.put_object(Bucket="inventories", Key=key, Body=b"{}")
    with pytest.raises(InventoryError, match=f"s3://inventories/{key} has MD5"):
        keys(lists)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"no gzip at all", id="no gzip"),
        pytest.param(csv_file(names_of("a"), TITLES[:4]), id="columns missing"),
    ],
)
def test_a_file_that_is_not_what_the_manifest_says(lists: Any, body: bytes) -> None:
    deliver(lists, [body], "CSV")
    with pytest.raises(InventoryError, match=r"\.csv\.gz cannot be read"):
        keys(lists)


def test_a_file_that_unfolds_to_gigabytes_is_named(lists: Any) -> None:
    deliver(lists, [repeated("in/" + "k" * 500_000, rows=10_000)])
    with pytest.raises(
        InventoryError, match=r"s3://inventories/lists/media/daily/data/\w+\.parquet takes more"
    ):
        keys(lists)


def test_a_manifest_of_a_file_without_name() -> None:
    manifest = {"sourceBucket": "media", "fileFormat": "CSV", "fileSchema": "Key", "files": [{"key": ""}]}
    with pytest.raises(InventoryError, match="s3://b/m is not the manifest .*: files.0.key: String should"):
        manifest_of(json.dumps(manifest).encode(), "s3://b/m")


def test_a_reader_that_is_killed_is_tried_again(lists: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(lists, [parquet_file(names_of("a"))])
    monkeypatch.setattr(inventory_rows, "__file__", str(Path(__file__).parent / "killed_reader.py"))
    with pytest.raises(InterruptedReaderError, match="was ended by signal 9"):
        keys(lists)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"sourceBucket": "other"}, "lists bucket 'other', but source 'sample' is in 'media'"),
        ({"fileFormat": "ORC"}, "not the manifest of an inventory in CSV or Parquet"),
        ({"fileSchema": 17}, "not the manifest of an inventory in CSV or Parquet: fileSchema: "),
    ],
)
def test_a_manifest_of_something_else(lists: Any, members: dict[str, Any], message: str) -> None:
    deliver(lists, [], **members)
    with pytest.raises(InventoryError, match=message):
        keys(lists)
