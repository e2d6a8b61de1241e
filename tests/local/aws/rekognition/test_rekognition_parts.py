"""Parts that need no server: the model check, timecodes, recordings, workers, the shot finder."""

from __future__ import annotations

import gzip
import json
import os
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from local.aws.rekognition.api_model import check_reply, parse_request
from local.aws.rekognition.detectors.shots import FRAME_SIZE, ShotFinder
from local.aws.rekognition.film import sample_frames
from local.aws.rekognition.images import IMAGE_OPERATIONS
from local.aws.rekognition.pool import WorkerPool
from local.aws.rekognition.rekognition_errors import ServiceError
from local.aws.rekognition.replay import Replay
from local.aws.rekognition.timecode import timecode
from local.aws.rekognition.videos import BY_START
from tests.local.aws.rekognition.samples import CLIP


@pytest.mark.parametrize(
    ("operation", "body", "part"),
    [
        ("DetectLabels", {}, "Image"),
        ("DetectLabels", {"Image": {"Bytes": "AAAA"}, "MinConfidence": -1}, "MinConfidence"),
        ("DetectLabels", {"Image": {"Bytes": "AAAA"}, "MinConfidence": 100.5}, "MinConfidence"),
        ("DetectLabels", {"Image": {"Bytes": "AAAA"}, "Features": ["NONE"]}, "enum"),
        ("GetLabelDetection", {"JobId": "not a job"}, "pattern"),
        ("GetLabelDetection", {"JobId": "a" * 65}, "less than or equal to 64"),
        ("GetLabelDetection", {"JobId": "a", "MaxResults": 0}, "MaxResults"),
        ("GetLabelDetection", {"JobId": 5}, "JobId"),
    ],
)
def test_requests_are_checked(operation: str, body: object, part: str) -> None:
    with pytest.raises(ServiceError, match=part) as raised:
        parse_request(operation, json.dumps(body).encode())
    assert raised.value.code == "InvalidParameterException"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Image": {"Bytes": "?"}}'])
def test_what_is_not_json_cannot_be_deserialized(body: bytes) -> None:
    with pytest.raises(ServiceError) as raised:
        parse_request("DetectLabels", body)
    assert raised.value.code == "SerializationException"


def test_nulls_and_unknown_members_are_dropped() -> None:
    body = b'{"Image": {"Bytes": "AAAA"}, "MaxLabels": null, "Novelty": 1}'
    assert parse_request("DetectLabels", body) == {"Image": {"Bytes": b"\0\0\0"}}


@pytest.mark.parametrize(
    "reply", [{"Faces": []}, {"FaceDetails": [{"Confidence": 101.0}]}, {"OrientationCorrection": "ROTATE_45"}]
)
def test_replies_must_fit_the_model(reply: dict[str, object]) -> None:
    with pytest.raises(RuntimeError, match="DetectFaces"):
        check_reply("DetectFaces", reply)


@pytest.mark.parametrize(
    ("frame", "rate", "expected"),
    [
        (0, 24, "00:00:00:00"),
        (283, 24, "00:00:11:19"),
        (90_000, 25, "01:00:00:00"),
        (1799, 30_000 / 1001, "00:00:59;29"),
        (1800, 30_000 / 1001, "00:01:00;02"),
        (17_982, 30_000 / 1001, "00:10:00;00"),
        (3600, 60_000 / 1001, "00:01:00;04"),
        (30, 29.9085, "00:00:01:00"),
    ],
)
def test_timecodes(frame: int, rate: float, expected: str) -> None:
    assert timecode(frame, rate) == expected


def line(key: str, name: str) -> bytes:
    response = {"ModerationLabels": [{"Name": name}]}
    recorded = {
        "analysis_key": key,
        "operation": "GetContentModeration",
        "response": response,
        "content_sha256": "abc",
    }
    return json.dumps(recorded).encode() + b"\n"


def names(replay: Replay) -> list[str]:
    pages = replay.pages("abc", "GetContentModeration") or []
    return [label["Name"] for page in pages for label in page["ModerationLabels"]]


def test_recordings_are_read_in_every_form(tmp_path: Path) -> None:
    assert names(Replay(tmp_path / "missing")) == []
    (tmp_path / "a.ndjson").write_bytes(line("one", "first") + line("one", "second"))
    assert names(Replay(tmp_path)) == ["first", "second"]
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(line("two", "third")))
    replay = Replay(tmp_path)
    assert names(replay) == ["third"]  # the later analysis counts
    with pa.output_stream(str(tmp_path / "c.ndjson.zst"), compression="zstd") as stream:
        stream.write(line("three", "fourth"))
    replay.reload()
    assert names(replay) == ["fourth"]


def test_a_recorded_analysis_of_segments_gives_the_types_asked_for() -> None:
    analysis, asked = BY_START["StartSegmentDetection"], {"SegmentTypes": ["SHOT"]}
    cue, shot = ({"Type": kind, "StartFrameNumber": 0} for kind in ("TECHNICAL_CUE", "SHOT"))
    assert analysis.select(asked, [cue, shot]) == [shot]
    types = [{"Type": kind, "ModelVersion": "2.0"} for kind in ("TECHNICAL_CUE", "SHOT")]
    members = {"VideoMetadata": [], "SelectedSegmentTypes": types}
    assert analysis.select_members(asked, members) == {**members, "SelectedSegmentTypes": types[1:]}


def test_a_recorded_reply_answers_what_it_was_asked_for(tmp_path: Path) -> None:
    labels = {"Labels": [{"Name": "Cat", "Confidence": 90.0}, {"Name": "Sofa", "Confidence": 40.0}]}
    both = {**labels, "ImageProperties": {"Quality": {"Brightness": 50.0}}}
    recorded = [
        {"analysis_key": key, "operation": "DetectLabels", "response": reply, "content_sha256": "abc"}
        for key, reply in (("one", both), ("two", {"Labels": []}))
    ]
    (tmp_path / "a.ndjson").write_text("".join(json.dumps(item) + "\n" for item in recorded))
    replay, operation = Replay(tmp_path), IMAGE_OPERATIONS["DetectLabels"]

    def answer(**params: object) -> dict[str, object] | None:
        reply = replay.reply("abc", "DetectLabels", lambda found: operation.fits(params, found))
        return None if reply is None else operation.select(params, reply)

    assert answer() == {"Labels": []}  # the latest
    assert answer(Features=["IMAGE_PROPERTIES"]) == {"ImageProperties": both["ImageProperties"]}
    found = answer(Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"])
    assert found == {**both, "Labels": labels["Labels"][:1]}
    (tmp_path / "a.ndjson").write_text(json.dumps(recorded[1]))
    replay.reload()
    assert answer(Features=["IMAGE_PROPERTIES"]) is None  # has to be looked at


def test_a_recorded_reply_of_a_model_is_given_by_no_other(tmp_path: Path) -> None:
    def recorded(name: str, **request: str) -> bytes:
        item = {
            "analysis_key": name,
            "operation": "DetectCustomLabels",
            "content_sha256": "abc",
            "request": request or None,
            "response": {"CustomLabels": [{"Name": name}]},
        }
        return json.dumps(item).encode() + b"\n"

    def found(model: str) -> str | None:
        reply = replay.reply("abc", "DetectCustomLabels", lambda _: True, {"ProjectVersionArn": model})
        return reply["CustomLabels"][0]["Name"] if reply else None

    ours, other = recorded("Ours", ProjectVersionArn="m1"), recorded("Other", ProjectVersionArn="m2")
    (tmp_path / "a.ndjson").write_bytes(ours + other)
    replay = Replay(tmp_path)
    assert (len(replay), replay.models) == (2, ["m1", "m2"])
    assert (found("m1"), found("m2"), found("m3")) == ("Ours", "Other", None)
    (tmp_path / "b.ndjson").write_bytes(recorded("Anybody's"))
    replay.reload()
    assert replay.models == ["m1", "m2"]
    assert (found("m1"), found("m3")) == ("Ours", "Anybody's")


def test_a_broken_recording_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(line("one", "first") + b"nonsense\n")
    with pytest.raises(ValueError, match=r"a\.ndjson:2"):
        Replay(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_recordings_that_another_tool_saved(tmp_path: Path, encoding: str) -> None:
    text = (line("one", "first") + line("two", "second")).decode()
    (tmp_path / "a.ndjson").write_bytes(text.encode(encoding))
    assert len(Replay(tmp_path)) == 2


def test_a_recording_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes('{"Zoë": 1}'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.ndjson is not text .* save it as UTF-8"):
        Replay(tmp_path)


async def test_work_that_kills_its_workers_is_an_error_of_the_service() -> None:
    pool = WorkerPool(1)
    try:
        with pytest.raises(ServiceError, match="died twice") as raised:
            await pool.run(partial(os._exit, 1))
        assert (raised.value.code, raised.value.status) == ("InternalServerError", 500)
        assert await pool.run(abs, -3) == 3
    finally:
        pool.close()


def test_motion_and_flicker_are_not_cuts() -> None:
    width, height = FRAME_SIZE
    finder = ShotFinder(max_black=51, min_coverage=99)
    bars = np.tile((np.arange(width * 2) // 8 % 2 * 255).astype(np.uint8)[:, None], (1, 3))
    for step in range(40):
        finder.add(np.broadcast_to(bars[step * 2 : step * 2 + width], (height, width, 3)).copy())
    assert [(shot.first, shot.last) for shot in finder.shots()] == [(0, 39)]
    assert finder.black_runs() == []


def test_a_video_is_looked_at_as_stored_whatever_its_rotation(tmp_path: Path) -> None:
    upright, quarter_turn = (
        struct.pack(">5i", *turn) for turn in ((65536, 0, 0, 0, 65536), (0, 65536, 0, -65536, 0))
    )
    start = CLIP.index(b"tkhd")
    turned = CLIP[:start] + CLIP[start:].replace(upright, quarter_turn, 1)
    assert turned != CLIP
    samples = []
    for name, data in (("upright", CLIP), ("turned", turned)):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(data)
        samples.append(sample_frames(str(path), ("text",), 1, 320).samples)
    assert samples[0] == samples[1]
    assert any(sample.evidence["text"] for sample in samples[0])
