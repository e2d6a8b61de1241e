"""What one file of an inventory may cost, in the process that reads it."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.discover import inventory_rows
from include.discover.inventory_rows import REFUSED, Question, UnusableFileError, write_rows
from tests.include.discover.inventories import (
    PARQUET,
    TITLES,
    csv_file,
    entry,
    parquet_file,
    repeated,
    with_less_claimed,
)

MODIFIED = "2026-11-20T12:00:00+00:00"
MEBIBYTE = 1024**2
QUESTION = Question("Parquet", (), "in/", "2026-11-20")
CSV_QUESTION = Question("CSV", TITLES, "in/", "2026-11-20")


class Ended(NamedTuple):
    status: int
    said: str
    rows: int
    peak_mebibytes: int


def read(tmp_path: Path, body: bytes, question: Question = QUESTION) -> Ended:
    """Read a file in a process of its own, as discovery does."""
    (tmp_path / "file").write_bytes(body)
    command = [sys.executable, "-P", inventory_rows.__file__, question.as_text()]
    with (tmp_path / "file").open("rb") as file, (tmp_path / "rows").open("w+b") as rows:
        ended = subprocess.run(
            [sys.executable, Path(__file__).parent / "peak_memory.py", *command],
            stdin=file, stdout=rows, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        rows.seek(0)
        count = sum(map(len, pa.ipc.open_stream(rows))) if ended.returncode == 0 else 0
    said, _, peak = ended.stderr.strip().rpartition("\n")
    return Ended(ended.returncode, said.strip(), count, int(peak))


def lying() -> bytes:
    """Return a file with a text of 100 MB, which its footer makes 2 MB."""
    body = repeated("k" * 10**8, rows=1)
    column = pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0)
    return with_less_claimed(body, column.total_uncompressed_size, 2_000_000)


BOMBS = {
    "a key of 500 kB, 10,000 times": (
        lambda: repeated("in/" + "k" * 500_000, rows=10_000),
        "takes more than 1,024 MiB to read",
    ),
    "10,000,000 rows": (lambda: repeated("in/a.jpg", rows=10**7), "claims 10,000,000 rows in"),
    "a text of 100 MB": (lambda: repeated("k" * 10**8, rows=1), "claims to unfold from"),
    "a footer that lies": (lying, "lists a key of 0 bytes or more than 1,024"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_file_that_unfolds_to_gigabytes_is_refused_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    make, reason = BOMBS[kind]
    body = make()
    ended = read(tmp_path, body)
    print(f"{kind}: {len(body)} bytes, {ended.peak_mebibytes} MiB, {ended.said}")
    assert ended.status == REFUSED
    assert reason in ended.said
    assert ended.peak_mebibytes < 600


def test_a_csv_line_without_end_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    piece = gzip.compress(b"k" * 64 * MEBIBYTE)  # members of gzip may follow each other
    ended = read(tmp_path, gzip.compress(b'"media","in/') + piece * 16, CSV_QUESTION)
    assert ended.status == REFUSED
    assert ended.said.startswith("cannot be read")
    assert ended.peak_mebibytes < 600


def test_a_csv_file_that_repeats_a_line_is_read_in_bounded_memory(tmp_path: Path) -> None:
    lines = gzip.decompress(csv_file([entry("in/a.jpg", MODIFIED)])) * 1000
    ended = read(tmp_path, gzip.compress(lines) * 200, CSV_QUESTION)
    assert (ended.status, ended.rows) == (0, 200_000)
    assert ended.peak_mebibytes < 600


def test_a_file_of_many_rows_is_read_in_pieces(tmp_path: Path) -> None:
    entries = [entry(f"in/{number:05d}.jpg", MODIFIED) for number in range(45_000)]
    assert read(tmp_path, parquet_file(entries)).rows == 45_000


def with_column(name: str, values: pa.Array) -> bytes:
    """Return a file of one object, of whose columns one is replaced."""
    table = pa.Table.from_pylist([entry("in/a.jpg", MODIFIED)], schema=PARQUET)
    buffer = io.BytesIO()
    pq.write_table(table.set_column(PARQUET.get_field_index(name), name, values), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "cannot be read", id="empty"),
        pytest.param(b"PAR1" + b"\0" * 100 + b"PAR1", "cannot be read", id="no footer"),
        pytest.param(with_column("key", pa.array([{"a": 1}])), "cannot be read", id="a key of members"),
        pytest.param(with_column("key", pa.array([None], pa.string())), "a key of 0 bytes", id="no key"),
        pytest.param(with_column("key", pa.array([b"\xff"])), "cannot be read", id="a key that is no UTF-8"),
        pytest.param(
            parquet_file([entry("in/" + "k" * 1022, MODIFIED)]), "a key of 0 bytes", id="a long key"
        ),
        pytest.param(with_column("size", pa.array([-1])), "a size below 0", id="a size below 0"),
        pytest.param(with_column("size", pa.array(["x"])), "cannot be read", id="a size that is a word"),
        pytest.param(with_column("e_tag", pa.array(["a\nb"])), "an odd ETag", id="an ETag of two lines"),
        pytest.param(with_column("is_latest", pa.array(["yes"])), "cannot be read", id="is_latest: yes"),
    ],
)
def test_what_s3_cannot_have_written_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(UnusableFileError, match=reason):
        write_rows(io.BytesIO(body), len(body), QUESTION, io.BytesIO())
