"""Rules among the rows of ``analyses`` and ``media_assets`` of a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.features import FEATURES, FRAME_OPERATIONS, MediaType
from include.core.frame_sampling import MOST_FRAMES_PER_SECOND
from include.core.lake import Lake
from include.validate.arrow_masks import Mask, as_mask, differ, floats, is_null, mask
from include.validate.key_columns import value_hashes
from include.validate.plan_rules import GOOD
from include.validate.rule_results import RuleResult, result_of_rows

# The video's header and Rekognition measure a little differently.
UNITS_TOLERANCE = 0.1
# Clocks of machines differ; Rekognition began on 2016-11-30 (https://aws.amazon.com/blogs/aws/).
CLOCK_TOLERANCE = timedelta(hours=1)
REKOGNITION_BEGAN = datetime(2016, 11, 30)

_SUCCESS_HAS = ("response_uri", "completed_at", "units", "findings", "findings_by_table")
_FAILURE_HAS = ("error_code", "error_message")
_SHARED = ("operation", "model_version", "response_uri", "units", "completed_at", "findings_by_table")
_RESPONSE_URI = "^s3://[^/]+/(.+/)?responses/.+"


def outcome_results(
    assets: pa.Table, analyses: pa.Table, media_type: MediaType, lake: Lake
) -> Iterator[RuleResult]:
    """Yield the result of each rule.

    :param assets: the rows of ``media_assets``; ``analyses`` likewise.
    """
    good = mask(pc.is_in(analyses["status"], GOOD))

    def result(rule: str, broken: Mask, column: str) -> RuleResult:
        return result_of_rows(rule, "analyses", analyses, broken, column)

    for name in _SUCCESS_HAS:
        yield result("members_of_a_success_are_there", as_mask(good == is_null(analyses[name])), name)
    for name in _FAILURE_HAS:
        absent = is_null(analyses[name]) | mask(pc.equal(analyses[name], ""))
        yield result("an_error_is_there_unless_it_succeeded", as_mask(good != absent), name)
    yield result("units_are_those_of_the_asset", good & _other_units(assets, analyses, media_type), "units")
    misplaced = ~mask(pc.match_substring_regex(analyses["response_uri"], _RESPONSE_URI))
    yield result("the_response_is_in_the_archive", good & misplaced, "response_uri")
    yield result("the_time_of_completion_is_possible", _impossible_time(analyses), "completed_at")
    for name, broken in _disagreements(analyses, good):
        yield result("analyses_of_one_key_agree", broken, name)
    yield result("the_model_version_is_the_pinned_one", good & _not_pinned(analyses, lake, media_type),
                 "model_version")  # fmt: skip
    broken = _other_status(assets, analyses, good)
    yield result_of_rows("status_follows_from_the_analyses", "media_assets", assets, broken, "status")


def _other_units(assets: pa.Table, analyses: pa.Table, media_type: MediaType) -> Mask:
    units = floats(analyses["units"])
    if media_type == "image":
        return as_mask(units != 1.0) & ~is_null(analyses["units"])
    minutes = np.append(floats(assets["duration_ms"]) / 60_000, np.nan)[_assets_of(analyses, assets)]
    by_frames = mask(pc.is_in(analyses["operation"], pa.array(sorted(FRAME_OPERATIONS))))
    most = (1 + UNITS_TOLERANCE) * (1 + 60 * MOST_FRAMES_PER_SECOND * minutes)
    with np.errstate(invalid="ignore"):
        no_frames = (units < 1) | (units != np.floor(units)) | (units > most)
        no_minutes = np.abs(units - minutes) > UNITS_TOLERANCE * (1 + minutes)
    return as_mask(np.where(by_frames, no_frames, no_minutes))


def _assets_of(analyses: pa.Table, assets: pa.Table) -> NDArray[np.int64]:
    """Return, for each analysis, the row of its asset; the one after the last if there is none."""
    places = pc.index_in(analyses["media_id"], assets["media_id"])
    return np.asarray(pc.fill_null(places, len(assets)), np.int64)


def _impossible_time(analyses: pa.Table) -> Mask:
    latest = datetime.now(UTC).replace(tzinfo=None) + CLOCK_TOLERANCE
    times = analyses["completed_at"].cast(pa.timestamp("ms"), safe=False)
    return mask(pc.less(times, pa.scalar(REKOGNITION_BEGAN, times.type))) | mask(
        pc.greater(times, pa.scalar(latest, times.type))
    )


def _disagreements(analyses: pa.Table, good: Mask) -> Iterator[tuple[str, Mask]]:
    """Assets with the same bytes share an analysis, and so all that it says."""
    done = np.flatnonzero(good)
    keys = pc.dictionary_encode(analyses["analysis_key"].combine_chunks().take(done), null_encoding="encode")
    _, firsts, places = np.unique(np.asarray(keys.indices), return_index=True, return_inverse=True)
    for name in _SHARED:
        hashes = value_hashes(analyses[name].combine_chunks().take(done))
        broken = np.zeros(len(analyses), bool)
        broken[done] = hashes != hashes[firsts[places]]
        yield name, broken


def _not_pinned(analyses: pa.Table, lake: Lake, media_type: MediaType) -> Mask:
    broken = np.zeros(len(analyses), bool)
    for name in lake.model_versions:
        if pin := lake.pinned_version(FEATURES[name], media_type):
            other = differ(analyses["model_version"], pa.scalar(pin))
            broken |= mask(pc.equal(analyses["feature"], name)) & other
    return broken


def _other_status(assets: pa.Table, analyses: pa.Table, good: Mask) -> Mask:
    """An asset's status and reason follow from its analyses: analyzed if all succeeded, partial if some."""
    places = _assets_of(analyses, assets)
    asked = np.bincount(places, minlength=len(assets) + 1)[: len(assets)]
    succeeded = np.bincount(places, good, minlength=len(assets) + 1)[: len(assets)]
    whole, none = succeeded == asked, succeeded == 0
    analyzed, partial, rejected = (
        mask(pc.equal(assets["status"], name)) for name in ("analyzed", "partial", "rejected")
    )
    fails = ~none | (asked == 0)
    wrong = np.select(
        [analyzed, partial, rejected],
        [~whole, whole | none, ~none],
        default=fails,
    )
    reasons = ~is_null(assets["reason_code"]) & ~is_null(assets["reason"])
    return as_mask(wrong | (analyzed & ~is_null(assets["reason_code"])) | (~analyzed & ~reasons))
