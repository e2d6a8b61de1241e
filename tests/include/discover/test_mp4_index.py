from __future__ import annotations

import io
import math
import struct

import av
import pytest

from tests.include.discover.made_media import box, code, look, movie

MINI = 1000  # timescale


def track(
    entry: bytes = b"avc1",
    *,
    handler: bytes = b"vide",
    enabled: bool = True,
    samples: int = 25,
    inside: bytes = b"",
) -> bytes:
    """Return a track of one second, 320x240."""
    header = box(b"tkhd", struct.pack(">I8xI", int(enabled), 7) + bytes(68))
    clock = box(b"mdhd", struct.pack(">I8xII", 0, MINI, MINI) + bytes(4))
    kind = box(b"hdlr", bytes(8) + handler + bytes(12))
    sample = box(entry, bytes(24) + struct.pack(">HH", 320, 240) + bytes(50) + inside)
    table = box(b"stsd", struct.pack(">II", 0, 1) + sample) + box(b"stsz", struct.pack(">III", 0, 0, samples))
    return box(b"trak", header + box(b"mdia", clock + kind + box(b"minf", box(b"stbl", table))))


def clip(*tracks: bytes, seconds: float = 1, extra: bytes = b"") -> bytes:
    header = box(b"mvhd", struct.pack(">I8xII", 0, MINI, round(seconds * MINI)) + bytes(80))
    moov = box(b"moov", header + b"".join(tracks) + extra)
    return box(b"ftyp", b"isom\0\0\0\0") + moov + box(b"mdat", bytes(3000))


def test_what_an_index_says() -> None:
    facts = look(clip(track(), seconds=1.5), "a.mp4")
    assert (facts.codec, facts.width, facts.height) == ("h264", 320, 240)
    assert (facts.duration_ms, facts.frame_rate, facts.defect) == (1500, 25, None)


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_an_index_is_read_as_ffmpeg_reads_it(container: str, codec: str) -> None:
    data = movie(container, codec)
    facts = look(data, "a.mp4")
    with av.open(io.BytesIO(data)) as opened:
        stream = opened.streams.video[0]
        assert (facts.codec, facts.width, facts.height) == (
            stream.codec_context.codec.canonical_name, stream.width, stream.height
        )  # fmt: skip
        assert facts.duration_ms == round(opened.duration / 1000)
        assert facts.frame_rate == pytest.approx(float(stream.average_rate))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_rotation_is_told_as_ffmpeg_tells_it(degrees: int) -> None:
    turn = math.radians(degrees)
    a, b = (round(65536 * part) for part in (math.cos(turn), math.sin(turn)))
    data = movie()
    start = data.index(b"tkhd")
    identity, matrix = (struct.pack(">5i", *values) for values in ((65536, 0, 0, 0, 65536), (a, b, 0, -b, a)))
    data = data[:start] + data[start:].replace(identity, matrix, 1)
    facts = look(data, "a.mp4")
    assert (facts.rotation, facts.width, facts.height) == (degrees, 160, 120)
    assert facts.display_size == ((120, 160) if degrees in (90, 270) else (160, 120))
    with av.open(io.BytesIO(data)) as opened:
        frame = next(opened.decode(video=0))
    assert facts.rotation == -frame.rotation % 360  # FFmpeg counts counterclockwise


def test_the_rotation_of_a_header_with_64_bit_times() -> None:
    quarter = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    long_header = box(b"tkhd", struct.pack(">B3xQQI4xQ16x", 1, 0, 0, 7, 0) + quarter + bytes(8))
    start = track()
    short_header = start[8 : 8 + struct.unpack_from(">I", start, 8)[0]]
    facts = look(clip(box(b"trak", start[8:].replace(short_header, long_header))), "a.mp4")
    assert (facts.rotation, facts.codec) == (90, "h264")


@pytest.mark.parametrize(
    ("entry", "codec"),
    [(b"hvc1", "hevc"), (b"vp09", "vp9"), (b"dvh1", "hevc"), (b"XyZ9", "XyZ9"), (b"CRAW", "CRAW")],
)
def test_a_codec_without_decoder_has_the_name_of_its_sample_entry(entry: bytes, codec: str) -> None:
    facts = look(clip(track(entry)), "a.mp4")
    assert (facts.codec, facts.defect) == (codec, None)


@pytest.mark.parametrize(("object_type", "codec"), [(0x20, "mpeg4"), (0x61, "mpeg2video"), (0x6C, "mjpeg")])
def test_the_object_type_tells_the_codecs_of_mpeg_4_apart(object_type: int, codec: str) -> None:
    decoder = bytes([4, 0x80, 0x80, 0x80, 13, object_type]) + bytes(12)
    descriptor = bytes([3, 0x80, 0x80, 0x80, len(decoder) + 3, 0, 1, 0]) + decoder
    assert look(clip(track(b"mp4v", inside=box(b"esds", bytes(4) + descriptor))), "a.mp4").codec == codec


@pytest.mark.parametrize("entry", [b"encv", b"drmi"])
def test_protected_tracks_are_told_before_anything_is_started(entry: bytes) -> None:
    facts = look(clip(track(entry)), "a.mp4")
    assert code(facts) == "Protected"
    assert facts.defect is not None
    assert entry.decode() in facts.defect.message


def test_the_first_enabled_video_track_counts() -> None:
    sound, cover = track(b"mp4a", handler=b"soun"), track(b"jpeg", enabled=False)
    assert look(clip(sound, cover, track()), "a.mp4").codec == "h264"
    assert look(clip(sound, cover), "a.mp4").codec == "mjpeg"
    assert code(look(clip(sound), "a.mp4")) == "NoVideoStream"
    assert code(look(clip(box(b"cmov", bytes(8))), "a.mov")) == "CompressedIndex"


def test_interrupted_uploads() -> None:
    slow = movie()
    mdat, moov = slow.index(b"mdat") - 4, slow.index(b"moov") - 4
    fast = slow[:mdat] + slow[moov:] + slow[mdat:moov]
    assert code(look(slow[: slow.index(b"moov") - 4])) == "MissingMoov"
    for cut in (slow[:-10], fast[:-10], slow[: mdat + 20]):
        assert code(look(cut)) == "Truncated"


@pytest.mark.parametrize(
    "end",
    [bytes(100), b"GPS 47.1 8.5\n", struct.pack(">I4s", 9_000_000, b"free"), struct.pack(">I4s", 5, b"free")],
)
def test_what_follows_the_index_and_the_media_does_not_matter(end: bytes) -> None:
    assert code(look(movie() + end)) is None


@pytest.mark.parametrize("number", [70, 5000])
def test_any_number_of_boxes_may_precede_the_index(number: int) -> None:
    data = movie()
    ftyp = struct.unpack(">I", data[:4])[0]
    assert code(look(data[:ftyp] + box(b"free", b"12") * number + data[ftyp:])) is None


def test_an_index_without_tracks_and_one_within_itself() -> None:
    nested = b""
    for _ in range(2000):
        nested = box(b"trak", nested)
    assert [code(look(clip(inner), "a.mp4")) for inner in (b"", nested)] == ["NoVideoStream"] * 2


def test_hostile_sample_counts() -> None:
    facts = look(clip(track(samples=2**32 - 1)), "a.mp4")
    assert code(facts) == "DamagedHeader"
    assert facts.defect is not None
    assert "4294967295 samples" in facts.defect.message


def test_no_duration() -> None:
    nothing = track().replace(struct.pack(">II", MINI, MINI), struct.pack(">II", MINI, 2**32 - 1))
    assert code(look(clip(nothing, seconds=0), "a.mp4")) == "NoDuration"


# --- fragmented files


def fragmented(seconds: int, *, track_id: int = 7, mehd: bytes = b"", payload: int = 1000) -> bytes:
    """Return a file whose index has no samples, with a fragment of 25 frames for each second."""
    defaults = box(b"trex", struct.pack(">IIIIII", 0, track_id, 1, 40, 0, 0))
    empty = track(samples=0).replace(struct.pack(">II", MINI, MINI), struct.pack(">II", MINI, 0))
    start = clip(empty, seconds=0, extra=box(b"mvex", mehd + defaults))
    data = start[: start.index(b"mdat") - 4]
    for second in range(seconds):
        run = box(b"trun", struct.pack(">II", 0, 25))
        part = (
            box(b"tfhd", struct.pack(">II", 0, track_id))
            + box(b"tfdt", struct.pack(">II", 0, second * MINI))
            + run
        )
        data += box(b"moof", box(b"mfhd", bytes(8)) + box(b"traf", part)) + box(b"mdat", bytes(payload))
    return data


@pytest.mark.parametrize("seconds", [1, 300])
def test_the_last_fragment_tells_how_long_a_video_is(seconds: int) -> None:
    facts = look(fragmented(seconds), "a.mp4")
    assert (facts.codec, facts.duration_ms, facts.frame_rate, facts.defect) == (
        "h264",
        seconds * 1000,
        25,
        None,
    )


def test_the_index_may_tell_it_too() -> None:
    stated = box(b"mehd", struct.pack(">II", 0, 90 * MINI))
    assert look(fragmented(1, mehd=stated), "a.mp4").duration_ms == 90_000


def test_a_fragment_that_is_cut_off() -> None:
    data = fragmented(3)
    assert code(look(data[:-10], "a.mp4")) == "Truncated"
    assert code(look(fragmented(3, track_id=8), "a.mp4")) == "NoDuration"


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_keyframe+empty_moov+default_base_moof"])
def test_fragments_that_ffmpeg_wrote(flags: str) -> None:
    facts = look(movie("mp4", options={"movflags": flags, "g": "3"}), "a.mp4")
    assert (facts.codec, facts.duration_ms, facts.frame_rate) == ("h264", 1000, 10)
