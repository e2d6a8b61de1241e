"""Decodes JPEG and PNG images to pixels, after checking the limits of their size in the header."""

from __future__ import annotations

import io
import warnings
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from local.aws.rekognition.rekognition_errors import documented_error

Pixels = NDArray[Any]  # 8-bit numbers: height x width x 3 (blue, green, red), or height x width (gray)

FORMATS = ("JPEG", "PNG")
# 10,000 x 10,000. Of this size, the costliest image (a progressive JPEG without subsampling) takes 600 MB.
MAX_PIXELS = 100_000_000
WORKING_SIDE = 1280  # longer side of the image that detectors get

_ORIENTATION = 0x0112  # Exif tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# MAX_PIXELS applies first; Pillow's limit would only warn, or refuse images that Rekognition takes.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def check_header(data: bytes, min_side: int, max_side: int | None) -> None:
    """Refuse an image that Amazon Rekognition refuses, by its header alone.

    Limits: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html

    :param min_side: least width and height of the operation in pixels.
    :param max_side: greatest width and height of the operation in pixels, None where AWS states none.
    :raises ServiceError: InvalidImageFormatException, ImageTooLargeException or InvalidParameterException.
    """
    with _open(data) as image:
        width, height = image.size
    if width * height > MAX_PIXELS or (max_side is not None and max(width, height) > max_side):
        raise documented_error("ImageTooLargeException", detail=f"It has {width} x {height} pixels.")
    if min(width, height) < min_side:
        raise documented_error(
            "InvalidParameterException",
            detail=f"The image has {width} x {height} pixels, the minimum is {min_side} a side.",
        )


def decode(data: bytes) -> Pixels:
    """Decode an image, reduced to at most 1280 pixels a side; a JPEG is turned upright by its Exif data.

    Amazon Rekognition turns nothing else: "Getting image orientation and bounding box coordinates",
    https://docs.aws.amazon.com/rekognition/latest/dg/images-orientation.html. JPEGs are decoded at a reduced
    scale, and PNGs are reduced before any conversion, so that memory stays bounded. Alpha is dropped.

    :param data: an image that passed :func:`check_header`.
    :raises ServiceError: InvalidImageFormatException if the data is damaged.
    """
    try:
        with _open(data) as image:
            image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
            deep = image.mode.startswith("I")  # 16 bits, which Pillow would clip rather than scale
            plain = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)) if deep else image
            factor = max(plain.size) // WORKING_SIDE
            reduced = plain.reduce(factor) if factor > 1 and plain.mode != "P" else plain
            turn = None if image.format == "PNG" else _turn(image.info.get("exif", b""))
            rgb = (reduced if turn is None else reduced.transpose(turn)).convert("RGB")
            rgb.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BILINEAR)
            return np.ascontiguousarray(np.asarray(rgb)[:, :, ::-1])
    except (OSError, SyntaxError, ValueError) as error:
        raise documented_error("InvalidImageFormatException", detail=f"{error}.") from error


def _turn(exif_data: bytes) -> Image.Transpose | None:
    """Return how Exif data say that a picture is to be turned; None if it is upright or they are damaged."""
    exif = Image.Exif()
    try:
        exif.load(exif_data)
        return _TURNS.get(exif.get(_ORIENTATION, 1))
    except Exception:  # Pillow raises errors of any kind for damaged data
        return None


def shrink(image: Pixels, side: int) -> Pixels:
    """Scale an image down until its longer side is at most ``side``."""
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise documented_error("ImageTooLargeException", detail=f"{error}.") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise documented_error("InvalidImageFormatException") from error
