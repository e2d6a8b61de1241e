"""The manifest of a day: what ``discover`` found, read some rows at a time."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError
from numpy.typing import NDArray

from include.core.errors import NO_OBJECT, TerminalError, error_code
from include.core.features import MEBIBYTE, MediaType
from include.core.run import Run
from include.core.schemas import TABLES
from include.store.object_reader import S3ObjectReader
from include.store.objects import Row, split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# A row for each object, with the columns of media_assets but its status, which the day's run decides.
MANIFEST_SCHEMA = pa.schema(
    [pa.field("media_type", pa.string(), nullable=False)]
    + [column for column in TABLES["media_assets"].arrow_schema if column.name != "status"]
)
BLOCK_BYTES = MEBIBYTE
CACHED_BLOCKS = 48
# Rows in a batch of the survey, which reads three columns only; whole rows are read in smaller batches.
_COLUMN_ROWS = 50_000


class NoManifestError(TerminalError, FileNotFoundError):
    """The partition has no manifest; the text says how to make one."""


class ManifestReader:
    """The assets of one media type in a manifest, as it was when the reader was made."""

    def __init__(self, file: pq.ParquetFile, media_type: MediaType) -> None:
        self._file = file
        self._media_type = media_type

    @classmethod
    def open(cls, s3: S3Client, run: Run, media_type: MediaType) -> Self:
        """Open the manifest of a run's day.

        :raises NoManifestError: if the day was never discovered.
        """
        bucket, key = split_uri(run.manifest_uri())
        try:
            head = s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) not in NO_OBJECT:
                raise
            raise NoManifestError(
                f"{run.partition} has no manifest: run discover_media for that day first; "
                "it then starts this Dag"
            ) from None
        size = head["ContentLength"]
        reader = S3ObjectReader(
            s3,
            bucket,
            key,
            size,
            head["ETag"],
            block_bytes=BLOCK_BYTES,
            cached_blocks=CACHED_BLOCKS,
            # Two passes, which may fetch a block that two columns share more than once.
            max_bytes=10 * size + BLOCK_BYTES,
        )
        return cls(pq.ParquetFile(io.BufferedReader(reader, BLOCK_BYTES)), media_type)

    def survey(self) -> Survey:
        """Count what there is to plan, from three columns of the manifest."""
        sources: Counter[str] = Counter()
        hashes = [np.empty(0, np.int64)]
        for batch in self._file.iter_batches(_COLUMN_ROWS, columns=["media_type", "source", "content_id"]):
            mine = batch.filter(pc.field("media_type") == self._media_type)
            sources.update(mine.column("source").to_pylist())
            hashes.append(np.fromiter(map(hash, mine.column("content_id").to_pylist()), dtype=np.int64))
        return Survey(sources, np.concatenate(hashes))

    def chunks(self, rows: int) -> Iterator[list[Row]]:
        """Yield the assets in the order of the manifest, at most ``rows`` at a time."""
        for batch in self._file.iter_batches(rows):
            yield batch.filter(pc.field("media_type") == self._media_type).to_pylist()


class Survey(NamedTuple):
    """What the plan needs to know of a manifest before it plans the first row.

    :param sources: number of assets by source.
    :param hashes: hash of the content of each asset.
    """

    sources: Counter[str]
    hashes: NDArray[np.int64]


class RepeatedContent:
    """The contents that several assets of some manifests have, by their hashes: 8 bytes for each asset.

    Two contents may share a hash and then both count as repeated. A repeated content is never missed.
    """

    def __init__(self, hashes: NDArray[np.int64]) -> None:
        values, counts = np.unique(hashes, return_counts=True)
        self._hashes = frozenset(values[counts > 1].tolist())

    @classmethod
    def of(cls, surveys: Iterable[NDArray[np.int64]]) -> Self:
        """Find the contents that occur more than once in all surveys together."""
        return cls(np.concatenate([np.empty(0, np.int64), *surveys]))

    def __contains__(self, content_id: str) -> bool:
        return hash(content_id) in self._hashes


def discovered_days(s3: S3Client, bucket: str) -> list[str]:
    """Return the days that have a manifest, oldest first."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="staging/manifests/dt=", Delimiter="/"
    )
    folders = (folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", []))
    return sorted(folder.rsplit("dt=", 1)[1].strip("/") for folder in folders)
