"""Reads one file of an S3 Inventory list in a process of its own, whose memory and CPU time are limited.

A file of 11 KB can unfold to gigabytes, and a footer can lie about that. Such a file ends this process and
not the task. ``inventory_rows.py QUESTION`` reads the file from standard input and writes its rows of the day
to standard output, as a stream of Arrow with :data:`ROWS`. Exit status 2 says that the file cannot be used;
standard error has the rest of the sentence then.

This file runs as a script, and imports nothing of the project, so that its process starts in 0.3 s.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, Literal
from urllib.parse import unquote_plus

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

# What a file may cost. A real one needs some 100 MiB and 0.1 CPU seconds per MiB.
MEMORY_BYTES = 1024**3
CPU_SECONDS = 60
CPU_SECONDS_PER_MEBIBYTE = 2
# What a Parquet file may claim: every object has a key of its own, which takes some bytes in any encoding.
MOST_ROWS_PER_BYTE = 16
MOST_UNFOLDING = 1000

REFUSED = 2

_MEBIBYTE = 1024**2
_BATCH_ROWS = 20_000
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
_CSV_BLOCK_BYTES = _MEBIBYTE
_MOST_KEY_BYTES = 1024
_NOT_OF_S3 = "S3 Inventory does not write such a file"

# Column of a CSV list, whose order the manifest states, to column of a Parquet list.
_COLUMNS = {
    "Key": "key",
    "Size": "size",
    "LastModifiedDate": "last_modified_date",
    "ETag": "e_tag",
    "IsLatest": "is_latest",
    "IsDeleteMarker": "is_delete_marker",
}
_OPTIONAL = {"is_latest", "is_delete_marker"}  # only in lists of all versions
_TYPES = {
    "key": pa.string(),
    "size": pa.int64(),
    "last_modified_date": pa.timestamp("ms", "UTC"),
    "e_tag": pa.string(),
    "is_latest": pa.bool_(),
    "is_delete_marker": pa.bool_(),
}

# What is told of each object.
ROWS = pa.schema([(name, _TYPES[name]) for name in ("key", "size", "last_modified_date", "e_tag")])


class UnusableFileError(Exception):
    """A file cannot be used; the text goes on after the file's name."""


@dataclass(frozen=True)
class Question:
    """What is wanted of a file.

    :ivar columns: titles of a CSV file's columns, in order.
    :ivar prefix: wanted keys begin with it.
    :ivar day: ISO 8601; wanted objects were last modified on it.
    """

    file_format: Literal["CSV", "Parquet"]
    columns: tuple[str, ...]
    prefix: str
    day: str

    def as_text(self) -> str:
        """Return the question as the command's argument."""
        return json.dumps(asdict(self))


def write_rows(file: IO[bytes], size: int, question: Question, out: IO[bytes]) -> None:
    """Write the current objects that a file lists for a day, as a stream of Arrow with :data:`ROWS`.

    :param size: bytes in the file.
    :raises UnusableFileError: if the file is not what it should be.
    :raises MemoryError: if it unfolds to more than this process may have.
    """
    try:
        with pa.ipc.new_stream(out, ROWS, options=_COMPRESSED) as writer:
            for batch in _objects(file, size, question):
                writer.write_batch(batch)
    except (UnusableFileError, MemoryError):
        raise
    except Exception as error:  # readers of damaged files raise errors of any kind
        raise UnusableFileError(f"cannot be read: {' '.join(str(error).split()):.500}") from error


def _objects(file: IO[bytes], size: int, question: Question) -> Iterator[pa.RecordBatch]:
    is_csv = question.file_format == "CSV"
    batches = _csv_batches(file, question.columns) if is_csv else _parquet_batches(file, size)
    for batch in _current_of_day(batches, date.fromisoformat(question.day)):
        keys = pc.cast(batch["key"], pa.string())
        if is_csv:  # only CSV has keys URL-encoded, as forms are
            keys = pa.array((unquote_plus(key, errors="strict") for key in keys.to_pylist()), pa.string())
        etags = pc.utf8_trim(pc.fill_null(pc.cast(batch["e_tag"], pa.string()), ""), '"')
        sizes = pc.fill_null(pc.cast(batch["size"], pa.int64()), 0)
        found = pa.RecordBatch.from_arrays([keys, sizes, batch["last_modified_date"], etags], schema=ROWS)
        _check_values(found)
        yield found.filter(pc.starts_with(keys, question.prefix))


def _check_values(found: pa.RecordBatch) -> None:
    """Refuse what no object of S3 has."""
    found.validate(full=True)
    key_bytes = pc.fill_null(pc.binary_length(found["key"]), 0)
    rules = {
        "a key of 0 bytes or more than 1,024": pc.and_(
            pc.greater(key_bytes, 0), pc.less_equal(key_bytes, _MOST_KEY_BYTES)
        ),
        "a size below 0": pc.greater_equal(found["size"], 0),
        "an odd ETag": pc.match_substring_regex(found["e_tag"], r"\A[!-~]{0,256}\z"),
    }
    for problem, kept in rules.items():
        if not pc.all(kept, min_count=0).as_py():
            raise UnusableFileError(f"lists {problem}: {_NOT_OF_S3}")


def _wanted(offered: Sequence[str]) -> list[str]:
    """Return the columns to read, by their names in Parquet."""
    missing = [title for title, name in _COLUMNS.items() if name not in offered and name not in _OPTIONAL]
    if missing:
        raise UnusableFileError(
            f"has no {' and no '.join(missing)}; add it to the inventory's optional fields"
        )
    return [name for name in _COLUMNS.values() if name in offered]


def _parquet_batches(file: IO[bytes], size: int) -> Iterator[pa.RecordBatch]:
    # The buffer keeps a whole column from being read at once.
    parquet = pq.ParquetFile(file, buffer_size=_MEBIBYTE, pre_buffer=False)
    names = _wanted(parquet.schema_arrow.names)
    _check_claims(parquet.metadata, size)
    yield from parquet.iter_batches(_BATCH_ROWS, columns=names, use_threads=False)


def _check_claims(metadata: pq.FileMetaData, size: int) -> None:
    """Refuse a footer that claims more than a list of this size can hold, before anything is decoded."""
    if metadata.num_rows > size * MOST_ROWS_PER_BYTE:
        raise UnusableFileError(
            f"claims {metadata.num_rows:,} rows in {size:,} bytes, more than {MOST_ROWS_PER_BYTE} a byte: "
            f"{_NOT_OF_S3}"
        )
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    unfolded = sum(
        group.column(place).total_uncompressed_size for group in groups for place in range(group.num_columns)
    )
    if unfolded > size * MOST_UNFOLDING:
        raise UnusableFileError(
            f"claims to unfold from {size:,} to {unfolded:,} bytes, more than {MOST_UNFOLDING:,} times: "
            f"{_NOT_OF_S3}"
        )


def _csv_batches(file: IO[bytes], titles: Sequence[str]) -> Iterator[pa.RecordBatch]:
    names = [_COLUMNS.get(title, title) for title in titles]
    wanted = _wanted(names)
    with pa.CompressedInputStream(pa.PythonFile(file, "r"), "gzip") as lines:
        yield from pa_csv.open_csv(
            lines,
            read_options=pa_csv.ReadOptions(
                column_names=names, block_size=_CSV_BLOCK_BYTES, use_threads=False
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: _TYPES[name] for name in wanted},
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )


def _current_of_day(batches: Iterable[pa.RecordBatch], day: date) -> Iterator[pa.RecordBatch]:
    """Yield the objects that were last modified on a day, without old versions and delete markers."""
    begin = datetime.combine(day, time(), UTC)
    for batch in batches:
        modified = pc.cast(batch["last_modified_date"], pa.timestamp("ms", "UTC"))
        wanted = pc.and_(
            pc.greater_equal(modified, pa.scalar(begin, modified.type)),
            pc.less(modified, pa.scalar(begin + timedelta(days=1), modified.type)),
        )
        if "is_latest" in batch.schema.names:
            wanted = pc.and_(wanted, pc.fill_null(batch["is_latest"], True))
        if "is_delete_marker" in batch.schema.names:
            wanted = pc.and_(wanted, pc.invert(pc.fill_null(batch["is_delete_marker"], False)))
        place = batch.schema.get_field_index("last_modified_date")
        yield batch.set_column(place, "last_modified_date", modified).filter(wanted)


def _limit_this_process(size: int) -> None:
    """Keep this process from having more memory and CPU time than a file of this size needs."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    seconds = CPU_SECONDS + size // _MEBIBYTE * CPU_SECONDS_PER_MEBIBYTE
    for limit, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, seconds)):
        resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(text: str) -> int:
    """Answer a question and return the exit status."""
    members = json.loads(text)
    question = Question(**members | {"columns": tuple(members["columns"])})
    file = sys.stdin.buffer
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    _limit_this_process(size)
    try:
        write_rows(file, size, question, sys.stdout.buffer)
    except UnusableFileError as error:
        print(error, file=sys.stderr)
    except MemoryError:
        print(f"takes more than {MEMORY_BYTES // _MEBIBYTE:,} MiB to read: {_NOT_OF_S3}", file=sys.stderr)
    else:
        return 0
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
