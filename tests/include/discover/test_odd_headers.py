"""Whatever a header says, looking into it ends with facts or a defect, soon and in little memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

import pytest

from include.core.media_facts import MediaFacts
from tests.include.discover.made_media import look, movie, picture

INPUTS = 400  # of each kind
LIMIT_SECONDS = 5.0

_NUMBERS = (0, 1, 7, 8, 255, 256, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 1)

FILES = {
    "mp4": lambda: movie("mp4"),
    "fragmented": lambda: movie("mp4", options={"movflags": "frag_keyframe+empty_moov"}),
    "mov": lambda: movie("mov"),
    "matroska": lambda: movie("matroska"),
    "avi": lambda: movie("avi", "mpeg4"),
    "mpegts": lambda: movie("mpegts"),
    **{
        kind: lambda kind=kind: picture(kind, (64, 48))
        for kind in ("JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP")
    },
}


def mutations(data: bytes, random: Random, count: int) -> Iterator[bytes]:
    """Yield copies of a file with bytes and numbers changed, cut out, put in and repeated."""
    for _ in range(count):
        copy = bytearray(data)
        for _ in range(random.choice((1, 1, 2, 4, 16))):
            _change(copy, random)
        yield bytes(copy)


def _change(data: bytearray, random: Random) -> None:
    place = random.randrange(min(len(data), random.choice((600, len(data)))) or 1)
    match random.choice(("byte", "byte", "number", "number", "cut", "noise", "repeat")):
        case "byte":
            data[place : place + 1] = random.randbytes(1)
        case "number":
            order = "big" if random.random() < 0.5 else "little"
            data[place : place + 4] = random.choice(_NUMBERS).to_bytes(4, order)
        case "cut":
            del data[place : place + random.randrange(1, 64)]
        case "noise":
            data[place:place] = random.randbytes(random.randrange(1, 16))
        case "repeat":
            start = random.randrange(len(data) or 1)
            data[place:place] = data[start : start + random.randrange(1, 400)]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", FILES)
def test_changed_files(kind: str) -> None:
    random = Random(kind)
    usable, slowest = 0, 0.0
    for data in mutations(FILES[kind](), random, INPUTS):
        began = time.thread_time()
        facts = look(data, "folder/a.mp4")
        slowest = max(slowest, time.thread_time() - began)
        assert isinstance(facts, MediaFacts)
        usable += facts.defect is None
    print(f"{kind}: {INPUTS} inputs, {usable} usable, slowest {slowest:.3f} CPU s")
    assert slowest < LIMIT_SECONDS
    assert 0 < usable <= INPUTS
