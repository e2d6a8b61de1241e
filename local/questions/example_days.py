"""Three days of an invented lake: a shop's pictures and videos, and pictures of a building site.

Every answer to a question can be counted here by hand. On the first day the shop asked for labels alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from include.core.features import FEATURES, MediaType

Row = dict[str, Any]

FIRST, SECOND, THIRD = "2026-11-13", "2026-11-19", "2026-11-20"
LABEL_MODEL = "3.0"
IMAGE_USD = 0.001
VIDEO_USD_A_MINUTE = 0.1

_LABELS_ONLY = ("labels",)
_SHOP_IMAGE = ("labels", "moderation", "text", "image_properties")
_SITE_IMAGE = ("labels", "protective_equipment")
_VIDEO = ("labels", "moderation", "text", "segments", "celebrities")


def _asset(media_id: str, dt: str, path: str, features: tuple[str, ...], hour: int = 9, **facts: Any) -> Row:
    is_video = path.endswith(".mp4")
    return {
        "dt": dt,
        "media_type": "video" if is_video else "image",
        "media_id": media_id,
        "source": path.partition("/")[0],
        "cost_center": "media-team",
        "bucket": "media-lake",
        "key": f"raw/{path}",
        "etag": media_id,
        "content_id": f"etag:{media_id}:200000",
        "size_bytes": 200_000,
        "last_modified": datetime.fromisoformat(f"{dt}T{hour:02}:00:00"),
        "format": "MP4" if is_video else "JPEG",
        "width": 1920,
        "height": 1080,
        "status": "analyzed",
        "features": features,
        **facts,
    }


_UNUSABLE: Row = {
    "status": "rejected",
    "format": "GIF",
    "reason_code": "UnsupportedFormat",
    "reason": "GIF image: Rekognition reads images in JPEG or PNG; convert it",
}
# The features of an asset are those that it was asked for; they are no column.
ASSETS = (
    _asset("dog-1", FIRST, "shop/dog.jpg", _LABELS_ONLY),
    _asset("cat", FIRST, "shop/cat.jpg", _LABELS_ONLY),
    _asset("street", FIRST, "shop/street.jpg", _LABELS_ONLY),
    _asset("night", SECOND, "shop/night.jpg", _SHOP_IMAGE, hour=8),
    _asset("sale", SECOND, "shop/sale.jpg", _SHOP_IMAGE),
    _asset("scaffold", SECOND, "site/scaffold.jpg", _SITE_IMAGE),
    _asset("clip", SECOND, "shop/clip.mp4", _VIDEO, duration_ms=90_000),
    _asset("dog-2", THIRD, "shop/dog.jpg", _SHOP_IMAGE, hour=11),  # in place of dog-1
    _asset("walk", THIRD, "shop/walk.jpg", _SHOP_IMAGE),
    _asset("copy", THIRD, "shop/cat-copy.jpg", _SHOP_IMAGE, content_id="etag:cat:200000"),
    _asset("fight", THIRD, "shop/fight.jpg", _SHOP_IMAGE, hour=15),
    _asset("banner", THIRD, "shop/banner.gif", _SHOP_IMAGE, **_UNUSABLE),
    _asset("talk", THIRD, "shop/talk.mp4", _VIDEO, duration_ms=120_000, status="partial"),
)
_BY_ID = {asset["media_id"]: asset for asset in ASSETS}

_FAILED = {("talk", "text"): ("VideoJobFailed", "the video has no frames that could be read")}
_REUSED = {("copy", "labels")}

_CATEGORIES = {
    "Dog": "Animals and Pets",
    "Cat": "Animals and Pets",
    "Car": "Vehicles and Automotive",
    "Person": "Person Description",
    "Helmet": "Apparel and Accessories",
}


def _label(media_id: str, name: str, confidence: float, at: int | None = None, people: int = 0) -> Row:
    return {
        **_place(media_id, "labels"),
        "name": name,
        "confidence": confidence,
        "timestamp_ms": at,
        "categories": [_CATEGORIES[name]],
        "instance_count": people,
        "model_version": LABEL_MODEL,
    }


def _place(media_id: str, feature: str) -> Row:
    asset = _BY_ID[media_id]
    return {
        "dt": asset["dt"],
        "media_type": asset["media_type"],
        "media_id": media_id,
        "analysis_key": f"{asset['content_id']}/{feature}",
    }


LABELS = (
    _label("dog-1", "Dog", 81.5),
    _label("dog-1", "Person", 62.0),
    _label("cat", "Cat", 97.0),
    _label("street", "Car", 92.0),
    _label("street", "Person", 88.0, people=2),
    _label("night", "Car", 71.0),
    _label("sale", "Person", 93.0, people=1),
    _label("scaffold", "Helmet", 84.0),
    _label("scaffold", "Person", 99.0, people=2),
    # Three detections in a row and one alone; the last frame is 300 ms before the end.
    *(_label("clip", "Dog", 90.0 + at / 1000, at) for at in (0, 500, 1000, 5000)),
    *(_label("clip", "Car", 85.0, at) for at in (3000, 3500, 89_700)),
    *(_label("clip", "Person", 95.0, at, people) for at, people in ((10_000, 2), (20_500, 3), (61_000, 1))),
    _label("dog-2", "Dog", 98.0),
    _label("walk", "Dog", 95.0),
    _label("walk", "Person", 96.0, people=1),
    _label("copy", "Cat", 97.0),
    _label("fight", "Person", 91.0, people=2),
)


def _moderation(
    media_id: str, name: str, parent: str | None, level: int, confidence: float, at: int | None
) -> Row:
    return {
        **_place(media_id, "moderation"),
        "name": name,
        "parent_name": parent,
        "taxonomy_level": level,
        "confidence": confidence,
        "timestamp_ms": at,
        "model_version": "7.0",
    }


MODERATION_LABELS = (
    _moderation("clip", "Violence", None, 1, 78.0, 40_000),
    _moderation("clip", "Violence", None, 1, 91.0, 40_500),
    _moderation("fight", "Violence", None, 1, 88.5, None),
    _moderation("fight", "Physical Violence", "Violence", 2, 88.5, None),
    _moderation("sale", "Alcohol", None, 1, 55.0, None),
)


# Somebody has looked at the bottle in the shop window.
MODERATION_REVIEWS = (
    {
        "dt": SECOND,
        "media_id": "sale",
        "media_type": "image",
        "label": "Alcohol",
        "decision": "approve",
        "reason": "a shop window",
        "decided_by": "ann",
        "decided_at": datetime.fromisoformat(f"{THIRD}T10:00:00"),
    },
)


def _line(
    dt: str, usage_type: str, lake: tuple[float, float], bill: tuple[float, float], cause: str | None
) -> Row:
    """Return a line of the bill.

    :param lake: units and dollars that the lake counted; ``bill`` likewise.
    """
    agrees = lake == bill
    return {
        "dt": dt,
        "usage_date": date.fromisoformat(dt),
        "usage_type": f"USE1-{usage_type}",
        "lake_units": lake[0],
        "lake_usd": lake[1],
        "bill_units": bill[0],
        "bill_usd": bill[1],
        "status": "agrees" if agrees else "explained" if cause else "unexplained",
        "cause": cause,
    }


# The bill of another lake than this: of these pictures, no line would differ by a cent.
RECONCILIATION = (
    _line(SECOND, "Group2-ImagesProcessed", (7000.0, 7.0), (7000.0, 7.0), None),
    _line(SECOND, "MinutesOfVideoProcessed", (45.0, 4.5), (50.0, 5.0), "rounding"),
    _line(THIRD, "Group2-ImagesProcessed", (9000.0, 9.0), (9100.0, 9.125), "repeated calls"),
    _line(THIRD, "MinutesOfVideoProcessed", (60.0, 6.0), (90.0, 9.0), None),
)


def _text(media_id: str, text: str, kind: str = "LINE", at: int | None = None) -> Row:
    return {
        **_place(media_id, "text"),
        "text": text,
        "type": kind,
        "confidence": 96.0,
        "timestamp_ms": at,
        "model_version": "3.0",
    }


TEXTS = (
    _text("sale", "SUMMER SALE"),
    _text("sale", "SUMMER", "WORD"),
    _text("sale", "SALE", "WORD"),
    _text("sale", "until Saturday"),
    _text("clip", "Sale ends today", at=2000),
)


def _properties(media_id: str, brightness: float, sharpness: float, color: str, percent: float) -> Row:
    return {
        **_place(media_id, "image_properties"),
        "region": "image",
        "brightness": brightness,
        "sharpness": sharpness,
        "contrast": 60.0,
        "dominant_colors": [
            {"hex_code": "#000000", "css_color": color, "simplified_color": color, "pixel_percent": percent}
        ],
        "model_version": LABEL_MODEL,
    }


IMAGE_PROPERTIES = (
    _properties("night", 11.5, 40.0, "black", 83.0),
    _properties("sale", 72.0, 81.0, "red", 64.5),
    _properties("dog-2", 66.0, 77.0, "red", 12.0),
    _properties("walk", 58.0, 70.0, "green", 55.0),
    _properties("copy", 61.0, 69.0, "grey", 48.0),
    _properties("fight", 40.0, 51.0, "red", 51.0),
)


def _equipment(
    person: int, confidence: float, part: str, item: str | None, covers: bool | None = None
) -> Row:
    return {
        **_place("scaffold", "protective_equipment"),
        "person_id": person,
        "confidence": confidence,
        "body_part": part,
        "equipment": item,
        "covers_body_part": covers,
        "model_version": "1.0",
    }


PROTECTIVE_EQUIPMENT = (
    _equipment(0, 99.0, "HEAD", "HEAD_COVER", covers=True),
    _equipment(0, 99.0, "LEFT_HAND", "HAND_COVER", covers=True),
    _equipment(1, 98.0, "HEAD", None),
    _equipment(2, 97.0, "HEAD", "HEAD_COVER", covers=False),  # holds it in the hand
    _equipment(3, 96.0, "FACE", None),  # the head is not in the picture
)


def _celebrity(media_id: str, name: str, at: int) -> Row:
    return {**_place(media_id, "celebrities"), "name": name, "confidence": 99.0, "timestamp_ms": at}


CELEBRITIES = (
    *(_celebrity("talk", "Grace Hopper", at) for at in range(0, 10_000, 500)),
    *(_celebrity("talk", "Grace Hopper", at) for at in range(30_000, 35_000, 500)),
    *(_celebrity("talk", "Ada Lovelace", at) for at in range(60_000, 64_000, 1000)),
)


def _segment(start: int, end: int, from_code: str, to_code: str, **kind: Any) -> Row:
    return {
        **_place("clip", "segments"),
        "start_ms": start,
        "end_ms": end,
        "duration_ms": end - start,
        "start_timecode": from_code,
        "end_timecode": to_code,
        "confidence": 99.0,
        **kind,
    }


SEGMENTS = (
    _segment(0, 30_000, "00:00:00:00", "00:00:30:00", type="SHOT", shot_index=0),
    _segment(30_000, 88_500, "00:00:30:00", "00:01:28:15", type="SHOT", shot_index=1),
    _segment(88_500, 90_000, "00:01:28:15", "00:01:30:00", type="TECHNICAL_CUE", cue_type="BlackFrames"),
)

FINDINGS: dict[str, tuple[Row, ...]] = {
    "labels": LABELS,
    "moderation_labels": MODERATION_LABELS,
    "texts": TEXTS,
    "image_properties": IMAGE_PROPERTIES,
    "protective_equipment": PROTECTIVE_EQUIPMENT,
    "celebrities": CELEBRITIES,
    "segments": SEGMENTS,
}


def tables() -> dict[str, list[Row]]:
    """Return the rows of every table that has some, with their partitions."""
    analyses = list(_analyses())
    usage = [_use(row) for row in analyses if row["status"] in ("succeeded", "reused")]
    return {
        "media_assets": [dict(asset) for asset in ASSETS],
        **{name: list(rows) for name, rows in FINDINGS.items()},
        "analyses": analyses,
        "moderation_reviews": [dict(review) for review in MODERATION_REVIEWS],
        "usage": usage,
        "costs_daily": [_cost(row) for row in usage],
        "reconciliation": [dict(line) for line in RECONCILIATION],
    }


def _analyses() -> Iterator[Row]:
    found = Counter((row["media_id"], table) for table, rows in FINDINGS.items() for row in rows)
    for asset in ASSETS:
        for name in asset["features"]:
            findings = sum(found[asset["media_id"], table] for table in FEATURES[name].tables)
            yield _analysis(asset, name, findings)


def _analysis(asset: Row, name: str, findings: int) -> Row:
    media_type: MediaType = asset["media_type"]
    call = FEATURES[name].analysis(media_type)
    assert call is not None  # no asset is asked for what its kind does not have
    row = {
        **_place(asset["media_id"], name),
        "feature": name,
        "operation": call.operation,
        "status": "reused" if (asset["media_id"], name) in _REUSED else "succeeded",
        "units": asset["duration_ms"] / 60_000 if media_type == "video" else 1.0,
        "findings": findings,
        "model_version": LABEL_MODEL if name == "labels" else None,
        "completed_at": datetime.fromisoformat(f"{asset['dt']}T23:00:00"),
    }
    if asset["status"] == "rejected":
        return row | {"status": "rejected", "error_code": asset["reason_code"], "units": 0.0}
    if failure := _FAILED.get((asset["media_id"], name)):
        return row | {"status": "failed", "error_code": failure[0], "error_message": failure[1]}
    return row


def _use(analysis: Row) -> Row:
    """Return what an analysis used, at one price for images and one for videos."""
    asset = _BY_ID[analysis["media_id"]]
    price = analysis["units"] * (VIDEO_USD_A_MINUTE if analysis["media_type"] == "video" else IMAGE_USD)
    reused = analysis["status"] == "reused"
    return {
        **analysis,
        "usage_id": f"{analysis['media_id']}/{analysis['feature']}",
        "at": analysis["completed_at"],
        "source": asset["source"],
        "cost_center": asset["cost_center"],
        "reused": reused,
        "usd": 0.0 if reused else round(price, 6),
        "saved_usd": round(price, 6) if reused else 0.0,
        "list_usd": 0.0 if reused else round(price, 6),
    }


def _cost(use: Row) -> Row:
    """Return the costs of one use; the lake has them summed up, of which no question is aware."""
    return {**use, "usage_date": use["at"].date(), "units": 0.0 if use["reused"] else use["units"]}
