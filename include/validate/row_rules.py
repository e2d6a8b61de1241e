"""Rules that each row of a finding table keeps by itself, checked on many rows at once.

They go beyond what one column promises by its schema: boxes with their nested ones, spans, texts, lists of
the API, members of lists, values that come in pairs. Rules of one table only are in
:mod:`include.validate.table_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.features import MediaType
from include.core.schemas import Table
from include.core.service_model import rekognition_model
from include.validate.arrow_masks import (
    Mask,
    Numbers,
    any_member,
    as_mask,
    codes,
    encoded,
    floats,
    is_null,
    mask,
    members_of,
    outside,
    texts_that,
)

# Rekognition's boxes may reach outside the frame by a little.
FRAME_TOLERANCE = 0.1

# UTF-8 that was read as Latin-1 or Windows-1252, what stands for a lost character, and control characters.
_GARBLED = (
    "[\u00c2\u00c3][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|\u00c3[\u0152-\u0178\u201a-\u2122]|\u00e2\u20ac"
    "|\ufffd|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
# What a camera or a person wrote may look garbled and be right.
_FREE_TEXTS = ("text", "external_image_id")
_KEYS = ("media_id", "analysis_key")

# The enumeration of the API's model that a column's words are from.
_ENUMERATIONS = {
    "gender": "GenderType",
    "known_gender": "KnownGenderType",
    "dominant_emotion": "EmotionName",
    "body_part": "BodyPart",
    "equipment": "ProtectiveEquipmentType",
    "cue_type": "TechnicalCueType",
}
# How ids and versions look: patterns of the API's model; a version is a number or an ARN.
_FORMS = {
    "face_id": "FaceId",
    "image_id": "ImageId",
    "celebrity_id": "RekognitionUniqueId",
}
_MODEL_VERSION = r"[\w.:/-]+"
_TIMECODE = r"[0-9]{2}:[0-9]{2}:[0-9]{2}[:;][0-9]{2,3}"


@dataclass(frozen=True)
class RowRule:
    """One rule.

    :param name: one of :data:`include.core.validation_rules.RULES`.
    :param column: the column it is about; None if it is about several.
    :param broken: gives, for a part of the table, whether each row breaks it.
    """

    name: str
    column: str | None
    broken: Callable[[pa.Table], Mask]


def row_rules(table: Table, media_type: MediaType) -> Iterator[RowRule]:
    """Yield the rules that finding tables of a form have in common."""
    names = set(table.column_types)
    yield from _numbers(table)
    yield from _boxes(table)
    yield from _times(names, media_type)
    yield from _texts(table)
    yield from _lists(table)
    if table.score in names and table.name != "protective_equipment":
        yield RowRule("score_is_there", table.score, partial(_null, str(table.score)))
    for name in table.column_types:
        if f"{name}_confidence" in names:
            yield RowRule("values_come_in_pairs", name, partial(_without_the_other, name))


def _null(column: str, rows: pa.Table) -> Mask:
    return is_null(rows[column])


def _without_the_other(column: str, rows: pa.Table) -> Mask:
    return as_mask(is_null(rows[column]) != is_null(rows[f"{column}_confidence"]))


# --- numbers and boxes


def _numbers(table: Table) -> Iterator[RowRule]:
    for name, type_ in table.column_types.items():
        if type_ == "double":
            yield RowRule("no_value_is_nan", name, partial(_is_no_number, name))


def _is_no_number(column: str, rows: pa.Table) -> Mask:
    return ~is_null(rows[column]) & ~np.isfinite(floats(rows[column]))


def _boxes(table: Table) -> Iterator[RowRule]:
    for column in table.columns:
        if column.name.endswith("_left"):
            prefix = column.name.removesuffix("_left")
            yield RowRule("box_is_within_the_frame", column.name, partial(_is_outside, prefix))


def _is_outside(prefix: str, rows: pa.Table) -> Mask:
    edges = [floats(rows[f"{prefix}_{edge}"]) for edge in ("left", "top", "width", "height")]
    missing = np.sum([np.isnan(edge) for edge in edges], axis=0)
    return as_mask(_beyond(*edges) | ((missing > 0) & (missing < len(edges))))


def _beyond(left: Numbers, top: Numbers, width: Numbers, height: Numbers) -> Mask:
    """Return whether boxes reach out of the frame or have no extent; those that are not there do not."""
    low, high = -FRAME_TOLERANCE, 1 + FRAME_TOLERANCE
    with np.errstate(invalid="ignore"):
        out = (left < low) | (top < low) | (left + width > high) | (top + height > high)
        return np.asarray(out | (width < 0) | (height < 0) | ((width == 0) & (height == 0)))


# --- times


def _times(names: set[str], media_type: MediaType) -> Iterator[RowRule]:
    times = sorted(names & {"timestamp_ms", "start_ms", "end_ms"})
    if not times:
        return
    if media_type == "image":
        yield RowRule("an_image_has_no_time", None, partial(_any_there, times))
        return
    starts = [name for name in times if name != "end_ms"]
    yield RowRule("a_finding_in_a_video_has_a_time", None, partial(_none_there, starts))
    if "end_ms" in names:
        yield RowRule("the_end_is_not_before_the_start", "end_ms", _ends_before_start)
    if {"timestamp_ms", "start_ms"} <= names:
        yield RowRule("the_time_is_within_the_span", "timestamp_ms", _outside_its_span)


def _any_there(columns: list[str], rows: pa.Table) -> Mask:
    return as_mask(np.any([~is_null(rows[column]) for column in columns], axis=0))


def _none_there(columns: list[str], rows: pa.Table) -> Mask:
    return as_mask(np.all([is_null(rows[column]) for column in columns], axis=0))


def _ends_before_start(rows: pa.Table) -> Mask:
    """A span also has both ends, or is none."""
    half = is_null(rows["end_ms"]) != is_null(rows["start_ms"])
    with np.errstate(invalid="ignore"):
        return as_mask(half | (floats(rows["end_ms"]) < floats(rows["start_ms"])))


def _outside_its_span(rows: pa.Table) -> Mask:
    time = floats(rows["timestamp_ms"])
    with np.errstate(invalid="ignore"):
        return (time < floats(rows["start_ms"])) | (time > floats(rows["end_ms"]))


# --- texts


def _texts(table: Table) -> Iterator[RowRule]:
    for column in table.columns:
        if column.type != "string" or column.name in _KEYS:
            continue
        if column.name in _FREE_TEXTS:
            yield RowRule("text_is_not_garbled", column.name, partial(_is_garbled, column.name))
            yield RowRule("name_is_neither_blank_nor_garbled", column.name, partial(_is_blank, column.name))
        elif column.name == "model_version":
            yield RowRule(
                "id_has_its_form", column.name, partial(_has_other_form, column.name, _MODEL_VERSION)
            )
        elif column.name.endswith("_timecode"):
            yield RowRule("id_has_its_form", column.name, partial(_has_other_form, column.name, _TIMECODE))
        elif column.name in _FORMS:
            form = rekognition_model().shape_for(_FORMS[column.name]).metadata["pattern"]
            yield RowRule("id_has_its_form", column.name, partial(_has_other_form, column.name, form))
        elif column.name in _ENUMERATIONS:
            words = enumeration(_ENUMERATIONS[column.name])
            yield RowRule(
                "value_is_in_the_list_of_the_api", column.name, partial(_not_in, column.name, words)
            )
        else:
            yield RowRule("name_is_neither_blank_nor_garbled", column.name, partial(_is_bad, column.name))


def enumeration(shape: str) -> pa.Array:
    """Return the words of an enumeration of the API's model."""
    return pa.array(rekognition_model().shape_for(shape).metadata["enum"])


def _garbled(texts: Any) -> Mask:
    return mask(pc.match_substring_regex(texts, _GARBLED))


def _blank(texts: Any) -> Mask:
    return mask(pc.equal(pc.utf8_trim_whitespace(texts), ""))


def _blank_or_garbled(texts: Any) -> Mask:
    return as_mask(_blank(texts) | _garbled(texts))


def _is_bad(column: str, rows: pa.Table) -> Mask:
    return texts_that(_blank_or_garbled, rows[column])


def _is_garbled(column: str, rows: pa.Table) -> Mask:
    return texts_that(_garbled, rows[column])


def _is_blank(column: str, rows: pa.Table) -> Mask:
    return texts_that(_blank, rows[column])


def _has_other_form(column: str, form: str, rows: pa.Table) -> Mask:
    return texts_that(lambda texts: ~mask(pc.match_substring_regex(texts, f"^({form})$")), rows[column])


def _not_in(column: str, words: pa.Array, rows: pa.Table) -> Mask:
    return texts_that(lambda texts: ~mask(pc.is_in(texts, words)), rows[column])


# --- members of lists


def _lists(table: Table) -> Iterator[RowRule]:
    for column in table.columns:
        if column.type == "array<string>":
            yield RowRule("members_of_lists_are_right", column.name, partial(_bad_words, column.name))
        elif column.type.startswith("array<struct<box_left"):
            yield RowRule("boxes_are_within_the_frame", column.name, partial(_bad_boxes, column.name))
        elif column.type == "array<struct<x:double,y:double>>":
            yield RowRule("points_are_within_the_frame", column.name, partial(_bad_points, column.name))


def _bad_words(column: str, rows: pa.Table) -> Mask:
    """A list of words has a null, a blank, a garbled word, or one word twice."""
    words = members_of(rows[column])
    known = encoded(words.values)
    numbers = codes(known)
    wrong = np.append(_blank_or_garbled(known.dictionary), True)
    found = words.rows_with(wrong[numbers])
    several = np.bincount(words.parents, minlength=len(rows))[words.parents] > 1
    pairs = np.sort(words.parents[several] * len(wrong) + numbers[several])
    found[pairs[1:][pairs[1:] == pairs[:-1]] // len(wrong)] = True
    return found


def _bad_boxes(column: str, rows: pa.Table) -> Mask:
    return any_member(rows[column], _is_bad_instance)


def _is_bad_instance(boxes: Any) -> Mask:
    edges = [floats(pc.struct_field(boxes, f"box_{edge}")) for edge in ("left", "top", "width", "height")]
    confidence = pc.struct_field(boxes, "confidence")
    absent = np.any([~np.isfinite(edge) for edge in edges], axis=0)
    return np.asarray(_beyond(*edges) | absent | (outside(floats(confidence), 0, 100) & ~is_null(confidence)))


def _bad_points(column: str, rows: pa.Table) -> Mask:
    return any_member(rows[column], _is_bad_point)


def _is_bad_point(points: Any) -> Mask:
    low, high = -FRAME_TOLERANCE, 1 + FRAME_TOLERANCE
    return as_mask(
        np.any([outside(floats(pc.struct_field(points, name)), low, high) for name in ("x", "y")], axis=0)
    )
