from __future__ import annotations

import io
import struct

import pytest

from include.discover.tiff_directory import HEIGHT, WIDTH, exif_orientation, first_directory

SHORT, LONG, ASCII = 3, 4, 2
ENTRIES = [(WIDTH, LONG, 1, 70_000), (HEIGHT, SHORT, 1, 200), (270, ASCII, 20, 8), (274, SHORT, 1, 6)]


def directory(order: str, entries: list[tuple[int, int, int, int]] = ENTRIES) -> bytes:
    """Return a TIFF structure with one directory.

    :param entries: tag, type, number of values and value of each.
    """
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(entries))
    values = {SHORT: "H2x", LONG: "I", ASCII: "I"}
    return head + b"".join(
        struct.pack(f"{order}2HI{values[kind]}", tag, kind, number, value)
        for tag, kind, number, value in entries
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_single_integers_are_read_in_both_byte_orders(order: str) -> None:
    data = directory(order)
    assert first_directory(io.BytesIO(data)) == {WIDTH: 70_000, HEIGHT: 200, 274: 6}
    assert exif_orientation(b"Exif\0\0" + data) == exif_orientation(data) == 6


def test_a_directory_is_read_as_far_as_it_goes() -> None:
    data = directory(">")
    assert first_directory(io.BytesIO(data[:-1])) == {WIDTH: 70_000, HEIGHT: 200}
    for end in range(10):
        assert first_directory(io.BytesIO(data[:end])) == {}


def test_the_first_of_two_entries_counts() -> None:
    assert exif_orientation(directory("<", [(274, SHORT, 1, 3), (274, SHORT, 1, 8)])) == 3
