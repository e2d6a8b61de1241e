"""Upload a folder of media to the lake, spread over the days before today."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.core.lake import Source
from include.core.printable import escaped
from local.stack.stack_settings import StackError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

UPLOADS_AT_ONCE = 8


@dataclass(frozen=True)
class Upload:
    """One file and its place in the lake.

    :param key: S3 key; it may hold any characters.
    """

    path: Path
    key: str
    day: date


def media_files(folder: Path) -> list[Path]:
    """Return the files below a folder in the order of their paths, without hidden files and the credits.

    :raises StackError: if the folder does not exist or is empty, or a name is not UTF-8, as S3 keys have to
        be.
    """
    if not folder.is_dir():
        raise StackError(f"{folder} is not a folder; give a folder of images and videos with MEDIA=")
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and _is_wanted(path.relative_to(folder))
    )
    if not files:
        raise StackError(f"{folder} has no files; give a folder of images and videos with MEDIA=")
    for path in files:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise StackError(f"the name of {str(path)!r} is not UTF-8; rename the file") from None
    return files


def complete_days(today: date, count: int) -> list[date]:
    """Return the last ``count`` days before today, oldest first.

    :raises StackError: unless ``count`` is from 1 to 366.
    """
    if not 1 <= count <= 366:
        raise StackError(f"DAYS is {count}; it must be from 1 to 366")
    return [today - timedelta(days=back) for back in range(count, 0, -1)]


def plan_uploads(folder: Path, source: Source, days: Sequence[date]) -> list[Upload]:
    """Distribute the files over the days in turn. On the same day the same folder gets the same keys."""
    uploads = []
    for number, path in enumerate(media_files(folder)):
        day = days[number % len(days)]
        key = source.prefix + day.strftime(source.date_path) + path.relative_to(folder).as_posix()
        uploads.append(Upload(path, key, day))
    return uploads


def upload(s3: S3Client, bucket: str, uploads: Sequence[Upload]) -> None:
    """Write the files, each in one part, so that its ETag identifies its content."""
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        list(pool.map(lambda item: _upload_one(s3, bucket, item), uploads))


def _upload_one(s3: S3Client, bucket: str, item: Upload) -> None:
    content_type = mimetypes.guess_type(item.path.name)[0] or "application/octet-stream"
    with item.path.open("rb") as body:
        try:
            s3.put_object(Bucket=bucket, Key=item.key, Body=body, ContentType=content_type)
        except ClientError as error:
            raise StackError(f"{escaped(str(item.path))} cannot be put into the lake: {error}") from error


def _is_wanted(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and relative.stem.upper() != "CREDITS"
