from __future__ import annotations

from tests.include.normalize.responses import response, rows


def test_labels_of_a_thing_and_of_the_whole_image() -> None:
    thing, scene = rows("DetectCustomLabels", response("DetectCustomLabels"))
    assert (thing["name"], thing["confidence"], thing["box_width"]) == ("MyLogo", 77.77, 0.2)
    assert thing["polygon"][2] == {"x": 0.28, "y": 0.71}
    assert (scene["name"], scene["box_width"], scene["polygon"]) == ("backyard", None, [])
    assert thing["model_version"] is None
