"""Media headers: damaged and made-up files, read as discovery reads an object of S3."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, NamedTuple, cast

import pyarrow as pa

from include.core.features import FEATURES
from include.core.media_facts import check_limits
from include.discover.discovery import MAX_BYTES, MAX_REQUESTS
from include.discover.media_probe import probe
from include.store.manifest import MANIFEST_SCHEMA
from include.store.object_reader import S3ObjectReader
from tests.fuzz.mutations import changed_bytes
from tests.include.discover.made_media import box, movie, picture

ROOT = Path(__file__).parents[2]
_MOST_SAMPLE_BYTES = 48 * 1024
_FACTS = ("format", "codec", "width", "height", "duration_ms", "frame_rate")
_NAMES = (
    "a.mp4",
    "a.jpg",
    "a",
    "a.mov\n",
    "\ud83d\udcf7.webm".encode("utf-16", "surrogatepass").decode("utf-16"),
)


class File(NamedTuple):
    """A file of S3, of which what follows the data is zeros.

    :param size: bytes in all.
    """

    data: bytes
    size: int
    name: str


class _Object:
    """The object's side of ``get_object``: ranges of a file, counted."""

    def __init__(self, file: File) -> None:
        self._file = file
        self.requests = 0
        self.bytes = 0

    def get_object(self, **request: Any) -> dict[str, Any]:
        first, last = map(int, request["Range"].removeprefix("bytes=").split("-"))
        assert 0 <= first <= last < self._file.size, "a range within the object"
        self.requests += 1
        self.bytes += last + 1 - first
        body = self._file.data[first : last + 1].ljust(last + 1 - first, b"\0")
        return {"Body": io.BytesIO(body)}


def make(random: Random) -> File:
    """Return a changed sample, or a structure made up from the parts of its format."""
    data = random.choice(_MAKERS)(random)
    size = len(data) + (random.choice((1, 10**6, 2**32, 2**40)) if random.random() < 0.03 else 0)
    return File(data, size, random.choice(_NAMES))


def check(file: File) -> None:
    """Look into a file, and put what was found where discovery puts it."""
    behind = _Object(file)
    reader = S3ObjectReader(
        cast("Any", behind), "b", file.name, file.size, "e", max_bytes=MAX_BYTES, max_requests=MAX_REQUESTS
    )
    facts = probe(cast("BinaryIO", reader), file.size, file.name)
    assert behind.requests <= MAX_REQUESTS, f"{behind.requests} requests"
    assert behind.bytes <= MAX_BYTES, f"{behind.bytes} bytes"
    row = {name: getattr(facts, name) for name in _FACTS}
    if facts.defect:
        row |= {"reason_code": facts.defect.code, "reason": facts.defect.message}
    pa.Table.from_pylist([row], schema=pa.schema([MANIFEST_SCHEMA.field(name) for name in row])).validate(
        full=True
    )
    for feature in FEATURES.values():
        if facts.media_type and (analysis := feature.analysis(facts.media_type)):
            check_limits(facts, file.size, analysis)


@cache
def _samples() -> list[bytes]:
    """Return the samples of the project and one file of each format, the long ones without their middle."""
    paths = [*(ROOT / "local/sample_media").glob("*.*"), *(ROOT / "tests/fixtures/media").iterdir()]
    files = [path.read_bytes() for path in sorted(paths) if path.suffix != ".md"]
    files += [movie("mp4"), movie("mp4", options={"movflags": "frag_keyframe+empty_moov"})]
    files += [movie(container) for container in ("mov", "matroska", "mpegts")]
    files += [movie("avi", "mpeg4"), movie("flv", "flv"), movie("asf", "mpeg4"), movie("mpeg", "mpeg2video")]
    files += [picture(kind, (64, 48)) for kind in ("JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP")]
    half = _MOST_SAMPLE_BYTES // 2
    return [data if len(data) <= 2 * half else data[:half] + data[-half:] for data in files]


def _sample(random: Random) -> bytes:
    return changed_bytes(random.choice(_samples()), random)


def _number(random: Random) -> int:
    return random.choice((0, 1, 2, 8, 16, random.randrange(256), random.randrange(2**32), 2**32 - 1))


_BOXES = (
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"stts", b"mvhd", b"tkhd", b"mdhd", b"hdlr",
    b"avc1", b"encv", b"sinf", b"frma", b"mvex", b"mehd", b"trex", b"moof", b"traf", b"tfhd", b"tfdt",
    b"trun", b"mdat", b"free", b"wide", b"skip", b"uuid", b"meta", b"mfra", b"mfro", b"tfra", b"sidx",
    b"edts", b"elst", b"cmov",
)  # fmt: skip


def _mp4(random: Random) -> bytes:
    brand = random.choice((b"isom", b"qt  ", b"mp42", b"crx ", b"dash", random.randbytes(4)))
    data = box(b"ftyp", brand + b"\0\0\0\0" + brand)
    for _ in range(random.choice((1, 2, 4, 8))):
        data += _boxes(random, random.choice((1, 3, 6, 40)))
    return changed_bytes(data, random) if random.random() < 0.3 else data


def _boxes(random: Random, depth: int) -> bytes:
    kind = random.choice(_BOXES)
    if depth == 0 or random.random() < 0.3:
        payload = _payload(random)
    else:
        payload = b"".join(_boxes(random, depth - 1) for _ in range(random.choice((1, 1, 1, 2))))
    made = box(kind, payload)
    if random.random() < 0.05:
        made = struct.pack(">I4s", _number(random) % 2**32, kind) + payload
    if random.random() < 0.03:
        made = (
            struct.pack(">I4sQ", 1, kind, random.choice((0, 16, len(payload) + 16, 2**40, 2**64 - 1)))
            + payload
        )
    if random.random() < 0.02:
        made *= min(random.choice((10, 1000, 100_000)), 2**20 // len(made) + 1)
    return made


def _payload(random: Random) -> bytes:
    words = [_number(random) % 2**32 for _ in range(random.choice((0, 1, 4, 20)))]
    return struct.pack(f">{len(words)}I", *words) + random.choice(
        (b"", b"vide", b"soun", random.randbytes(9))
    )


def _matroska(random: Random) -> bytes:
    kind = random.choice((b"matroska", b"webm"))
    return b"\x1a\x45\xdf\xa3\x93\x42\x82" + bytes([128 + len(kind)]) + kind + _elements(random, 4)


def _elements(random: Random, depth: int) -> bytes:
    ids = (
        b"\x18\x53\x80\x67",
        b"\x15\x49\xa9\x66",
        b"\x16\x54\xae\x6b",
        b"\xae",
        b"\x86",
        b"\xe0",
        b"\xb0",
        b"\x44\x89",
    )
    data = b""
    for _ in range(random.choice((1, 2, 5))):
        inner = (
            _elements(random, depth - 1)
            if depth and random.random() < 0.7
            else b"V_MPEG4/ISO/AVC"[: random.randrange(16)]
        )
        length = random.choice((len(inner), len(inner), _number(random)))
        data += (
            random.choice(ids)
            + (b"\x08" + (length % 2**32).to_bytes(4, "big") if random.random() < 0.9 else b"\xff")
            + inner
        )
    return data


def _jpeg(random: Random) -> bytes:
    data = b"\xff\xd8"
    for _ in range(random.choice((1, 4, 20, 300))):
        payload = random.choice(
            (b"", b"Exif\0\0MM\0*\0\0\0\x08", b"JFIF\0\1\1", b"ICC_PROFILE\0\1\1", b"MPF\0II*\0\x08\0\0\0")
        )
        payload += random.randbytes(random.choice((0, 6, 15, 60)))
        marker = random.choice(
            (0xC0, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xFF, 0xD9, 0x00)
        )
        length = len(payload) + 2 if random.random() < 0.95 else _number(random) % 2**16
        data += struct.pack(">BBH", 0xFF, marker, length) + payload
    return data


def _png(random: Random) -> bytes:
    kinds = (
        b"IHDR",
        b"IDAT",
        b"IEND",
        b"PLTE",
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"iCCP",
        b"eXIf",
        b"acTL",
        b"fcTL",
        b"fdAT",
        b"tRNS",
    )
    data = b"\x89PNG\r\n\x1a\n"
    for place in range(random.choice((1, 3, 10, 300))):
        kind = b"IHDR" if place == 0 and random.random() < 0.8 else random.choice(kinds)
        payload = struct.pack(">2I5B", _number(random) % 2**32, 9, 8, 2, 0, 0, 0) + random.randbytes(
            random.choice((0, 0, 9))
        )
        payload = random.choice((payload, b"a\0\0" + payload, b""))
        length = len(payload) if random.random() < 0.95 else _number(random) % 2**32
        data += struct.pack(">I4s", length, kind) + payload + random.randbytes(4)
    return data


def _tiff(random: Random) -> bytes:
    order = random.choice("<>")
    data = b"II*\0" if order == "<" else b"MM\0*"
    entries = random.choice((0, 1, 8, 300))
    data += struct.pack(f"{order}IH", 8, entries if random.random() < 0.9 else 65535)
    for _ in range(entries):
        tag = random.choice(
            (256, 257, 258, 259, 262, 273, 277, 278, 279, 330, 34665, 34675, _number(random) % 2**16)
        )
        data += struct.pack(
            f"{order}HHII", tag, random.randrange(20), _number(random) % 2**32, _number(random) % 2**32
        )
    return data + struct.pack(f"{order}I", random.choice((0, 8, 10, 2**31)))


_MAKERS: tuple[Callable[[Random], bytes], ...] = (
    _sample, _sample, _sample, _sample, _mp4, _mp4, _matroska, _jpeg, _png, _tiff,
)  # fmt: skip
