"""Inventories: manifests, and files in CSV and Parquet, read as their own process does."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow as pa

from include.discover.inventory import InventoryError, manifest_of
from include.discover.inventory_rows import MEMORY_BYTES, Question, UnusableFileError, write_rows
from tests.fuzz.mutations import changed_bytes, changed_text, changed_value
from tests.include.discover.inventories import TITLES, csv_file, entry, parquet_file, repeated

_MANIFEST = {
    "sourceBucket": "media",
    "destinationBucket": "arn:aws:s3:::inventories",
    "version": "2016-11-30",
    "creationTimestamp": "1795222800000",
    "fileFormat": "CSV",
    "fileSchema": ", ".join(TITLES),
    "files": [{"key": "lists/data/a.csv.gz", "size": 9, "MD5checksum": "0" * 32}],
}


class List(NamedTuple):
    """What S3 may have delivered."""

    manifest: bytes
    file: bytes
    question: Question


@cache
def _files() -> tuple[bytes, str, list[bytes]]:
    entries = [entry(f"in/{number}é \n.jpg", "2026-11-20T12:00:00+00:00") for number in range(40)]
    entries += [entry("in/old.jpg", "2026-11-20T12:00:00+00:00", is_latest=False, e_tag=None)]
    packed = csv_file(entries)
    parquet = [parquet_file(entries), repeated("in/a.jpg", 2000), repeated("in/" + "k" * 10**5, 50)]
    return packed, gzip.decompress(packed).decode(), parquet


def make(random: Random) -> List:
    """Return a changed manifest and a changed file."""
    packed, text, parquet = _files()
    manifest = json.dumps(changed_value(_MANIFEST, random, rate=0.1)).encode()
    if random.random() < 0.3:
        manifest = changed_bytes(manifest, random)
    titles = tuple(random.sample(TITLES, len(TITLES))) if random.random() < 0.1 else TITLES
    titles = tuple(random.sample(TITLES, len(TITLES))) if random.random() < 0.1 else TITLES
    prefix = random.choice(("", "in/", "é"))
    roll = random.random()
    if roll < 0.5:
        file = _changed_parquet(random.choice(parquet), random)
        return List(manifest, file, Question("Parquet", (), prefix, "2026-11-20"))
    if roll < 0.6:
        file = changed_bytes(packed, random)
    else:
        file = gzip.compress(changed_text(text, random).encode("utf-8", "surrogatepass"), 1)
    return List(manifest, file, Question("CSV", titles, prefix, "2026-11-20"))


def _changed_parquet(data: bytes, random: Random) -> bytes:
    """Return a copy whose pages or whose footer are changed; the length of the footer is right."""
    begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    pages, footer = data[:begin], data[begin:-8]
    if random.random() < 0.5:
        pages = changed_bytes(pages, random)
    else:
        footer = changed_bytes(footer, random)
    return pages + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def check(given: List) -> None:
    """Read a manifest, and the rows of a file; what is found has to be what S3 can have."""
    with suppress(InventoryError):
        manifest_of(given.manifest, "s3://b/m")
    _in_a_process(lambda: _check_file(given))


def _check_file(given: List) -> None:
    rows = io.BytesIO()
    with suppress(UnusableFileError, MemoryError):
        write_rows(io.BytesIO(given.file), len(given.file), given.question, rows)
        for batch in pa.ipc.open_stream(rows.getvalue()):
            for row in batch.to_pylist():
                assert row["key"].startswith(given.question.prefix)
                assert 1 <= len(row["key"].encode()) <= 1024
                assert row["last_modified_date"].date().isoformat() == given.question.day
                assert row["size"] >= 0


def _in_a_process(work: Callable[[], None]) -> None:
    """Do something in a process that may end by a signal, as the process that reads a file may.

    :raises AssertionError: with what the work raised.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            _limit_memory()
            try:
                work()
            except BaseException:
                os.write(writing, traceback.format_exc()[-4000:].encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as said:
        problem = said.read()
    os.waitpid(child, 0)
    assert not problem, problem


def _limit_memory() -> None:
    """Let this process have as much more memory as the reader's own process may have."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY_BYTES, hard))
