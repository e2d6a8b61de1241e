"""Corruptions of a clean day, each found by the rule that is there for it."""

from __future__ import annotations

import copy
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.features import MEDIA_TYPES, MediaType
from include.core.schemas import FINDING_TABLES, TABLES
from include.core.validation_rules import RULES
from include.store.objects import Row, put
from include.store.parquet import arrow_rows
from include.validate.audit import Audit
from tests.include.validate.clean_days import CleanDay

Tables = dict[str, list[Row]]
Change = Callable[[Tables], None]

BETWEEN, IN_SET = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"
NOT_NULL, COUNT = "expect_column_values_to_not_be_null", "expect_table_row_count_to_equal"
UNIQUE, UNIQUE_TOGETHER = "expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"


@dataclass(frozen=True)
class Corruption:
    """One way to damage a day.

    :param change: damages the staged rows in place.
    :param rule: finds it in the table.
    """

    name: str
    media_type: MediaType
    table: str
    rule: str
    change: Change


def corruption(name: str, where: str, rule: str, change: Change) -> Corruption:
    media_type, table = where.split(".")
    assert media_type in MEDIA_TYPES
    return Corruption(name, media_type, table, rule, change)  # type: ignore[arg-type]


def first(where: str, /, **values: Any) -> Change:
    """Change members of the first row of a table."""
    table = where.split(".")[1]
    return lambda tables: tables[table][0].update(values)


def every(where: str, change: Callable[[Row], Row]) -> Change:
    table = where.split(".")[1]

    def change_all(tables: Tables) -> None:
        for row in tables[table]:
            row.update(change(row))

    return change_all


def one(title: str, where: str, rule: str, /, **values: Any) -> Corruption:
    return corruption(title, where, rule, first(where, **values))


def nested(where: str, column: str, /, **values: Any) -> Change:
    """Change the first member of the first list that has one."""
    table = where.split(".")[1]

    def change(tables: Tables) -> None:
        row = next(row for row in tables[table] if row[column])
        row[column][0].update(values)

    return change


def where_first(where: str, wanted: Callable[[Row], Any], /, **values: Any) -> Change:
    table = where.split(".")[1]
    return lambda tables: next(row for row in tables[table] if wanted(row)).update(values)


def a_success(row: Row) -> bool:
    return bool(row["status"] == "succeeded")


GEOMETRY = [
    one("left far outside", "image.texts", "box_is_within_the_frame", box_left=3.7),
    one("left and width beyond", "image.celebrities", "box_is_within_the_frame", box_left=0.9, box_width=0.9),
    one("top above the frame", "video.faces", "box_is_within_the_frame", box_top=-0.6),
    one("pixels for ratios", "video.face_matches", "box_is_within_the_frame", box_width=320.0),
    one("an edge is missing", "image.faces", "box_is_within_the_frame", box_height=None),
    one("no extent", "image.protective_equipment", "box_is_within_the_frame", box_width=0.0, box_height=0.0),
    one("the matched face outside", "image.face_matches", "box_is_within_the_frame", matched_box_top=2.0),
    one("negative width", "image.custom_labels", BETWEEN, box_width=-0.2),
    corruption(
        "an instance outside", "image.labels", "boxes_are_within_the_frame",
        nested("image.labels", "instances", box_left=1.8),
    ),
    corruption(
        "an instance without an edge", "video.labels", "boxes_are_within_the_frame",
        nested("video.labels", "instances", box_top=None),
    ),
    corruption(
        "an instance of 500 percent", "image.labels", "boxes_are_within_the_frame",
        nested("image.labels", "instances", confidence=500.0),
    ),
    corruption(
        "a corner outside", "image.texts", "points_are_within_the_frame",
        nested("image.texts", "polygon", x=-4.0),
    ),
    corruption(
        "a corner without y", "image.custom_labels", "points_are_within_the_frame",
        nested("image.custom_labels", "polygon", y=None),
    ),
]  # fmt: skip


def other_media(tables: Tables) -> None:
    label = tables["labels"][0]
    owners = {row["media_id"] for row in tables["analyses"] if row["analysis_key"] == label["analysis_key"]}
    label["media_id"] = next(
        row["media_id"] for row in tables["media_assets"] if row["media_id"] not in owners
    )


def swap_media(table: str) -> Change:
    """Give the findings of two assets with different bytes to each other."""
    swapped = {"id-one": "id-two", "id-two": "id-one"}

    def change(tables: Tables) -> None:
        for row in tables[table]:
            row["media_id"] = swapped.get(row["media_id"], row["media_id"])

    return change


def of_failed(tables: Tables) -> None:
    key = tables["celebrities"][0]["analysis_key"]
    for row in tables["analyses"]:
        if row["analysis_key"] == key:
            row.update(status="failed", error_code="X", error_message="x")


BELONGING = "findings_are_of_an_analysis_that_succeeded"
RELATIONS = [
    corruption("a finding of another asset", "image.labels", BELONGING, other_media),
    corruption("two assets exchanged", "image.faces", BELONGING, swap_media("faces")),
    corruption("two videos exchanged", "video.segments", BELONGING, swap_media("segments")),
    one("an analysis that does not exist", "image.texts", BELONGING, analysis_key="nobody"),
    one("a key of nobody", "video.labels", BELONGING, media_id="nobody"),
    corruption("findings of a failure", "image.celebrities", BELONGING, of_failed),
    corruption(
        "another table's analysis", "image.labels", BELONGING,
        lambda tables: tables["labels"][0].update(analysis_key=tables["texts"][0]["analysis_key"]),
    ),
    one("an asset nobody planned", "image.media_assets", "assets_are_those_planned", media_id="nobody"),
    corruption(
        "an asset lost", "image.media_assets", "assets_are_those_planned",
        lambda tables: tables["media_assets"].pop(),
    ),
    corruption(
        "an analysis lost", "video.analyses", "analyses_are_those_planned",
        lambda tables: tables["analyses"].pop(),
    ),
    one("a feature nobody asked for", "image.analyses", "analyses_are_those_planned", feature="landmarks"),
    one("another key than planned", "image.analyses", "analyses_have_the_key_planned", analysis_key="x"),
    one("the operation of another", "video.analyses", "the_operation_is_that_of_the_feature", operation="X"),
    one("another day's object", "image.media_assets", "facts_are_those_of_the_manifest", key="raw/a.jpg"),
    one("another source", "image.media_assets", "facts_are_those_of_the_manifest", source="elsewhere"),
    one("another team pays", "video.media_assets", "facts_are_those_of_the_manifest", cost_center="else"),
    one("another size", "image.media_assets", "facts_are_those_of_the_manifest", size_bytes=7),
    one("other bytes", "image.media_assets", "facts_are_those_of_the_manifest", content_id="other"),
    one(
        "another time", "video.media_assets", "facts_are_those_of_the_manifest",
        last_modified=datetime(1970, 1, 1),
    ),
    one("turned picture", "image.media_assets", "facts_are_those_of_the_manifest", display_width=480),
    one("the status of a failure", "image.media_assets", "status_follows_from_the_analyses", status="failed"),
    corruption(
        "whole though a part failed", "image.media_assets", "status_follows_from_the_analyses",
        lambda tables: tables["analyses"][0].update(status="failed", error_code="X", error_message="x"),
    ),
    corruption(
        "rejected against the plan", "video.analyses", "the_outcome_follows_from_the_plan",
        first("video.analyses", status="rejected", error_code="X", error_message="x"),
    ),
    one("a success with an error", "image.analyses", "an_error_is_there_unless_it_succeeded", error_code="X"),
    one("a failure without one", "image.analyses", "an_error_is_there_unless_it_succeeded", status="failed"),
]  # fmt: skip


def lost_and_doubled(table: str) -> Change:
    def change(tables: Tables) -> None:
        rows = tables[table]
        copy_of = next(row for row in rows if row["analysis_key"] != rows[0]["analysis_key"])
        rows[0] = dict(copy_of)

    return change


def another_count(tables: Tables) -> None:
    row = next(row for row in tables["analyses"] if row["findings"])
    row["findings"] += 1


COUNTS = [
    corruption("one lost, another doubled", "image.labels", "each_analysis_has_the_findings_counted",
               lost_and_doubled("labels")),
    corruption("a row lost", "video.faces", COUNT, lambda tables: tables["faces"].pop()),
    corruption("a sum that is none", "image.analyses", "findings_are_counted_by_the_tables_asked_for",
               another_count),
    corruption("counted in another table", "video.analyses", "findings_are_counted_by_the_tables_asked_for",
               nested("video.analyses", "findings_by_table", table_name="persons")),
    corruption("a page read twice", "video.labels", "rows_are_unique",
               lambda tables: tables["labels"].append(dict(tables["labels"][0]))),
    corruption("a whole table twice", "image.texts", "rows_are_unique",
               lambda tables: tables["texts"].extend(copy.deepcopy(tables["texts"]))),
    corruption("an asset twice", "image.media_assets", UNIQUE,
               lambda tables: tables["media_assets"].append(dict(tables["media_assets"][0]))),
    corruption("an analysis twice", "video.analyses", UNIQUE_TOGETHER,
               lambda tables: tables["analyses"].append(dict(tables["analyses"][0]))),
    corruption("a copy with other findings", "image.moderation_labels", "copies_have_the_same_findings",
               where_first("image.moderation_labels", lambda row: row["media_id"] == "id-copy",
                           confidence=77.0)),
    corruption("a copy of other units", "image.analyses", "analyses_of_one_key_agree",
               where_first("image.analyses", lambda row: row["media_id"] == "id-copy",
                           model_version="9.9")),
    one("one number twice", "image.faces", "numbers_in_a_frame_are_unique", face_index=1),
]  # fmt: skip

TIMES = [
    corruption("seconds for milliseconds", "video.labels", "times_are_in_milliseconds",
               every("video.labels", lambda row: {
                   name: None if row[name] is None else row[name] // 1000
                   for name in ("timestamp_ms", "start_ms", "end_ms")})),
    corruption("seconds for milliseconds in faces", "video.faces", "times_are_in_milliseconds",
               lambda tables: [row.update(timestamp_ms=number % 2)  # type: ignore[func-returns-value]
                               for number, row in enumerate(tables["faces"])]),
    corruption("past the end", "video.faces", "no_finding_is_past_the_end",
               first("video.faces", timestamp_ms=70_000)),
    corruption("microseconds", "video.segments", "no_finding_is_past_the_end",
               every("video.segments", lambda row: {"end_ms": row["end_ms"] * 1000})),
    corruption("the end before the start", "video.segments", "the_end_is_not_before_the_start",
               first("video.segments", start_ms=900, end_ms=100)),
    corruption("half a span", "video.labels", "the_end_is_not_before_the_start",
               where_first("video.labels", lambda row: row["start_ms"] is not None, end_ms=None)),
    one("a time on an image", "image.texts", "an_image_has_no_time", timestamp_ms=500),
    one("a video's finding without a time", "video.celebrities", "a_finding_in_a_video_has_a_time",
        timestamp_ms=None),
    one("a negative time", "video.texts", BETWEEN, timestamp_ms=-5),
    one("another duration", "video.segments", "the_duration_is_the_end_less_the_start", duration_ms=3),
    corruption("completed in the future", "image.analyses", "the_time_of_completion_is_possible",
               where_first("image.analyses", a_success,
                           completed_at=datetime.now() + timedelta(days=400))),
    corruption("completed before Rekognition was", "video.analyses", "the_time_of_completion_is_possible",
               where_first("video.analyses", a_success, completed_at=datetime(1970, 1, 1))),
]  # fmt: skip

CONFIDENCE = [
    corruption("fractions", "image.celebrities", "scores_are_in_percent",
               every("image.celebrities", lambda row: {"confidence": row["confidence"] / 100})),
    corruption("all zero", "video.faces", "scores_are_in_percent",
               every("video.faces", lambda row: {"confidence": 0.0})),
    one("below the threshold", "image.labels", "score_is_not_below_the_threshold", confidence=30.0),
    one("below the threshold in a video", "video.texts", "score_is_not_below_the_threshold", confidence=2.0),
    one("over a hundred", "image.moderation_labels", BETWEEN, confidence=101.0),
    one("no score", "video.moderation_labels", "score_is_there", confidence=None),
    one("not a number", "image.texts", "no_value_is_nan", confidence=float("nan")),
    one("infinite", "image.faces", BETWEEN, brightness=float("inf")),
    one("a value without its confidence", "image.faces", "values_come_in_pairs", smile_confidence=None),
    one("a confidence without its value", "image.protective_equipment", "values_come_in_pairs",
        body_part=None),
]  # fmt: skip

TEXTS = [
    one("mojibake", "image.celebrities", "name_is_neither_blank_nor_garbled", name="BeyoncÃ©"),
    one("a lost character", "image.labels", "name_is_neither_blank_nor_garbled", name="Caf\ufffd"),
    one("an empty name", "image.custom_labels", "name_is_neither_blank_nor_garbled", name=""),
    one("blanks for a text", "video.texts", "name_is_neither_blank_nor_garbled", text="  "),
    one("mojibake in a text", "image.texts", "text_is_not_garbled", text="cafÃ© â‚¬"),
    one("control characters", "video.moderation_labels", "name_is_neither_blank_nor_garbled", name="Al\x00c"),
    one("no name", "video.labels", NOT_NULL, name=None),
    one("a word of no list", "image.faces", "value_is_in_the_list_of_the_api", gender="male"),
    one("a body part of no list", "image.protective_equipment", "value_is_in_the_list_of_the_api",
        body_part="TAIL"),
    corruption("a cue of no list", "video.segments", "value_is_in_the_list_of_the_api",
               where_first("video.segments", lambda row: row["cue_type"], cue_type="Fade")),
    one("a type of no list", "image.texts", IN_SET, type="PARAGRAPH"),
    one("a status of no list", "image.analyses", IN_SET, status="done"),
    one("an id of another form", "image.face_matches", "id_has_its_form", face_id="face one"),
    one("a time code of another form", "video.segments", "id_has_its_form", start_timecode="12 s"),
    one("a blank parent", "image.labels", "members_of_lists_are_right", parents=["Animal", " "]),
    one("a category twice", "image.labels", "members_of_lists_are_right", categories=["A", "A"]),
    one("a garbled page", "video.celebrities", "members_of_lists_are_right", urls=["www.Ã©.org"]),
]  # fmt: skip

MEMBERS = [
    one("its own parent", "image.labels", "a_label_is_not_its_own_parent", parents=["Dog"]),
    one("more boxes than counted", "image.labels", "instance_count_is_the_number_of_instances",
        instance_count=7),
    corruption("colors of 615 percent", "image.image_properties",
               "colors_are_parts_of_256_and_shares_of_the_whole",
               nested("image.image_properties", "dominant_colors", pixel_percent=615.0)),
    corruption("more red than there is", "image.image_properties",
               "colors_are_parts_of_256_and_shares_of_the_whole",
               nested("image.image_properties", "dominant_colors", red=300)),
    corruption("a code that is none", "image.image_properties",
               "colors_are_parts_of_256_and_shares_of_the_whole",
               nested("image.image_properties", "dominant_colors", hex_code="slate")),
    one("level 1 with a parent", "image.moderation_labels", "level_1_has_no_parent_and_others_have_one",
        taxonomy_level=1, parent_name="Violence"),
    one("level 2 without one", "video.moderation_labels", "level_1_has_no_parent_and_others_have_one",
        taxonomy_level=2),
    corruption("a word without a line", "image.texts", "words_have_a_line_and_lines_have_none",
               where_first("image.texts", lambda row: row["type"] == "WORD", parent_id=None)),
    corruption("a word on itself", "image.texts", "a_text_is_not_its_own_line",
               where_first("image.texts", lambda row: row["type"] == "WORD", parent_id=1)),
    one("another emotion", "image.faces", "the_dominant_emotion_has_the_greatest_confidence",
        dominant_emotion="CALM"),
    corruption("an emotion of no list", "image.faces", "the_dominant_emotion_has_the_greatest_confidence",
               nested("image.faces", "emotions", type="MERRY")),
    one("younger than the least", "image.faces", "the_least_age_is_not_above_the_greatest", age_low=90),
    corruption("equipment on nothing", "image.protective_equipment", "equipment_is_on_a_body_part",
               where_first("image.protective_equipment", lambda row: row["equipment"],
                           body_part=None, body_part_confidence=None)),
    corruption("a shot without a number", "video.segments", "shots_have_numbers_and_cues_have_kinds",
               where_first("video.segments", lambda row: row["type"] == "SHOT", shot_index=None)),
    corruption("a cue that is a shot", "video.segments", "shots_have_numbers_and_cues_have_kinds",
               where_first("video.segments", lambda row: row["cue_type"], type="SHOT")),
]  # fmt: skip

VERSIONS = [
    one("versions mixed", "image.labels", "model_version_is_that_of_the_analysis", model_version="2.0"),
    one("no version", "video.moderation_labels", "model_version_is_that_of_the_analysis", model_version=None),
    corruption("units that are not the duration", "video.analyses", "units_are_those_of_the_asset",
               where_first("video.analyses", a_success, units=60.0)),
    corruption("two units of an image", "image.analyses", "units_are_those_of_the_asset",
               where_first("image.analyses", a_success, units=2.0)),
    corruption("no response", "image.analyses", "members_of_a_success_are_there",
               where_first("image.analyses", a_success, response_uri=None)),
    corruption("no units", "video.analyses", "members_of_a_success_are_there",
               where_first("video.analyses", a_success, units=None)),
    corruption("a response elsewhere", "video.analyses", "the_response_is_in_the_archive",
               where_first("video.analyses", a_success, response_uri="https://example.com/x")),
]  # fmt: skip

CORRUPTIONS = [
    *GEOMETRY, *RELATIONS, *COUNTS, *TIMES, *CONFIDENCE, *TEXTS, *MEMBERS, *VERSIONS,
]  # fmt: skip


@pytest.fixture(scope="module")
def clean_rows(clean_days: dict[MediaType, CleanDay]) -> dict[MediaType, Tables]:
    return {media_type: day.rows() for media_type, day in clean_days.items()}


def broken(audit: Audit) -> set[tuple[str, str]]:
    return {(row["table_name"], row["expectation"]) for row in audit.results if not row["success"]}


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_clean_day_has_no_finding(clean_days: dict[MediaType, CleanDay], media_type: MediaType) -> None:
    audit = clean_days[media_type].validate()
    assert broken(audit) == set()
    assert audit.failures == []


def rounds() -> Iterator[list[Corruption]]:
    """Yield corruptions that one validation looks at together: of different finding tables, or one alone."""
    by_table: defaultdict[tuple[str, str], list[Corruption]] = defaultdict(list)
    for case in CORRUPTIONS:
        if case.table in FINDING_TABLES and case.change is not of_failed:
            by_table[case.media_type, case.table].append(case)
        else:
            yield [case]
    for media_type in MEDIA_TYPES:
        lists = [cases for (kind, _), cases in by_table.items() if kind == media_type]
        for together in zip_longest(*lists):
            yield [case for case in together if case]


@pytest.mark.parametrize("cases", [*rounds()], ids=lambda cases: f"{cases[0].table}: {cases[0].name}")
def test_corruptions_are_found_each_by_its_rule(
    clean_days: dict[MediaType, CleanDay], clean_rows: dict[MediaType, Tables], cases: list[Corruption]
) -> None:
    media_type = cases[0].media_type
    day, clean = clean_days[media_type], clean_rows[media_type]
    tables = copy.deepcopy(clean)
    for case in cases:
        before = repr(tables[case.table]), repr(tables["analyses"])
        case.change(tables)
        assert before != (repr(tables[case.table]), repr(tables["analyses"])), f"{case.name} changes nothing"
    changed = [name for name in tables if repr(tables[name]) != repr(clean[name])]
    with staged(day, tables, clean, changed):
        audit = day.validate()
    found = broken(audit)
    assert [case for case in cases if (case.table, case.rule) not in found] == []


class staged:
    """Changed rows in the place of clean ones, for a while."""

    def __init__(self, day: CleanDay, tables: Tables, clean: Tables, changed: list[str]) -> None:
        self._day, self._tables, self._clean, self._changed = day, tables, clean, changed

    def __enter__(self) -> None:
        for name in self._changed:
            self._day.stage(name, self._tables[name])

    def __exit__(self, *_: object) -> None:
        for name in self._changed:
            self._day.stage(name, self._clean[name])


def as_text(rows: pa.Table, column: str) -> pa.Table:
    place = rows.column_names.index(column)
    return rows.set_column(place, column, rows[column].cast(pa.string()))


FILES: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a column of another type": lambda rows: as_text(rows, "confidence"),
    "a column that is missing": lambda rows: rows.drop_columns("model_version"),
    "a column of no schema": lambda rows: rows.append_column("more", pa.array([1] * len(rows))),
    "columns in another order": lambda rows: rows.select(rows.column_names[::-1]),
}


@pytest.mark.parametrize("change", FILES.values(), ids=FILES)
def test_a_file_of_another_schema_is_found(
    clean_days: dict[MediaType, CleanDay],
    clean_rows: dict[MediaType, Tables],
    change: Callable[[pa.Table], pa.Table],
) -> None:
    rows, file = clean_rows["image"]["labels"], io.BytesIO()
    pq.write_table(change(arrow_rows(TABLES["labels"], rows)), file)
    assert ("labels", "files_fit_the_schema") in broken(audit_of_file(clean_days, rows, file.getvalue()))


def test_a_file_that_is_no_parquet_is_found(
    clean_days: dict[MediaType, CleanDay], clean_rows: dict[MediaType, Tables]
) -> None:
    audit = audit_of_file(clean_days, clean_rows["image"]["labels"], b"PAR1 cut short")
    assert ("labels", "files_fit_the_schema") in broken(audit)


def audit_of_file(clean_days: dict[MediaType, CleanDay], rows: list[Row], file: bytes) -> Audit:
    """Validate with a file in the place of the labels of images, which come back after it."""
    day = clean_days["image"]
    put(day.workspace.s3, f"{day.workspace.run.staged_uri('labels', 'image')}batch-0000-0000.parquet", file)
    try:
        return day.validate()
    finally:
        day.stage("labels", rows)


def test_every_kind_of_corruption_names_a_rule_of_the_list() -> None:
    assert {case.rule for case in CORRUPTIONS} <= RULES.keys()
    assert len(CORRUPTIONS) >= 60
