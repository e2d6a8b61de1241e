"""Files of many batches become few large ones, in the order of their table's sort keys, before the audit.

The new files lie beside those of the batches. Their names tell from which files they were made, and how many
they are; so they count only while the batches' files are the same and all of them are there. Whoever dies in
between, or does it again, changes nothing that counts.
"""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from include.core.features import MediaType, run_tables
from include.core.run import Run
from include.core.schemas import TABLES, Table
from include.store.objects import get, list_objects, upload
from include.store.parquet import ROWS_PER_GROUP, file_schema, regrouped, write_parquet
from include.store.sorted_runs import SpilledRuns, merge
from include.store.staged_file import UnfitFileError, open_staged

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

# A file ends beyond it if what is left is enough for half a file: files have 64 to 192 MiB if there are more.
BYTES_PER_FILE = 128 * 2**20
# Of a table, in memory at a time, over all files that are merged; twice as many for a moment.
ROWS_IN_HAND = 200_000
READ_THREADS = 8

_COMPACTED = re.compile(r".*/compacted-(?P<digest>[0-9a-f]{16})-[0-9]{4}-of-(?P<count>[0-9]{4})\.parquet")


@dataclass(frozen=True)
class StagedFile:
    """A file of a table, as S3 lists it."""

    uri: str
    etag: str
    size: int


def staged_files(s3: S3Client, prefix_uri: str) -> list[StagedFile]:
    """Return the files that a table of a run consists of, in key order: compacted ones, if they are whole.

    :param prefix_uri: where the run staged the table.
    """
    written, compacted = _listed(s3, prefix_uri)
    return compacted or written


def compact(s3: S3Client, run: Run, media_type: MediaType) -> None:
    """Merge the files of each table that a run staged in more than one."""
    for name in run_tables(media_type):
        prefix = run.staged_uri(name, media_type)
        written, compacted = _listed(s3, prefix)
        if len(written) > 1 and not compacted:
            try:
                _compact(s3, TABLES[name], written, prefix)
            except UnfitFileError as error:
                log.warning("the files of batches stay as they are, for the audit to tell: %s", error)


def _listed(s3: S3Client, prefix_uri: str) -> tuple[list[StagedFile], list[StagedFile]]:
    """Return the files of batches, and those made of exactly them, none if one is missing."""
    found = [StagedFile(uri, item["ETag"], item["Size"]) for uri, item in list_objects(s3, prefix_uri)]
    names = {file.uri: _COMPACTED.fullmatch(file.uri) for file in found}
    written = [file for file in found if not names[file.uri]]
    digest = _digest(written)
    compacted = [file for file in found if (name := names[file.uri]) and name["digest"] == digest]
    counts = [int(name["count"]) for file in compacted if (name := names[file.uri])]
    return written, compacted if counts and len(counts) == counts[0] else []


def _digest(files: Iterable[StagedFile]) -> str:
    return hashlib.sha256("".join(f"{file.uri} {file.etag}\n" for file in files).encode()).hexdigest()[:16]


def _compact(s3: S3Client, table: Table, written: Sequence[StagedFile], prefix: str) -> None:
    """Merge files by way of the local disk, so that memory does not grow with them."""
    with tempfile.TemporaryDirectory(prefix="media-lake-") as folder:
        runs, schema = _spilled(s3, table, written, Path(folder))
        groups = regrouped(merge(runs.read(), table.sort_keys), ROWS_PER_GROUP)
        merged = _MergedRows((rows.cast(schema) for rows in groups), runs.rows)
        paths: list[Path] = []
        while merged.rows_left:
            paths.append(Path(folder) / f"{len(paths):04d}.parquet")
            with paths[-1].open("wb") as file:
                write_parquet(file, schema, merged.for_file(file), for_athena=True)
        for path in paths:
            name = f"compacted-{_digest(written)}-{path.stem}-of-{len(paths):04d}.parquet"
            upload(s3, prefix + name, path)
    log.info("%s: %d rows of %d files are in %d now", table.name, runs.rows, len(written), len(paths))


class _MergedRows:
    """Row groups on their way into files of even size.

    :ivar rows_left: that no file has.
    """

    def __init__(self, groups: Iterator[pa.Table], rows: int) -> None:
        self.rows_left = rows
        self._groups = groups

    def for_file(self, file: IO[bytes]) -> Iterator[pa.Table]:
        """Yield the row groups of one file, to be written one after the other."""
        rows = 0
        while self.rows_left and not self._is_full(file.tell(), rows):
            group = next(self._groups)
            rows += group.num_rows
            self.rows_left -= group.num_rows
            yield group

    def _is_full(self, size: int, rows: int) -> bool:
        return rows > 0 and size >= BYTES_PER_FILE and size / rows * self.rows_left >= BYTES_PER_FILE / 2


def _spilled(
    s3: S3Client, table: Table, written: Sequence[StagedFile], folder: Path
) -> tuple[SpilledRuns, pa.Schema]:
    """Read each file once, a sorted run, and return all of them with the schema that fits all."""
    schema = file_schema(table)
    runs = SpilledRuns(folder / "runs.arrow", schema, max(1, ROWS_IN_HAND // len(written)))
    declared: list[pa.Schema] = []
    with ThreadPoolExecutor(READ_THREADS) as pool:
        for start in range(0, len(written), READ_THREADS):
            uris = [file.uri for file in written[start : start + READ_THREADS]]
            for uri, body in zip(uris, pool.map(partial(get, s3), uris), strict=True):
                rows = open_staged(uri, body, schema).read()
                declared.append(rows.schema)
                runs.add(rows.cast(schema))
    return runs, pa.unify_schemas(declared)
