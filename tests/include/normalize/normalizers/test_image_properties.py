from __future__ import annotations

from typing import Any

import pytest

from tests.include.normalize.responses import response, tables


def properties(**members: Any) -> list[dict[str, Any]]:
    return tables("DetectLabels", {"ImageProperties": members}).get("image_properties", [])


def test_the_image_its_foreground_and_its_background_have_a_row_each() -> None:
    image, front, back = tables("DetectLabels", response("DetectLabels"))["image_properties"]
    assert [row["region"] for row in (image, front, back)] == ["image", "foreground", "background"]
    assert (image["brightness"], image["sharpness"], image["contrast"]) == (40.5, 82.25, 71.0)
    assert (front["sharpness"], front["contrast"], back["dominant_colors"]) == (90.0, None, [])
    assert image["model_version"] == "3.0"
    assert image["dominant_colors"][1] == {
        "hex_code": "#d2b48c", "css_color": "tan", "simplified_color": "brown",
        "red": 210, "green": 180, "blue": 140, "pixel_percent": 23.0,
    }  # fmt: skip


def test_regions_that_the_response_lacks_have_no_row() -> None:
    assert [row["region"] for row in properties(Quality={"Contrast": 5})] == ["image"]
    assert [row["region"] for row in properties(Foreground=None, Background={})] == ["image"]
    assert properties() == []


@pytest.mark.parametrize(
    ("sent", "read"), [(0, 0), (255, 255), (256, None), (-1, None), ("7", 7), ("x", None)]
)
def test_a_color_channel_has_8_bits(sent: Any, read: int | None) -> None:
    (row,) = properties(DominantColors=[{"Red": sent}])
    assert row["dominant_colors"][0]["red"] == read


def test_quality_outside_its_scale_is_absent() -> None:
    (row,) = properties(Quality={"Brightness": 101, "Sharpness": -2, "Contrast": -1})
    assert (row["brightness"], row["sharpness"], row["contrast"]) == (None, None, None)
