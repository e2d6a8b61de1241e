"""Rows of table ``image_properties`` from the ``ImageProperties`` of DetectLabels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.normalize.members import JsonObject, mapping, number, objects, whole, word
from include.normalize.normalizer_registry import TableRow
from include.store.objects import Row


def image_properties(page: JsonObject, version: str | None) -> Iterator[TableRow]:
    """Yield a row for the whole image, its foreground and its background, as far as the response has them."""
    image = mapping(page.get("ImageProperties"))
    regions = {
        "image": image,
        "foreground": mapping(image.get("Foreground")),
        "background": mapping(image.get("Background")),
    }
    for name, region in regions.items():
        if region:
            yield "image_properties", _row(name, region, version)


def _row(name: str, region: JsonObject, version: str | None) -> Row:
    quality = mapping(region.get("Quality"))
    return {
        "model_version": version,
        "region": name,
        "brightness": number(quality.get("Brightness")),
        "sharpness": number(quality.get("Sharpness")),
        "contrast": number(quality.get("Contrast")),
        "dominant_colors": [_color(color) for color in objects(region.get("DominantColors"))],
    }


def _color(color: JsonObject) -> Row:
    return {
        "hex_code": word(color.get("HexCode")),
        "css_color": word(color.get("CSSColor")),
        "simplified_color": word(color.get("SimplifiedColor")),
        "red": _channel(color.get("Red")),
        "green": _channel(color.get("Green")),
        "blue": _channel(color.get("Blue")),
        "pixel_percent": number(color.get("PixelPercent")),
    }


def _channel(value: Any) -> int | None:
    """Return an intensity; null unless it is one of 8 bits."""
    intensity = whole(value)
    return intensity if intensity is not None and 0 <= intensity <= 255 else None
