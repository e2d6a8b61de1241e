from __future__ import annotations

import struct

from tests.include.discover.made_media import box, code, look, movie


def test_interrupted_uploads() -> None:
    slow = movie()
    mdat, moov = slow.index(b"mdat") - 4, slow.index(b"moov") - 4
    fast = slow[:mdat] + slow[moov:] + slow[mdat:moov]
    assert code(look(slow[: slow.index(b"moov") - 4])) == "MissingMoov"
    assert code(look(slow[:-10])) == "MissingMoov"
    assert code(look(fast[:-10])) == "Truncated"
    assert code(look(slow + b"\0" * 100)) is None


def test_hostile_sample_counts_are_refused_before_the_demuxer_allocates() -> None:
    claim = box(b"stsz", struct.pack(">III", 0, 1, 2**32 - 1))
    moov = box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", claim)))))
    facts = look(box(b"ftyp", b"isom\0\0\0\0") + moov, "a.mp4")
    assert code(facts) == "DamagedHeader"
    assert facts.defect is not None
    assert "4294967295 samples" in facts.defect.message


def test_index_without_tracks_and_impossible_boxes() -> None:
    assert code(look(box(b"ftyp", b"isom\0\0\0\0") + box(b"moov"))) == "NoVideoStream"
    assert (
        code(look(box(b"ftyp", b"isom\0\0\0\0") + struct.pack(">I4s", 3, b"moov") + bytes(20)))
        == "DamagedHeader"
    )
