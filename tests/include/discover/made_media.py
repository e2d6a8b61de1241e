"""Media files in memory, whole or damaged, and what discovery finds in them."""

from __future__ import annotations

import io
import struct
from typing import Any

import av
import numpy as np
from PIL import Image

from include.core.media_facts import MediaFacts
from include.discover.media_probe import probe


def picture(kind: str, size: tuple[int, int] = (320, 200), **options: Any) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind, **options)
    return buffer.getvalue()


def movie(container: str = "mp4", codec: str = "libx264", options: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=options or {}) as output:
        stream = output.add_stream(codec, rate=10, width=160, height=120, pix_fmt="yuv420p")
        for shade in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), shade * 20, np.uint8))
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return buffer.getvalue()


def box(kind: bytes, payload: bytes = b"") -> bytes:
    """Return a box of an MP4 file."""
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def look(data: bytes, key: str = "a.jpg") -> MediaFacts:
    """Probe a file."""
    return probe(io.BytesIO(data), len(data), key)


def code(facts: MediaFacts) -> str | None:
    """Return the code of the file's defect, or None if it can be used."""
    return facts.defect.code if facts.defect else None
