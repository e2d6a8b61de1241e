"""Rules between the usage of a day and the analyses that readers have of it.

A day's usage log may have more than the published analyses: a run that is under way pays before it publishes.
It has no less, because usage is logged before the ledger calls an analysis done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.features import FEATURES, FRAME_OPERATIONS, ImageCall, VideoJob
from include.store.erased_contents import ERASED_NAME
from include.store.ledger import Entry
from include.store.usage_log import MODEL_TIME
from include.validate.arrow_masks import Mask, floats, is_null, mask, members_of
from include.validate.cost_rules import of_usage
from include.validate.rule_results import RuleResult, result_of_rows

# Columns of table ``analyses`` that the rules need, beside its partition's media type.
ANALYSIS_COLUMNS = ("media_id", "feature", "analysis_key", "status", "units", "findings_by_table",
    "operation",
)  # fmt: skip

# A video that was analyzed twice may have been measured twice.
UNITS_TOLERANCE = 0.01

LookUp = Callable[[Iterable[str]], Mapping[str, Entry]]


def usage_results(usage: pa.Table, analyses: pa.Table, day: str, look_up: LookUp) -> Iterator[RuleResult]:
    """Yield the result of each rule.

    :param usage: the rows of table ``usage``, read after the analyses were.
    :param analyses: ``ANALYSIS_COLUMNS`` and ``media_type`` of what readers have of the day.
    :param look_up: gives what the ledger knows of analysis keys; asked only for those in doubt.
    """
    place = pc.index_in(_keys(usage), value_set=_keys(analyses))
    matched = ~is_null(place)
    is_hours = mask(pc.equal(usage["operation"], MODEL_TIME))
    is_image = mask(pc.equal(usage["media_type"], "image")) & ~is_hours
    units, expected = floats(usage["units"]), floats(analyses["units"].take(place))
    differ = np.abs(units - expected) > UNITS_TOLERANCE * expected  # false where nothing is known
    yield of_usage("units_are_those_of_the_analysis", usage, differ | (is_image & (units != 1)), "units")
    same = [mask(pc.equal(usage[name], analyses[name].take(place))) for name in ("feature", "media_type")]
    yield of_usage("the_feature_is_that_of_the_analysis", usage, matched & ~np.all(same, axis=0), "feature")
    published = pa.array(pc.unique(analyses["media_type"]).to_pylist(), pa.string())
    # What was erased has a pseudonym, which joins with nothing.
    is_erased = mask(pc.starts_with(usage["media_id"], ERASED_NAME))
    doubted = ~matched & ~is_hours & ~is_erased & mask(pc.is_in(usage["media_type"], value_set=published))
    yield of_usage("usage_is_of_a_known_analysis", usage, _unknown(usage, doubted, look_up), "analysis_key")
    yield from _completeness(usage, analyses, day, look_up)


def _unknown(usage: pa.Table, doubted: Mask, look_up: LookUp) -> Mask:
    """Which of the doubted rows the ledger does not know either."""
    keys = usage["analysis_key"].filter(pa.array(doubted)).drop_null().unique().to_pylist()
    known = pa.array(list(look_up(keys)) if keys else [], pa.string())
    return doubted & ~mask(pc.is_in(usage["analysis_key"], value_set=known))


def _completeness(usage: pa.Table, analyses: pa.Table, day: str, look_up: LookUp) -> Iterator[RuleResult]:
    """Yield whether each analysis has its lines of usage.

    What was reused may have none if the day was only ever reprocessed, which logs nothing. If the ledger says
    that the day paid for it, its line is lost.
    """
    succeeded = mask(pc.equal(analyses["status"], "succeeded"))
    reused = mask(pc.equal(analyses["status"], "reused"))
    paid = usage.filter(pc.invert(pc.fill_null(usage["reused"], False)))
    lost = np.zeros(len(analyses), bool)
    lost[succeeded] = _lacks_lines(analyses.filter(pa.array(succeeded)), paid)
    lost[reused] = _lacks_lines(analyses.filter(pa.array(reused)), usage)
    places = np.flatnonzero(lost & reused)
    keys = analyses["analysis_key"].take(places).to_pylist()
    entries = look_up(keys) if keys else {}
    owners = zip(analyses["media_id"].take(places).to_pylist(), keys, strict=True)
    elsewhere = np.zeros(len(analyses), bool)
    elsewhere[places] = [not _paid_on(entries.get(key), day, media_id) for media_id, key in owners]
    for rule, broken in (
        ("what_was_paid_for_is_in_the_usage", lost & ~elsewhere),
        ("what_was_reused_is_in_the_usage", lost & elsewhere),
    ):
        yield result_of_rows(rule, "usage", analyses, broken)


def _paid_on(entry: Entry | None, day: str, media_id: str) -> bool:
    payer = json.loads(entry.payer) if entry and entry.payer else {}
    return (payer.get("partition"), payer.get("media_id")) == (day, media_id)


def _lacks_lines(analyses: pa.Table, usage: pa.Table) -> Mask:
    """Which analyses lack one of the lines of the price book that their feature is billed by."""
    lacking = np.zeros(len(analyses), bool)
    columns = ["media_type", "feature", "operation"]
    kinds = analyses.select(columns).to_pandas().groupby(columns).indices
    for (media_type, name, operation), places in kinds.items():
        by_frames = operation in FRAME_OPERATIONS
        call = FEATURES[name].analysis(media_type, by_frames=by_frames) if name in FEATURES else None
        if call is None:
            continue  # a feature of earlier versions
        of_it = analyses.take(places)
        keys = _keys(of_it)
        lines = usage.filter(pc.equal(usage["feature"], name))
        for rows, items in _lines_of(call, of_it):
            known = _keys(lines.filter(pc.is_in(lines["price_item"], value_set=pa.array(items))))
            lacking[places] |= rows & ~mask(pc.is_in(keys, value_set=known))
    return lacking


def _lines_of(call: ImageCall | VideoJob, analyses: pa.Table) -> Iterator[tuple[Mask, list[str]]]:
    """Yield which analyses have to have one of which lines.

    What a request chose shows in the tables that it fills.
    """
    for item in call.price_items:
        yield np.ones(len(analyses), bool), [item]
    if call.choice is None:
        return
    tables = members_of(analyses["findings_by_table"])
    names = pc.struct_field(tables.values, "table_name")
    for table in dict.fromkeys(kind.table for kind in call.choice.kinds.values()):
        items = [kind.price_item for kind in call.choice.kinds.values() if kind.table == table]
        yield tables.rows_with(mask(pc.equal(names, table))), items


def _keys(rows: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(rows["media_id"], rows["analysis_key"], " ")
    return joined.combine_chunks()
