from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.features import FEATURES
from include.normalize import NORMALIZERS, UnknownOperation, normalize
from include.normalize.__main__ import main
from include.schemas import TABLES

FIXTURES = Path(__file__).parents[2] / "fixtures" / "responses"
SERVICE = ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")


def response(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def rows(
    operation: str, *pages: dict[str, Any], oddities: Counter[str] | None = None
) -> list[dict[str, Any]]:
    found = list(normalize(operation, pages, oddities))
    for table, row in found:
        assert_fits(table, row)
    return [row for _, row in found]


def assert_fits(table: str, row: dict[str, Any]) -> None:
    whole = {"media_id": "m", "analysis_key": "k", **row}
    assert list(whole) == list(TABLES[table].column_types)
    schema = TABLES[table].arrow_schema
    arrow = pa.Table.from_pylist([whole], schema=schema)
    assert [name for name in schema.names if not schema.field(name).nullable and arrow[name].null_count] == []


def test_every_operation_of_the_registry_has_a_normalizer() -> None:
    calls = [call for feature in FEATURES.values() for call in (feature.image, feature.video) if call]
    assert {call.operation for call in calls} <= NORMALIZERS.keys()


@pytest.mark.parametrize("operation", NORMALIZERS)
def test_fixtures_fill_their_table(operation: str) -> None:
    assert rows(operation, response(operation))


def test_labels() -> None:
    (dog, pet) = rows("DetectLabels", response("DetectLabels"))
    assert (dog["name"], dog["parents"], dog["aliases"], dog["categories"]) == (
        "Dog", ["Animal"], ["Hound"], ["Animals and Pets"],
    )  # fmt: skip
    assert dog["instance_count"] == 1
    assert dog["instances"][0]["box_left"] == -0.02
    assert (dog["model_version"], dog["timestamp_ms"], pet["instances"], pet["parents"]) == (
        "3.0",
        None,
        [],
        [],
    )


def test_labels_by_segment_and_by_timestamp() -> None:
    by_time, by_span = rows("GetLabelDetection", response("GetLabelDetection"))
    assert (by_time["timestamp_ms"], by_time["start_ms"], by_time["end_ms"]) == (1000, None, None)
    assert (by_span["timestamp_ms"], by_span["start_ms"], by_span["end_ms"]) == (None, 225, 3578)


def test_moderation_of_both_taxonomies() -> None:
    old, new = rows("DetectModerationLabels", response("DetectModerationLabels"))
    assert (old["parent_name"], old["taxonomy_level"]) == (None, None)
    assert (new["parent_name"], new["taxonomy_level"], new["content_types"]) == ("Drugs", 2, ["Illustrated"])
    (video,) = rows("GetContentModeration", response("GetContentModeration"))
    assert (video["timestamp_ms"], video["content_types"]) == (36000, ["Animated"])


def test_text_that_reads_null_is_text() -> None:
    line, read = rows("DetectText", response("DetectText"))
    assert (read["text"], read["parent_id"], line["parent_id"]) == ("NULL", 0, None)
    assert line["polygon"][1] == {"x": 1.1, "y": 0.2}


def test_faces_are_numbered_by_frame_across_pages() -> None:
    def page(*times: int) -> dict[str, Any]:
        return {"Faces": [{"Timestamp": time, "Face": {"Confidence": 99}} for time in times]}

    found = rows("GetFaceDetection", page(0, 0, 500), page(), page(500, 500, 1000))
    assert [row["face_index"] for row in found] == [0, 1, 0, 1, 2, 0]


def test_face_attributes() -> None:
    full, bare = rows("DetectFaces", response("DetectFaces"))
    assert (full["smile"], full["smile_confidence"], full["dominant_emotion"]) == (True, 97.5, "HAPPY")
    assert (full["age_low"], full["gender"], full["face_index"], bare["face_index"]) == (30, "Female", 0, 1)
    assert (bare["smile"], bare["emotions"], bare["dominant_emotion"]) == (None, [], None)


def test_segments_carry_the_version_of_their_kind_over_pages() -> None:
    shot = {"Type": "SHOT", "StartTimestampMillis": 0, "EndTimestampMillis": 9, "DurationMillis": 9,
            "ShotSegment": {"Index": 7, "Confidence": 80}}  # fmt: skip
    cue, first, later = rows("GetSegmentDetection", response("GetSegmentDetection"), {"Segments": [shot]})
    assert (cue["cue_type"], cue["shot_index"], cue["model_version"]) == ("BlackFrames", None, "2.0")
    assert (first["shot_index"], first["cue_type"], first["start_timecode"]) == (0, None, "00:00:00:00")
    assert (later["shot_index"], later["model_version"]) == (7, "1.0")


def test_oddities_are_counted_and_never_fail() -> None:
    oddities: Counter[str] = Counter()
    page = {
        "New": 1,
        "ResponseMetadata": {},
        "Labels": [{"Confidence": 5}, {"Name": "A", "Confidence": 5, "Mood": {}}],
    }
    assert [row["name"] for row in rows("DetectLabels", page, oddities=oddities)] == ["A"]
    assert oddities == {"New": 1, "Labels[].Mood": 1, "labels without name": 1}


def test_unknown_operation_says_what_is_known() -> None:
    with pytest.raises(UnknownOperation, match="'Nonsense'; known: DetectLabels, "):
        normalize("Nonsense", [])


def test_pages_are_read_one_at_a_time() -> None:
    read = []

    def pages():
        for number in range(3):
            read.append(number)
            yield response("DetectLabels")

    next(normalize("DetectLabels", pages()))
    assert read == [0]


def values(shape: Shape) -> st.SearchStrategy[Any]:
    odd = st.sampled_from([None, "NULL", [], {}, "x", "\ud800"])
    if shape.type_name == "structure":
        members = {
            name: st.deferred(lambda inner=inner: odd_or(inner)) for name, inner in shape.members.items()
        }
        return st.fixed_dictionaries({}, optional={**members, "Unheard": odd})
    if shape.type_name == "list":
        return st.lists(odd_or(shape.member), max_size=3)
    if shape.type_name in ("float", "double"):
        return st.floats(width=32)
    if shape.type_name in ("integer", "long"):
        return st.integers(0, 2**31 - 1)
    if shape.type_name == "boolean":
        return st.booleans()
    return st.sampled_from(shape.enum) if getattr(shape, "enum", None) else st.text(max_size=8)


def odd_or(shape: Shape) -> st.SearchStrategy[Any]:
    odd = st.sampled_from([None, "NULL", [], {}, "x", "\ud800"])
    return st.integers(0, 9).flatmap(lambda roll: odd if roll == 0 else values(shape))


@pytest.mark.parametrize("operation", NORMALIZERS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_response_fits_the_schema(operation: str, data: st.DataObject) -> None:
    shape = SERVICE.operation_model(operation).output_shape
    rows(operation, *data.draw(st.lists(values(shape), max_size=2)))


def test_command_prints_rows_of_pages_and_archives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = response("DetectFaces")
    lines = [
        {"analysis_key": "a", "operation": "DetectFaces", "response": faces},
        {"analysis_key": "b", "operation": "DetectLabels", "response": {}},
        {"analysis_key": "c", "operation": "DetectFaces", "response": faces},
    ]
    archive = tmp_path / "part.ndjson"
    archive.write_text("\n".join(map(json.dumps, lines)))
    assert main(["DetectFaces", str(archive)]) == 0
    printed = capsys.readouterr()
    found = [json.loads(line) for line in printed.out.splitlines()]
    assert [(row["table"], row["analysis_key"], row["face_index"]) for row in found] == [
        ("faces", "a", 0), ("faces", "a", 1), ("faces", "c", 0), ("faces", "c", 1),
    ]  # fmt: skip
    assert "operation DetectLabels passed over: 1" in printed.err


def test_command_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(response("DetectLabels"), indent=1)))
    assert main(["DetectLabels", "-"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["name"] == "Dog"


@pytest.mark.parametrize(("operation", "content", "message"), [
    ("Nonsense", "{}", "known: DetectLabels"), ("DetectLabels", "{not json", "neither JSON nor NDJSON"),
    ("DetectLabels", "[1]", "no response object"), ("DetectLabels", "", "is empty"), ("DetectLabels", None, "No such file"),
])  # fmt: skip
def test_command_errors(
    operation: str, content: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.json"
    if content is not None:
        file.write_text(content)
    assert main([operation, str(file)]) == 2
    assert message in capsys.readouterr().err
