"""Rules of single finding tables: members that follow from one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.validate.arrow_masks import (
    Mask,
    as_mask,
    codes,
    encoded,
    floats,
    is_null,
    mask,
    members_of,
    outside,
)
from include.validate.row_rules import RowRule, enumeration

# Of sums of percentages, and of times that were rounded to whole milliseconds.
PERCENT_TOLERANCE = 1.0
MILLISECONDS_TOLERANCE = 1


# --- labels


def _is_its_own_parent(rows: pa.Table) -> Mask:
    parents = members_of(rows["parents"])
    words, names = encoded(parents.values), encoded(rows["name"])
    known = pc.fill_null(pc.index_in(names.dictionary, words.dictionary), -1)
    own = np.append(known, -1)[codes(names)]
    return parents.rows_with(codes(words) == own[parents.parents])


def _counts_other_boxes(rows: pa.Table) -> Mask:
    lengths = pc.fill_null(pc.list_value_length(rows["instances"]), 0)
    return mask(pc.not_equal(lengths, rows["instance_count"]))


# --- image_properties


def _colors_are_wrong(rows: pa.Table) -> Mask:
    """Parts of 256 that are none, a code that is none, or shares that are more than the whole."""
    colors = members_of(rows["dominant_colors"])
    shares = floats(pc.struct_field(colors.values, "pixel_percent"))
    parts = [floats(pc.struct_field(colors.values, name)) for name in ("red", "green", "blue")]
    wrong = np.any([outside(part, 0, 255) for part in parts], axis=0) | (shares < 0)
    sums = np.bincount(colors.parents, np.nan_to_num(shares), len(rows))
    return colors.rows_with(wrong | _is_no_code(colors.values)) | (sums > 100 + PERCENT_TOLERANCE)


def _is_no_code(colors: Any) -> Mask:
    codes = pc.struct_field(colors, "hex_code")
    return ~mask(pc.match_substring_regex(codes, "^#?[0-9a-fA-F]{6}$")) & ~is_null(codes)


# --- moderation_labels


def _level_and_parent_disagree(rows: pa.Table) -> Mask:
    at_the_top = mask(pc.equal(rows["taxonomy_level"], 1))
    own_parent = mask(pc.equal(rows["parent_name"], rows["name"]))
    return as_mask(
        own_parent | (at_the_top != is_null(rows["parent_name"])) & ~is_null(rows["taxonomy_level"])
    )


# --- texts


def _word_and_line_disagree(rows: pa.Table) -> Mask:
    return as_mask(mask(pc.equal(rows["type"], "LINE")) != is_null(rows["parent_id"]))


def _is_its_own_line(rows: pa.Table) -> Mask:
    return mask(pc.equal(rows["parent_id"], rows["text_id"]))


# --- faces


def _emotions_are_wrong(rows: pa.Table) -> Mask:
    """The dominant emotion is not listed, another has a greater confidence, or one is of no list."""
    emotions = members_of(rows["emotions"])
    names = pc.struct_field(emotions.values, "type")
    scores = floats(pc.struct_field(emotions.values, "confidence"))
    unknown = ~mask(pc.is_in(names, enumeration("EmotionName"))) | outside(scores, 0, 100)
    best = np.full(len(rows), -1.0)
    np.maximum.at(best, emotions.parents, np.nan_to_num(scores))
    dominant = pc.take(rows["dominant_emotion"].combine_chunks(), emotions.parents)
    is_best = mask(pc.equal(names, dominant)) & (np.nan_to_num(scores) >= best[emotions.parents])
    listed = emotions.rows_with(np.ones(len(scores), bool))
    says_none = is_null(rows["dominant_emotion"])
    return as_mask(
        emotions.rows_with(unknown) | (says_none == listed) | (listed & ~emotions.rows_with(is_best))
    )


def _youngest_is_older(rows: pa.Table) -> Mask:
    with np.errstate(invalid="ignore"):
        older = floats(rows["age_low"]) > floats(rows["age_high"])
    return as_mask(
        older | (floats(rows["age_high"]) > 150) | (is_null(rows["age_low"]) != is_null(rows["age_high"]))
    )


# --- protective_equipment


def _equipment_without_a_part(rows: pa.Table) -> Mask:
    """Equipment is on a body part; what is not there has no box, and covers nothing."""
    absent, alone = is_null(rows["equipment"]), is_null(rows["body_part"])
    described = [~is_null(rows[name]) for name in ("covers_body_part", "equipment_box_left")]
    return as_mask((~absent & alone) | (absent & np.any(described, axis=0)))


# --- segments


def _lasts_otherwise(rows: pa.Table) -> Mask:
    lasts = floats(rows["end_ms"]) - floats(rows["start_ms"])
    with np.errstate(invalid="ignore"):
        return np.abs(lasts - floats(rows["duration_ms"])) > MILLISECONDS_TOLERANCE


def _kind_and_members_disagree(rows: pa.Table) -> Mask:
    shot = mask(pc.equal(rows["type"], "SHOT"))
    return as_mask((shot == is_null(rows["shot_index"])) | (shot != is_null(rows["cue_type"])))


TABLE_RULES: dict[str, tuple[RowRule, ...]] = {
    "labels": (
        RowRule("a_label_is_not_its_own_parent", "parents", _is_its_own_parent),
        RowRule("instance_count_is_the_number_of_instances", "instance_count", _counts_other_boxes),
    ),
    "image_properties": (
        RowRule("colors_are_parts_of_256_and_shares_of_the_whole", "dominant_colors", _colors_are_wrong),
    ),
    "moderation_labels": (
        RowRule("level_1_has_no_parent_and_others_have_one", "taxonomy_level", _level_and_parent_disagree),
    ),
    "texts": (
        RowRule("words_have_a_line_and_lines_have_none", "parent_id", _word_and_line_disagree),
        RowRule("a_text_is_not_its_own_line", "text_id", _is_its_own_line),
    ),
    "faces": (
        RowRule("the_dominant_emotion_has_the_greatest_confidence", "dominant_emotion", _emotions_are_wrong),
        RowRule("the_least_age_is_not_above_the_greatest", "age_low", _youngest_is_older),
    ),
    "protective_equipment": (RowRule("equipment_is_on_a_body_part", "equipment", _equipment_without_a_part),),
    "segments": (
        RowRule("the_duration_is_the_end_less_the_start", "duration_ms", _lasts_otherwise),
        RowRule("shots_have_numbers_and_cues_have_kinds", "type", _kind_and_members_disagree),
    ),
}
