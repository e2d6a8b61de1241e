"""Media whose keys hold every byte from U+0001 to U+001F, through every stage and into the tables."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from include.discover.listing import list_media
from local.stack.media_upload import Upload, upload
from tests.integration.conftest import LocalLake
from tests.integration.enriched_days import Days
from tools.query import Result, print_csv, print_json, print_table

pytestmark = pytest.mark.integration

DAY = "2026-09-17"
NAMES = [f"{number:02}{chr(number)}{chr(number)}.jpg" for number in range(1, 0x20)]


def begin_uploads(local_lake: LocalLake, keys: list[str]) -> None:
    """Begin uploads that nobody completes. The answer repeats the key, which makes unreadable XML."""
    once = Config(retries={"total_max_attempts": 1})
    s3 = local_lake.session.client("s3", config=once)
    for key in keys:
        with suppress(ClientError):
            s3.create_multipart_upload(Bucket=local_lake.settings.bucket, Key=key)


def test_media_with_every_control_character_in_their_keys(local_lake: LocalLake, tmp_path: Any) -> None:
    days = Days(local_lake)
    lake = days.lake(one=["image_properties"])
    uploads = []
    for number, name in enumerate(NAMES):
        path = tmp_path / name
        path.write_bytes(days.picture(number))
        uploads.append(Upload(path, days.key(DAY, name), date.fromisoformat(DAY)))
    upload(local_lake.client("s3"), local_lake.settings.bucket, uploads)

    days.discover(DAY, lake)
    assert days.enrich(DAY, lake)["assets"] == len(NAMES)

    statuses = days.analyses(DAY)
    ours = {name: statuses[name, "image_properties"] for name in NAMES}
    assert set(ours.values()) == {"succeeded"}
    prefix = days.key(DAY, "")
    rows = days.query(f"SELECT key, status FROM media_assets WHERE dt = '{DAY}' AND key LIKE '{prefix}%'")
    assert sorted(key for key, _ in rows) == sorted(prefix + name for name in NAMES)
    _check_printed(rows)


def _check_printed(rows: list[list[Any]]) -> None:
    """Every format of `make query` has the keys: tables a line for each, JSON and CSV the keys themselves."""
    printed = {}
    for write in (print_table, print_json, print_csv):
        out = io.StringIO(newline="")
        write(Result(("key", "status"), iter(rows)), out)
        printed[write] = out.getvalue()
    assert len(printed[print_table].split("\n")) == len(rows) + 4
    assert printed[print_table].replace("\n", "").isprintable()
    keys = [key for key, _ in rows]
    assert [row["key"] for row in json.loads(printed[print_json])] == keys
    table = csv.reader(io.StringIO(printed[print_csv], newline=""))
    assert [row[0] for row in table][1:] == keys


def test_unfinished_uploads_with_such_keys_are_rows_of_their_day(local_lake: LocalLake) -> None:
    days = Days(local_lake)
    lake = days.lake()
    keys = sorted(days.key(DAY, name) for name in (*NAMES, "a b+c%20.jpg"))
    begin_uploads(local_lake, keys)
    workspace = local_lake.workspace(days.run(DAY, "discover_media"), lake)
    workspace.s3.meta.events.register(
        "provide-client-params.s3.ListMultipartUploads", lambda params, **_: params | {"MaxUploads": 10}
    )
    found = [item for item in list_media(workspace) if item.key.startswith(days.prefix)]
    assert [item.key for item in found] == keys
    assert {item.defect.code for item in found if item.defect} == {"Uploading"}
