"""lake.yaml in S3: what is asked, what is kept, and what is used while S3 is away."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from include.core.settings import SettingsError, load_settings
from include.store.lake_file import FRESH_SECONDS, fetch_lake, read_lake
from include.store.workspace import Deployment

LAKE = """
cost_centers: {team: {title: Team}}
sources:
  - {name: one, prefix: raw/one/, cost_center: team, features: {image: [labels]}}
"""
BUCKET = "lake-of-file"
PLACE = f"s3://{BUCKET}/config/lake.yaml"


class CountedS3:
    """A client of the S3 in memory, and the answers that it gave to GetObject."""

    def __init__(self, session: boto3.Session) -> None:
        self.client = session.client("s3")
        self.answers: list[int] = []
        self.client.meta.events.register("after-call.s3.GetObject", self._note)

    def __call__(self) -> Any:
        return self.client

    def put(self, text: str) -> None:
        self.client.put_object(Bucket=BUCKET, Key="config/lake.yaml", Body=text.encode())

    def _note(self, http_response: Any, **_: Any) -> None:
        self.answers.append(http_response.status_code)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files: copies are kept below it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def s3(aws_in_memory: SimpleNamespace) -> Iterator[CountedS3]:
    s3 = CountedS3(aws_in_memory.session)
    s3.client.create_bucket(Bucket=BUCKET)
    s3.put(LAKE)
    yield s3
    s3.client.delete_object(Bucket=BUCKET, Key="config/lake.yaml")
    s3.client.delete_bucket(Bucket=BUCKET)


def copies(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def grow_old(folder: Path, seconds: float = FRESH_SECONDS + 1) -> None:
    for path in copies(folder):
        asked = path.stat().st_mtime - seconds
        os.utime(path, (asked, asked))


def names(s3: CountedS3) -> list[str]:
    return [source.name for source in read_lake(PLACE, "media-lake", s3).sources]


def unreachable() -> Any:
    """A client whose S3 does not answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    return boto3.Session().client("s3", endpoint_url=f"http://127.0.0.1:{port}", config=config)


def test_a_young_copy_is_taken_and_an_older_one_is_asked_about_by_its_etag(
    s3: CountedS3, folder: Path
) -> None:
    assert names(s3) == names(s3) == ["one"]
    assert s3.answers == [200]
    grow_old(folder)
    assert names(s3) == names(s3) == ["one"]
    assert s3.answers == [200, 304]


def test_a_change_is_seen_when_the_copy_is_old(s3: CountedS3, folder: Path) -> None:
    names(s3)
    s3.put(LAKE.replace("name: one", "name: two"))
    assert names(s3) == ["one"]
    grow_old(folder)
    assert names(s3) == ["two"]
    assert len(copies(folder)) == 1


def test_a_person_sees_a_change_at_once(s3: CountedS3) -> None:
    names(s3)
    s3.put(LAKE.replace("name: one", "name: two"))
    assert fetch_lake(PLACE, "media-lake", s3).sources[0].name == "two"


def test_while_s3_is_away_the_last_copy_is_used_and_the_log_says_so(
    s3: CountedS3, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names(s3)
    grow_old(folder, 3600)
    with caplog.at_level(logging.WARNING):
        assert read_lake(PLACE, "media-lake", unreachable).sources[0].name == "one"
    assert "S3 does not answer" in caplog.text
    assert f"{PLACE} is used as it was 3600 s ago" in caplog.text


def test_without_a_copy_it_is_an_error_that_says_what_to_do(s3: CountedS3, folder: Path) -> None:
    for read in (read_lake, fetch_lake):
        with pytest.raises(SettingsError, match=f"{PLACE} cannot be read: .*MEDIA_LAKE_LAKE_FILE names it"):
            read(PLACE, "media-lake", unreachable)
    s3.client.delete_object(Bucket=BUCKET, Key="config/lake.yaml")
    with pytest.raises(SettingsError, match=r"NoSuchKey.*put the file there, or let the role"):
        names(s3)
    assert copies(folder) == []


def test_what_was_taken_away_is_not_used_any_longer(s3: CountedS3, folder: Path) -> None:
    names(s3)
    grow_old(folder)
    s3.client.delete_object(Bucket=BUCKET, Key="config/lake.yaml")
    with pytest.raises(SettingsError, match="NoSuchKey"):
        names(s3)


def test_a_wrong_text_is_refused_and_never_kept(s3: CountedS3, folder: Path) -> None:
    names(s3)
    grow_old(folder)
    s3.put(LAKE.replace("labels", "labls"))
    for _ in range(2):
        with pytest.raises(SettingsError, match=rf"^{PLACE}, line 4: source one: .*'labls'"):
            names(s3)
    s3.put(LAKE)
    assert names(s3) == ["one"]


def test_a_copy_that_others_could_have_written_is_not_read(s3: CountedS3, folder: Path) -> None:
    names(s3)
    copies(folder)[0].parent.chmod(0o777)
    names(s3)
    assert s3.answers == [200, 200]


def test_copies_are_for_their_owner_alone(s3: CountedS3, folder: Path) -> None:
    names(s3)
    (copy,) = copies(folder)
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_deployment_reads_its_lake_from_s3(
    s3: CountedS3, aws_in_memory: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_LAKE_FILE", PLACE)
    load_settings.cache_clear()
    clients = SimpleNamespace(client=lambda service, connections=10: aws_in_memory.session.client(service))
    assert Deployment(load_settings(), clients).lake.sources[0].name == "one"  # type: ignore[arg-type]
    load_settings.cache_clear()
