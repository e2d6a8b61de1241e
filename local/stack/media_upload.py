"""Put a folder of media into the lake, spread over the days before today."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from include.core.lake import Source
from local.stack.stack_settings import StackError

UPLOADS = 8


@dataclass(frozen=True)
class Upload:
    """One file and where it goes.

    :param key: S3 key, in which anything that UTF-8 can say may occur.
    """

    path: Path
    key: str
    day: date


def media_files(folder: Path) -> list[Path]:
    """Return the files below a folder in the order of their paths, without hidden ones and the credits.

    :raises StackError: if there is no such folder, nothing in it, or a name that is no UTF-8 and so can be no S3 key.
    """
    if not folder.is_dir():
        raise StackError(f"{folder} is no folder; give a folder of images and videos with MEDIA=")
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and _is_wanted(path.relative_to(folder))
    )
    if not files:
        raise StackError(f"there is no file in {folder}; give a folder of images and videos with MEDIA=")
    for path in files:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise StackError(f"the name of {str(path)!r} is not UTF-8; rename the file") from None
    return files


def complete_days(today: date, count: int) -> list[date]:
    """Return the last days before today, oldest first.

    :raises StackError: unless at least one is asked for.
    """
    if not 1 <= count <= 366:
        raise StackError(f"DAYS is {count}; it must be from 1 to 366")
    return [today - timedelta(days=back) for back in range(count, 0, -1)]


def plan_uploads(folder: Path, source: Source, days: Sequence[date]) -> list[Upload]:
    """Deal the files out to the days in turn, so that the same folder gives the same keys on the same day."""
    uploads = []
    for number, path in enumerate(media_files(folder)):
        day = days[number % len(days)]
        key = source.prefix + day.strftime(source.date_path) + path.relative_to(folder).as_posix()
        uploads.append(Upload(path, key, day))
    return uploads


def upload(s3: Any, bucket: str, uploads: Sequence[Upload]) -> None:
    """Write the files, each in one part so that its ETag tells its content."""
    with ThreadPoolExecutor(UPLOADS) as pool:
        list(pool.map(lambda item: _upload_one(s3, bucket, item), uploads))


def _upload_one(s3: Any, bucket: str, item: Upload) -> None:
    content_type = mimetypes.guess_type(item.path.name)[0] or "application/octet-stream"
    with item.path.open("rb") as body:
        s3.put_object(Bucket=bucket, Key=item.key, Body=body, ContentType=content_type)


def _is_wanted(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and relative.stem.upper() != "CREDITS"
