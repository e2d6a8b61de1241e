"""An archived object of responses to images: what its usage is, and what the ledger says of its analyses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from include.store.ledger import Entry
from include.store.objects import Row, put_ndjson
from include.store.response_archive import REPLACED
from include.store.usage_log import usage_lines

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# Places of include.core.run.Run: responses of a batch, by the run's token.
_CHUNK = re.compile(r"(s3://[^/]+)/responses/(dt=[^/]+/run=([^/]+))/([^/]+)/([^/]+\.ndjson\.gz)")


def is_chunk(uri: str) -> bool:
    """Whether an object of the archive has responses to images."""
    return _CHUNK.fullmatch(uri) is not None


def chunk_usage_uri(uri: str) -> str:
    """Return where the usage of an archived chunk is logged: under the chunk's name."""
    bucket, run, _, batch, name = _parts(uri)
    return f"{bucket}/usage_log/{run}/{batch}-{name}"


def log_chunk_usage(s3: S3Client, uri: str, lines: Iterable[Row]) -> None:
    """Log the usage of an archived chunk; a repetition replaces it."""
    usage: list[Row] = []
    for line in lines:
        usage += usage_lines(
            line["payer"],
            line["analysis_key"],
            line["feature"],
            line["request"],
            1.0,
            line["at"],
            reused=False,
        )
    put_ndjson(s3, chunk_usage_uri(uri), usage)


def chunk_entries(uri: str, lines: Iterable[Row]) -> Iterator[Entry]:
    """Yield the entry of each response: done, or failed if its object was replaced meanwhile."""
    _, _, token, batch, _ = _parts(uri)
    for line in lines:
        entry = Entry(
            key=line["analysis_key"],
            state="done",
            owner=f"{token}/{batch}",
            payer=orjson.dumps(line["payer"]).decode(),
            response_uri=uri,
            model_version=line["model_version"],
            completed_at=line["at"],
            units=1.0,
        )
        if line["replaced"]:
            code, message = REPLACED
            entry = replace(entry, state="failed", response_uri=None, error_code=code, error_message=message)
        yield entry


def _parts(uri: str) -> tuple[str, ...]:
    match = _CHUNK.fullmatch(uri)
    if match is None:
        raise ValueError(f"{uri} is no archived object of responses to images")
    return match.groups()
