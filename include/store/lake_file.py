"""Reads ``lake.yaml`` where it is: from a file, or from an object of S3.

Each task is a process of its own, so what S3 had is kept on the local disk. A copy younger than
``FRESH_SECONDS`` is taken as it is; S3 is asked about an older one by its ETag. If S3 does not answer, the
last copy that was right is used. What S3 refuses, and a text that is wrong, is an error: somebody changed
something, and a run would go on paying for what it was before.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from include.core.errors import error_code, is_transient
from include.core.lake import Lake, load_lake, parse_lake
from include.core.settings import SettingsError
from include.store.objects import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

FRESH_SECONDS = 60
_UNCHANGED = "304"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Copy:
    """What S3 had.

    :param age: seconds since S3 was last asked.
    """

    etag: str
    text: bytes
    age: float = 0.0


def read_lake(place: Path | str, bucket: str, s3: Callable[[], S3Client]) -> Lake:
    """Read and check ``lake.yaml``; a change of an object is seen after ``FRESH_SECONDS`` at the latest.

    :param place: a file, or the URI of an object.
    :param bucket: the lake's own.
    :param s3: gives the client; it is called only if S3 has to be asked.
    :raises SettingsError: if there is none, it may not be read, or it is wrong.
    """
    if isinstance(place, Path):
        return load_lake(place, bucket)
    path = _path_of_copy(place)
    copy = _kept(path)
    if copy and 0 <= copy.age < FRESH_SECONDS:
        return parse_lake(copy.text, place, bucket)
    try:
        found = _fetched(s3(), place, copy)
    except (BotoCoreError, ClientError) as error:
        if copy is None or not is_transient(error):
            raise _unreadable(place, error) from error
        log.warning("S3 does not answer (%s); %s is used as it was %d s ago", error, place, copy.age)
        return parse_lake(copy.text, place, bucket)
    lake = parse_lake(found.text, place, bucket)
    _keep(path, found)
    return lake


def fetch_lake(place: Path | str, bucket: str, s3: Callable[[], S3Client]) -> Lake:
    """Read and check ``lake.yaml`` as it is now, for a person who has just changed it.

    :raises SettingsError: as :func:`read_lake` does.
    """
    if isinstance(place, Path):
        return load_lake(place, bucket)
    try:
        found = _fetched(s3(), place, None)
    except (BotoCoreError, ClientError) as error:
        raise _unreadable(place, error) from error
    return parse_lake(found.text, place, bucket)


def _fetched(s3: S3Client, uri: str, copy: _Copy | None) -> _Copy:
    bucket, key = split_uri(uri)
    condition: Any = {"IfNoneMatch": copy.etag} if copy else {}
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, **condition)
        return _Copy(answer["ETag"], answer["Body"].read())
    except ClientError as error:
        if copy and error_code(error) == _UNCHANGED:
            return copy
        raise


def _unreadable(uri: str, error: Exception) -> SettingsError:
    return SettingsError(
        f"{uri} cannot be read: {error}; MEDIA_LAKE_LAKE_FILE names it: put the file there, or let the role "
        "of Airflow's processes read it (s3:GetObject)"
    )


def _path_of_copy(uri: str) -> Path:
    name = hashlib.sha256(uri.encode()).hexdigest()[:32]
    return Path(tempfile.gettempdir()) / f"media-lake-{os.getuid()}" / name


def _kept(path: Path) -> _Copy | None:
    """Return the copy, unless somebody else could have written it."""
    try:
        folder = path.parent.stat()
        if folder.st_uid != os.getuid() or folder.st_mode & 0o022:
            return None
        asked = path.stat().st_mtime
        etag, _, text = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return _Copy(etag.decode(), text, time.time() - asked)


def _keep(path: Path, copy: _Copy) -> None:
    """Keep a copy; other processes see all of it or nothing. Without a disk, S3 is asked each time."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(copy.etag.encode() + b"\n" + copy.text)
        os.replace(file.name, path)
    except OSError as error:
        log.debug("no copy of the lake's file is kept: %s", error)
