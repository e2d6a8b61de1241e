"""Where the files of a demonstration go."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from include.core.lake import Source
from local.stack.media_upload import complete_days, media_files, plan_uploads, upload
from local.stack.stack_settings import StackError

SOURCE = Source(name="sample", prefix="raw/sample/", cost_center="team", features={})


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def test_the_last_days_are_complete_ones_oldest_first() -> None:
    assert complete_days(date(2026, 3, 2), 3) == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]


@pytest.mark.parametrize("count", [0, -1, 367])
def test_a_senseless_number_of_days_is_refused(count: int) -> None:
    with pytest.raises(StackError, match=f"DAYS is {count}"):
        complete_days(date(2026, 3, 2), count)


def test_credits_and_hidden_files_stay_behind(tmp_path: Path) -> None:
    write(tmp_path, "b.jpg", "a.png", "CREDITS.md", "credits.txt", ".DS_Store", ".git/x.jpg", "sub/c.mp4")
    assert [path.relative_to(tmp_path).as_posix() for path in media_files(tmp_path)] == [
        "a.png",
        "b.jpg",
        "sub/c.mp4",
    ]


def test_a_missing_or_empty_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="is not a folder"):
        media_files(tmp_path / "nowhere")
    with pytest.raises(StackError, match="has no files"):
        media_files(write(tmp_path, "CREDITS.md"))


def test_a_name_that_no_key_can_have_is_refused_before_anything_starts(tmp_path: Path) -> None:
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    write(tmp_path, "a.jpg")
    (tmp_path / name).touch()
    with pytest.raises(StackError, match="not UTF-8"):
        media_files(tmp_path)


def test_files_are_dealt_out_to_the_days_in_turn_with_keys_as_they_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "b/é 100% + 2.jpg", "c%20d.png", "no-extension")
    days = complete_days(date(2026, 11, 22), 3)
    assert [item.key for item in plan_uploads(tmp_path, SOURCE, days)] == [
        "raw/sample/2026/11/19/a.jpg",
        "raw/sample/2026/11/20/b/é 100% + 2.jpg",
        "raw/sample/2026/11/21/c%20d.png",
        "raw/sample/2026/11/19/no-extension",
    ]


class RecordingS3:
    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: Any, ContentType: str) -> None:
        self.objects[f"{Bucket}/{Key}"] = (Body.read(), ContentType)


def test_files_are_written_with_their_content_type(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "b.mp4", "c")
    s3 = RecordingS3()
    upload(s3, "lake", plan_uploads(tmp_path, SOURCE, [date(2026, 11, 21)]))
    assert s3.objects == {
        "lake/raw/sample/2026/11/21/a.jpg": (b"a.jpg", "image/jpeg"),
        "lake/raw/sample/2026/11/21/b.mp4": (b"b.mp4", "video/mp4"),
        "lake/raw/sample/2026/11/21/c": (b"c", "application/octet-stream"),
    }
