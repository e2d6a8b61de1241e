"""Corruptions of the archive, and of rows that agree among themselves but not with it."""

from __future__ import annotations

import copy
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest

from include.core.features import MEDIA_TYPES, MediaType, run_tables
from include.core.schemas import FINDING_TABLES, TABLES
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.store.objects import Row, delete, get, get_ndjson, list_uris, put, put_ndjson
from include.store.parquet import arrow_rows
from include.store.plan_batches import read_plan
from include.validate import archived_places
from include.validate.archive_rules import archive_results
from include.validate.key_columns import KeyColumns
from include.validate.rule_results import RuleResult
from tests.conftest import BUCKET
from tests.include.validate.clean_days import CleanDay

EXISTS, READABLE = "the_archived_response_exists", "the_archive_has_the_response"
ORIGIN, PAGES = "the_response_is_of_the_operation", "pages_of_a_job_are_complete"
COUNTED, SAME_ROWS = "the_archive_has_the_findings_counted", "rows_are_those_of_the_response"

JOB = f"s3://{BUCKET}/responses/jobs/job-1/"
JOB_KEY = "labels-etag:video-a"
Tables = dict[str, list[Row]]


@pytest.fixture(scope="module")
def days(clean_days: dict[MediaType, CleanDay]) -> dict[MediaType, CleanDay]:
    """The clean days; one job's response is in five pages of two objects."""
    day = clean_days["video"]
    s3, ledger = day.workspace.s3, day.workspace.ledger
    (line,) = get_ndjson(s3, uri_of(JOB_KEY))
    pages = []
    for number in range(5):
        page = copy.deepcopy(line)
        page["request"] = {"JobId": "job-1"} | ({"NextToken": f"t{number}"} if number else {})
        page["response"] |= {"NextToken": f"t{number + 1}"} if number < 4 else {}
        for found in page["response"]["Labels"]:
            for name in found.keys() & {"Timestamp", "StartTimestampMillis", "EndTimestampMillis"}:
                found[name] += number * 5000
        pages.append(page)
    put_ndjson(s3, f"{JOB}pages-000000.ndjson.gz", pages[:3])
    put_ndjson(s3, f"{JOB}pages-000001.ndjson.gz", pages[3:])
    ledger.finish([replace(ledger.lookup([JOB_KEY])[JOB_KEY], response_uri=JOB)])
    (plan,) = list_uris(s3, day.workspace.run.plans_uri())
    normalize_batch(day.workspace, "video", "batch-0000", read_plan(s3, plan))
    return clean_days


def uri_of(key: str) -> str:
    return f"s3://{BUCKET}/responses/{key}.ndjson.gz"


def results(day: CleanDay, tables: Tables | None = None) -> list[RuleResult]:
    rows = tables or day.rows()
    keys = KeyColumns()
    for name in run_tables(day.media_type):
        keys.add(TABLES[name], arrow_rows(TABLES[name], rows[name]))
    analyses = arrow_rows(TABLES["analyses"], rows["analyses"])
    return list(archive_results(day.workspace, day.media_type, analyses, keys, normalize))


def broken(day: CleanDay, tables: Tables | None = None) -> set[tuple[str, str]]:
    return {(result.table, result.rule) for result in results(day, tables) if not result.success}


@contextmanager
def changed(day: CleanDay, *uris: str, change: Callable[[bytes], bytes | None]) -> Iterator[None]:
    """Replace objects, or delete them, and put them back."""
    s3 = day.workspace.s3
    before = {uri: get(s3, uri) for uri in uris}
    for uri, body in before.items():
        new = change(body)
        assert new != body
        if new is None:
            delete(s3, [uri])
        else:
            put(s3, uri, new)
    try:
        yield
    finally:
        for uri, body in before.items():
            put(s3, uri, body)


def lines(change: Callable[[list[Row]], Any]) -> Callable[[bytes], bytes]:
    def changed(body: bytes) -> bytes:
        rows = [orjson.loads(line) for line in gzip.decompress(body).splitlines()]
        change(rows)
        return gzip.compress(b"\n".join(map(orjson.dumps, rows)), mtime=0)

    return changed


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_clean_day_has_no_finding_and_all_of_it_is_looked_at(
    days: dict[MediaType, CleanDay], media_type: MediaType
) -> None:
    found = results(days[media_type])
    assert [result for result in found if not result.success] == []
    tables = [name for name in run_tables(media_type) if name in FINDING_TABLES]
    assert {(result.table, result.rule) for result in found} == (
        {("analyses", rule) for rule in (EXISTS, READABLE, ORIGIN, PAGES)}
        | {(table, rule) for table in tables for rule in (COUNTED, SAME_ROWS)}
    )
    assert all(result.checked for result in found)


def nothing(body: bytes) -> None:
    return None


FIRST, LAST = f"{JOB}pages-000000.ndjson.gz", f"{JOB}pages-000001.ndjson.gz"
TEXT = uri_of("text-etag:image-a")


@pytest.mark.parametrize(
    ("media_type", "uris", "rule", "change"),
    [
        pytest.param("image", [TEXT], EXISTS, nothing, id="an object is gone"),
        pytest.param("video", [FIRST, LAST], EXISTS, nothing, id="a job is gone"),
        pytest.param("image", [TEXT], READABLE, lambda body: b"other", id="no gzip"),
        pytest.param("image", [TEXT], READABLE, lambda body: body[: len(body) // 2], id="cut"),
        pytest.param("video", [LAST], READABLE, lambda body: body[:40], id="a cut page"),
        pytest.param(
            "image", [TEXT], READABLE, lines(lambda rows: rows[0].update(analysis_key="x")),
            id="another's line",
        ),
        pytest.param(
            "image", [TEXT], READABLE, lines(lambda rows: rows[0].update(response=[])), id="no response"
        ),
        pytest.param("image", [TEXT], READABLE, lines(list.clear), id="an empty object"),
        pytest.param(
            "image", [TEXT], ORIGIN, lines(lambda rows: rows[0].update(operation="DetectFaces")),
            id="another operation",
        ),
        pytest.param(
            "image", [TEXT], ORIGIN, lines(lambda rows: rows[0].update(model_version="9.9")),
            id="another model",
        ),
        pytest.param(
            "video", [LAST], ORIGIN, lines(lambda rows: rows[1].update(analysis_key="x")),
            id="a page of another job",
        ),
        pytest.param("video", [FIRST], PAGES, lines(lambda rows: rows.pop(1)), id="a page lost"),
        pytest.param("video", [FIRST], PAGES, lines(lambda rows: rows.pop(0)), id="the first page lost"),
        pytest.param("video", [LAST], PAGES, lines(lambda rows: rows.pop()), id="the last page lost"),
        pytest.param("video", [FIRST], PAGES, nothing, id="the first object lost"),
        pytest.param("video", [LAST], PAGES, nothing, id="the last object lost"),
        pytest.param("video", [LAST], PAGES, lines(lambda rows: rows.append(rows[-1])), id="a page twice"),
        pytest.param(
            "video", [LAST], PAGES, lines(lambda rows: rows[1]["response"].update(JobStatus="FAILED")),
            id="a failed job",
        ),
    ],
)  # fmt: skip
def test_damage_of_the_archive_is_found(
    days: dict[MediaType, CleanDay],
    media_type: MediaType,
    uris: list[str],
    rule: str,
    change: Callable[[bytes], bytes | None],
) -> None:
    day = days[media_type]
    with changed(day, *uris, change=change):
        found = [result for result in results(day) if result.rule == rule and not result.success]
    assert [result.table for result in found] == ["analyses"]
    assert found[0].failing
    assert any("responses/" in row.value for row in found[0].failing)


def lost_everywhere(tables: Tables, name: str, key: str) -> None:
    """Lose a finding, as if it had never been counted."""
    lost = next(row for row in tables[name] if row["analysis_key"] == key)
    tables[name].remove(lost)
    for row in tables["analyses"]:
        if (row["media_id"], row["analysis_key"]) == (lost["media_id"], key):
            row["findings"] -= 1
            next(each for each in row["findings_by_table"] if each["table_name"] == name)["row_count"] -= 1


@pytest.mark.parametrize(
    ("media_type", "table", "key"),
    [
        ("image", "labels", "labels-etag:image-b"),
        ("image", "image_properties", "image_properties-etag:image-b"),
        ("image", "protective_equipment", "protective_equipment-etag:image-b"),
        ("video", "labels", JOB_KEY),
        ("video", "face_matches", "face_search-etag:video-b"),
        ("video", "segments", "segments-etag:video-b"),
    ],
)
def test_rows_lost_before_they_were_counted_are_found(
    days: dict[MediaType, CleanDay], media_type: MediaType, table: str, key: str
) -> None:
    tables = days[media_type].rows()
    for row in tables["analyses"][::-1]:  # the copy comes last: the archive speaks of the first
        if row["analysis_key"] == key:
            tables["analyses"].remove(row)
            tables["analyses"].insert(0, row)
    lost_everywhere(tables, table, key)
    assert broken(days[media_type], tables) >= {(table, COUNTED)}


def test_a_response_with_more_than_was_counted_is_found(days: dict[MediaType, CleanDay]) -> None:
    def one_more(rows: list[Row]) -> None:
        labels = rows[0]["response"]["Labels"]
        labels.append({**labels[0], "Name": "Zebra"})

    with changed(days["image"], uri_of("labels-etag:image-a"), change=lines(one_more)):
        assert broken(days["image"]) == {("labels", COUNTED), ("labels", SAME_ROWS)}


@pytest.mark.parametrize(
    ("media_type", "table", "change"),
    [
        ("image", "labels", lambda row: row.update(confidence=row["confidence"] - 0.001)),
        ("image", "texts", lambda row: row.update(text="SALE!")),
        ("image", "texts", lambda row: row["polygon"][0].update(x=0.1234)),
        ("image", "labels", lambda row: row["instances"][0].update(box_left=0.5)),
        ("image", "celebrities", lambda row: row.update(name="Somebody Else")),
        ("image", "faces", lambda row: row["emotions"].reverse()),
        ("image", "custom_labels", lambda row: row.update(box_top=None)),
        ("image", "image_properties", lambda row: row["dominant_colors"].pop()),
        ("image", "moderation_labels", lambda row: row.update(parent_name="Violence")),
        ("image", "protective_equipment", lambda row: row.update(covers_body_part=None)),
        ("video", "labels", lambda row: row.update(timestamp_ms=row["timestamp_ms"] + 1)),
        ("video", "segments", lambda row: row.update(start_frame=1)),
        ("video", "face_matches", lambda row: row.update(face_id="0" * 8)),
    ],
)
def test_values_that_the_response_does_not_have_are_found(
    days: dict[MediaType, CleanDay], media_type: MediaType, table: str, change: Callable[[Row], Any]
) -> None:
    tables = days[media_type].rows()
    row = max(tables[table], key=lambda row: len(repr(row)))  # it has a value to change
    before = repr(row)
    change(row)
    assert repr(row) != before
    assert broken(days[media_type], tables) == {(table, SAME_ROWS)}


def test_a_failing_row_says_what_the_response_has(days: dict[MediaType, CleanDay]) -> None:
    tables = days["image"].rows()
    row, text = tables["texts"][0], tables["texts"][0]["text"]
    row["text"] = "SALE!"
    (found,) = [result for result in results(days["image"], tables) if not result.success]
    assert [(each.media_id, each.analysis_key) for each in found.failing] == [
        (row["media_id"], row["analysis_key"])
    ]
    assert "1 of 2 rows of its response are not in the table" in found.failing[0].value
    assert text in found.failing[0].value


def test_of_much_only_some_is_read_and_the_result_says_so(
    days: dict[MediaType, CleanDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    day = days["image"]
    monkeypatch.setattr(archived_places, "READ_BYTES", 1000)
    (read,) = [result for result in results(day) if result.rule == READABLE]
    (again,) = [result for result in results(day) if result.rule == READABLE]
    archived = len({row["analysis_key"] for row in day.rows()["analyses"]})
    assert read == again
    assert read.checked is not None
    assert 0 < read.checked < archived
    assert read.observed == {"analyses": day.analyses}


def test_of_many_places_only_some_are_listed(
    days: dict[MediaType, CleanDay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archived_places, "LISTED_PREFIXES", 1)
    (listed,) = [result for result in results(days["video"]) if result.rule == EXISTS]
    assert listed.success
    assert listed.checked is not None
    assert 0 < listed.checked < days["video"].analyses


def test_a_place_that_is_none_is_gone(days: dict[MediaType, CleanDay]) -> None:
    tables = days["image"].rows()
    for row, uri in zip(tables["analyses"], ("https://x.org/a", "s3://no-such-bucket/a/b"), strict=False):
        row["response_uri"] = uri
    (found,) = [result for result in results(days["image"], tables) if result.rule == EXISTS]
    assert found.broken == 2
