from __future__ import annotations

from typing import Any

from tests.include.normalize.responses import response, rows


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


def test_only_indexing_names_the_model() -> None:
    first, second = rows("IndexFaces", response("IndexFaces"))
    assert (first["model_version"], first["face_index"], second["face_index"]) == ("6.0", 0, 1)
    assert (first["age_high"], second["confidence"], second["pose_yaw"]) == (33, 99.99, None)
    page = {"FaceDetails": [{"Confidence": 99}], "FaceModelVersion": "6.0"}
    assert [row["model_version"] for row in rows("DetectFaces", page)] == [None]
