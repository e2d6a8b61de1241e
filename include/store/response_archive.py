"""The archive of responses, from which every table can be derived again without paying.

A line is ``{analysis_key, operation, request, response, request_id, model_version, at}``. That of a frame of
a video has ``timestamp_ms`` too. Lines are kept in gzip-compressed NDJSON objects that are written before the
ledger says done.

Objects that other tools wrote again are read too: UTF-8 with a byte-order mark, and UTF-16 with one.
"""

from __future__ import annotations

import gzip
import io
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from include.core.errors import TerminalError
from include.core.features import ImageCall, VideoJob
from include.core.text_encoding import encoding_of
from include.store.objects import Row, get, list_uris, put_ndjson

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# What every line has, whoever wrote it.
_MEMBERS = {"analysis_key", "operation", "response"}

# Code and message of what was paid for, but is about another content than was listed.
REPLACED = (
    "ObjectReplaced",
    "the object was replaced or deleted after it was discovered; discover the day again",
)

# Member of a page that tells the time of a frame; no member of the API's responses is written like this.
FRAME_TIME = "frame-timestamp-ms"


class DamagedArchiveError(TerminalError, ValueError):
    """An archived object cannot be read; the text names it and says what to do."""


def now() -> str:
    """The present time as archived: ISO 8601, UTC, milliseconds."""
    return instant(time.time())


def instant(seconds: float) -> str:
    """An instant likewise.

    :param seconds: since the epoch.
    """
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def response_line(
    analysis_key: str,
    operation: str,
    request: Mapping[str, Any],
    response: dict[str, Any],
    model_version: str | None,
) -> Row:
    """Make the line of one response; boto3's ``ResponseMetadata`` gives the request id and is left out.

    :param model_version: from :func:`model_version`.
    """
    body = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    return {
        "analysis_key": analysis_key,
        "operation": operation,
        "request": request,
        "response": body,
        "request_id": response.get("ResponseMetadata", {}).get("RequestId"),
        "model_version": model_version,
        "at": now(),
    }


def model_version(
    call: ImageCall | VideoJob, parameters: Mapping[str, Any], response: Mapping[str, Any]
) -> str | None:
    """Return the version of the model that answered: as the response says, or as the request named it."""
    if call.model_version_member:
        return response.get(call.model_version_member)
    if isinstance(call, ImageCall) and call.model_parameter:
        return parameters.get(call.model_parameter)
    return None


def read_lines(s3: Any, uri: str) -> Iterator[Row]:
    """Yield the lines of an archived object, or of every object below a prefix that ends in a slash.

    :raises FileNotFoundError: if there is no such object.
    :raises DamagedArchiveError: if one does not hold lines of the archive.
    """
    for part in list_uris(s3, uri) if uri.endswith("/") else [uri]:
        body = get(s3, part)
        try:
            yield from _lines(body)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise DamagedArchiveError(
                f"{part} is no gzip-compressed NDJSON of archived responses ({error}): put back the object "
                "that the lake wrote, from an earlier version or a copy"
            ) from error


def mark_replaced(s3: S3Client, prefix: str) -> None:
    """Note in the archived pages of a job that it read another content than was listed.

    Lines of images say it likewise.

    :param prefix: of the pages.
    """
    first = list_uris(s3, prefix)[0]
    put_ndjson(s3, first, [line | {"replaced": True} for line in read_lines(s3, first)])


def page_of(line: Mapping[str, Any]) -> Any:
    """Return the response of a line as normalizers take it: that of a frame tells its time."""
    response = line["response"]
    if "timestamp_ms" not in line or not isinstance(response, dict):
        return response
    return {FRAME_TIME: line["timestamp_ms"], **response}


def frames_once(lines: Iterable[Row]) -> Iterator[Row]:
    """Yield the lines of one analysis, of a frame that was paid for twice only the first."""
    seen: set[int] = set()
    for line in lines:
        time = line.get("timestamp_ms")
        if time in seen:
            continue
        if time is not None:
            seen.add(time)
        yield line


def _lines(body: bytes) -> Iterator[Row]:
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
        encoding = encoding_of(file.peek(2))
        for text in io.TextIOWrapper(file, encoding):
            line = orjson.loads(text)
            if not isinstance(line, dict) or not line.keys() >= _MEMBERS:
                raise ValueError(f"a line lacks one of {', '.join(sorted(_MEMBERS))}")
            yield line
