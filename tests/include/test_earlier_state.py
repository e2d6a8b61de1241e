"""Whatever an earlier version wrote, this one reads as it was meant, and writes in the same form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.analyze.custom_models import Use
from include.analyze.job_slots import KEY as SLOTS_KEY
from include.analyze.job_slots import JobSlots
from include.analyze.pace import Pace
from include.core import prices
from include.core.features import FEATURES, MediaType
from include.core.lake import Lake, load_lake
from include.core.prices import load_price_book
from include.core.run import Run, job_responses_uri
from include.core.schemas import TABLES
from include.core.selection import Selection
from include.core.settings import Settings
from include.discover.events import Event, events_of
from include.plan.planner import plan
from include.store.job_ends import job_end_item, job_ends
from include.store.ledger import Entry, Ledger
from include.store.manifest import MANIFEST_SCHEMA
from include.store.model_time import Session, log_model_hours
from include.store.objects import Row, get_ndjson, list_uris
from include.store.plan_batches import read_plan
from include.store.response_archive import model_version, response_line
from include.store.shared_record import SharedRecord
from include.store.usage_log import usage_lines
from tests import earlier_state
from tests.earlier_state import BUCKET, CUT_IMAGES, CUT_VIDEOS, FIRST_IMAGES, IMAGES, NAMES, VIDEOS
from tests.workspaces import NO_QUOTAS, make_ledger_table, make_workspace

TABLE = NAMES["ledger_table"]
OF_A_CALL = {"feature", "content_id", "payer", "replaced"}
OF_A_PAGE = {"feature", "content_id"}
OF_A_PAYER = {"dag_id", "run_id", "partition", "source", "cost_center", "media_id", "media_type"}
# What a plan says of an analysis as the ledger stood then.
OF_THE_MOMENT = {"state", "again", "duplicate", "failures"}


def lost(name: str, before: Any, after: Any) -> str:
    return (
        f"{name} was written as\n{before}\nby an earlier version, and this one makes of it\n{after}\n"
        "Lakes hold such data: read the earlier form as well, or what was paid for is lost"
    )


@pytest.mark.parametrize("item", earlier_state.analysis_items(), ids=lambda item: item["key"]["S"][:8])
def test_a_ledger_entry_is_read_and_written_as_it_was(item: dict[str, Any]) -> None:
    again = Entry.from_item(item).to_item()
    assert again == item, lost("an entry of the ledger", item, again)


def test_the_ledger_has_every_kind_of_entry() -> None:
    """Otherwise the test above says little."""
    items = earlier_state.analysis_items()
    members = ("request", "job_id", "response_uri")
    told = {(each["state"]["S"], *(name in each for name in members)) for each in items}
    assert told == {
        ("done", False, False, True),
        ("failed", False, False, False),
        ("running", False, False, False),
        ("done", True, True, True),
        ("failed", True, True, False),
        ("running", True, True, False),
        ("running", True, False, False),
    }
    assert {"model_version" in each for each in items} == {True, False}


def test_who_paid_is_read() -> None:
    for item in earlier_state.analysis_items():
        payer = json.loads(item["starter"]["S"])
        assert set(payer) == OF_A_PAYER
        entry = Entry.from_item(item)
        assert entry.payer_is(payer["run_id"], payer["media_id"]), lost("who paid", payer, entry)


def test_the_end_of_a_job_is_read_and_written_as_it_was() -> None:
    items = earlier_state.other_items("job")
    ends = job_ends(items)
    assert set(ends.values()) == {"SUCCEEDED", "FAILED"}
    for item, (job_id, status) in zip(items, ends.items(), strict=True):
        kept_seconds = int(job_end_item(job_id, status, 0)["expires_at"]["N"])
        again = job_end_item(job_id, status, int(item["expires_at"]["N"]) - kept_seconds)
        del again["ended_at"]  # that version did not record it
        assert again == item, lost("the end of a job", item, again)


@pytest.fixture
def earlier_ledger(aws: Any) -> Ledger:
    """The ledger of the earlier version, and in the bucket the manifests."""
    aws.s3.create_bucket(Bucket=BUCKET)
    make_ledger_table(aws.dynamodb, TABLE)
    earlier_state.load(aws.s3, aws.dynamodb, TABLE, under="staging/manifests/")
    return Ledger(aws.dynamodb, TABLE)


@pytest.fixture
def lake() -> Lake:
    return load_lake(earlier_state.LAKE_FILE)


def test_what_tasks_share_is_read_and_written_as_it_was(aws: Any, earlier_ledger: Ledger) -> None:
    shared = [item for kind in ("model", "pace", "slots") for item in earlier_state.other_items(kind)]
    for item in shared:
        record = SharedRecord(aws.dynamodb, TABLE, item["key"]["S"])
        record.change(lambda record: record)
        again = aws.dynamodb.get_item(TableName=TABLE, Key={"key": item["key"]})["Item"]
        version = {"N": str(int(item["version"]["N"]) + 1)}
        assert again == item | {"version": version}, lost("a shared record", item, again)
    (model,) = [json.loads(item["record"]["S"]) for item in shared if item["key"]["S"].startswith("model#")]
    members = {field.name for field in fields(Use)}
    # That version did not record who used it.
    assert set(model) == members - {"payers"}, lost("the use of a model", set(model), members)
    assert asdict(Use(**model)) == model | {"payers": {}}


def test_the_pace_of_an_earlier_version_goes_on(aws: Any, earlier_ledger: Ledger) -> None:
    turns = SharedRecord(aws.dynamodb, TABLE, "pace#DetectText")
    before = turns.read()
    later = before["changed_at"] + 1
    pace = Pace(turns, 50.0, clock=lambda: later, sleep=lambda _: None)
    pace.wait()
    assert (before["rate"], pace.rate) == (35.0, pytest.approx(36.0)), "a cut of the rate was forgotten"
    assert set(before) == set(turns.read()), lost("the pace of an operation", before, turns.read())


def test_an_account_that_was_full_is_still_taken_to_be_full(aws: Any, earlier_ledger: Ledger) -> None:
    item = SharedRecord(aws.dynamodb, TABLE, SLOTS_KEY)
    before = item.read()
    assert before, f"what was known of slots is not looked for under {SLOTS_KEY}"
    assert not JobSlots(item, lambda: before["full_until"] - 1).take(), (
        "a refused Start request was forgotten"
    )
    slots = JobSlots(item, lambda: before["full_until"] + 1)
    assert slots.take()
    slots.refused()
    assert set(before) == set(item.read()), lost("the record of slots", before, item.read())


def test_an_archived_response_has_the_members_that_this_version_writes() -> None:
    kinds = set()
    for key, line in earlier_state.lines("responses/"):
        of_a_job = key.startswith("responses/jobs/")
        call = FEATURES[line["feature"]].analysis("video" if of_a_job else "image")
        assert call is not None
        assert call.operation == line["operation"], lost(
            "the operation of a feature", line["operation"], call
        )
        reply = {**line["response"], "ResponseMetadata": {"RequestId": line["request_id"]}}
        version = model_version(call, line["request"], line["response"])
        made = response_line(line["analysis_key"], line["operation"], line["request"], reply, version)
        more = OF_A_PAGE if of_a_job else OF_A_CALL
        if "note" in line:  # says why the response is empty
            more = more | {"note"}
        made |= {"at": line["at"], **{name: line[name] for name in more}}
        assert made == line, lost("an archived response", line, made)
        kinds.add((line["feature"], of_a_job))
    assert kinds >= {(feature.name, False) for feature in FEATURES.values() if feature.image}
    assert kinds >= {(name, True) for name in ("labels", "segments", "faces")}


def test_the_request_of_a_call_has_the_members_of_its_feature(lake: Lake) -> None:
    """A member that was renamed or lost would make another analysis of it."""
    for key, line in earlier_state.lines("responses/dt="):
        asked = lake.source(line["payer"]["source"]).features["image"][line["feature"]]
        call = FEATURES[line["feature"]].image
        assert call is not None
        wanted = {**call.parameters, **asked, "Image": line["request"]["Image"]}
        assert line["request"] == wanted, lost(f"a request in {key}", line["request"], wanted)


def test_a_usage_line_is_the_one_that_this_version_would_write(aws: Any) -> None:
    aws.s3.create_bucket(Bucket=BUCKET)
    kinds = set()
    for key, line in earlier_state.lines("usage_log/"):
        day = key.split("dt=")[1][:10]
        if line["operation"] == "StartProjectVersion":
            again = _model_hours(aws.s3, key, line)
        else:
            payer = {name: line.get(name, day) for name in OF_A_PAYER}
            facts = {name: line[name] for name in ("analysis_key", "feature", "units", "at", "reused")}
            # No source chose what is billed: that version did not follow.
            call = FEATURES[line["feature"]].analysis(line["media_type"])
            facts["parameters"] = call.parameters if call else {}
            again = [each for each in usage_lines(payer, **facts) if each["price_item"] == line["price_item"]]
        assert again == [line], lost("a line of the usage log", line, again)
        kinds.add((line["media_type"], line["reused"], line["price_item"]))
    assert {kind[:2] for kind in kinds} == {
        (kind, reused) for kind in ("image", "video") for reused in (0, 1)
    }
    assert "custom-labels-inference-hours" in {item for _, _, item in kinds}


def _model_hours(s3: Any, key: str, line: Row) -> list[Row]:
    """Log a model's time again, and return what is in the place of the earlier line."""
    until = int(datetime.fromisoformat(line["at"]).replace(tzinfo=UTC).timestamp())
    session = Session(line["media_id"], until - round(line["units"] * 3600), until, 1)
    model = {"arn": session.arn, **{name: line[name] for name in ("feature", "source", "cost_center")}}
    log_model_hours(s3, FIRST_IMAGES, model, session)
    (uri,) = list_uris(s3, f"s3://{BUCKET}/usage_log/")
    place = f"s3://{BUCKET}/{key}"
    assert uri == place, lost("the place of a model's hours", place, uri)
    (again,) = get_ndjson(s3, uri)
    assert again.pop("ended_at") == line["at"]  # that version logged no end, and had no shares to tell apart
    return [again | {"usage_id": line["usage_id"]}]


def test_an_event_is_read_and_written_as_it_was() -> None:
    events, members = list(earlier_state.lines("events/dt=")), {field.name for field in fields(Event)}
    assert {line["removed"] for _, line in events} == {True, False}
    for key, line in events:
        assert set(line) == members, lost("an event", set(line), members)
        assert asdict(Event(**line)) == line
        assert f"dt={Event(**line).day}/" in key
    message = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-21T08:00:00.000Z",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": "k", "size": 1, "eTag": "e", "sequencer": "1"}},
    }
    ((made,), _) = events_of(json.dumps({"Records": [message]}))
    assert made.day == "2026-11-21"


@pytest.mark.parametrize("day", [earlier_state.WHOLE_DAY, earlier_state.CUT_DAY])
def test_a_manifest_has_the_columns_of_this_version(day: str) -> None:
    body = earlier_state.objects()[f"staging/manifests/dt={day}/manifest.parquet"]
    written = pq.read_schema(BytesIO(body)).remove_metadata()
    begins = pa.schema(list(MANIFEST_SCHEMA)[: len(written)])  # columns are added at the end
    assert written.equals(begins), lost("a manifest", written, MANIFEST_SCHEMA)


def test_a_published_table_has_the_columns_of_this_version() -> None:
    seen = set()
    for partition in earlier_state.partitions():
        table = TABLES[partition.table]
        assert len(partition.values) == len(table.partition_keys)
        for body in partition.files():
            written = pq.read_schema(BytesIO(body))
            columns = list(table.column_types)
            assert written.names == columns[: len(written.names)], lost(table.name, written.names, columns)
            seen.add(table.name)
    # Nothing fills `persons` any more, and nothing filled the others then.
    since = {"publications", "erasures", "validation_failures", "publish_decisions", "moderation_reviews"}
    since |= {"budgets", "bill_daily", "reconciliation"}
    assert set(TABLES) - seen == {"persons"} | since


@pytest.mark.parametrize(
    ("run", "media_type", "settings"),
    [
        (FIRST_IMAGES, "image", Settings()),
        (IMAGES, "image", Settings()),
        (VIDEOS, "video", Settings()),
        (CUT_IMAGES, "image", Settings(batch_size=2)),
        (CUT_VIDEOS, "video", Settings()),
    ],
    ids=["unpinned images", "images", "videos", "cut images", "cut videos"],
)
def test_a_plan_asks_for_the_same_analyses_in_the_same_form(
    aws: Any, earlier_ledger: Ledger, lake: Lake, run: Run, media_type: MediaType, settings: Settings
) -> None:
    if run is FIRST_IMAGES:
        lake = lake.model_copy(update={"model_versions": {}})
    made = planned(aws.s3, earlier_ledger, lake, run, media_type, settings)
    kept = [row for key, row in earlier_state.lines("staging/plans/") if f"run={run.token}/" in key]
    assert kept
    for before, after in zip(kept, made, strict=True):
        assert set(before) == set(after), lost("a line of a plan", before, after)
        assert before["asset"] == after["asset"], lost("an asset of a plan", before["asset"], after["asset"])
        for old, new in zip(before["analyses"], after["analyses"], strict=True):
            assert fixed(old) == fixed(new), lost("a planned analysis", old, new)
            assert (old["state"] == "rejected") == (new["state"] == "rejected")
    paid = {item["key"]["S"] for item in earlier_state.analysis_items() if item["state"]["S"] == "done"}
    for row in made:
        for analysis in row["analyses"]:
            if analysis["state"] != "rejected":
                assert (analysis["state"] == "reused") == (analysis["analysis_key"] in paid), analysis


def planned(
    s3: Any,
    ledger: Ledger,
    lake: Lake,
    run: Run,
    media_type: MediaType,
    settings: Settings,
    selections: Sequence[Selection] | None = None,
) -> list[Row]:
    """Plan a day and return the lines of its batches."""
    book = load_price_book("us-east-1")
    workspace = make_workspace(run, boto3.Session(), settings, lake, s3=s3, **NO_QUOTAS)
    workspace.ledger = ledger
    batches, _ = plan(workspace, media_type, book, dict, selections)
    return [row for batch in batches for row in read_plan(s3, batch["uri"])]


def fixed(analysis: Row) -> Row:
    """Return what of a planned analysis does not depend on the ledger."""
    return {name: value for name, value in analysis.items() if name not in OF_THE_MOMENT}


def states(rows: Sequence[Row], feature: str) -> dict[str, str]:
    """Return the state of a feature's analysis by the name of the file."""
    return {
        row["asset"]["key"].rsplit("/", 2)[-1]: analysis["state"]
        for row in rows
        for analysis in row["analyses"]
        if analysis["feature"] == feature and row["asset"]["source"] == "photos"
    }


def test_a_pin_takes_what_was_paid_for_before_it(aws: Any, earlier_ledger: Ledger, lake: Lake) -> None:
    """``portrait.jpg`` was answered by moderation 7.0, the square by another version."""
    pinned = lake.model_copy(update={"model_versions": {**lake.model_versions, "moderation": "7.0"}})
    rows = planned(aws.s3, earlier_ledger, pinned, IMAGES, "image", Settings())
    told = {
        "portrait.jpg": "reused",
        "once again.jpg": "reused",
        "a square+1.png": "planned",
        "page.jpg": "rejected",
        "small.png": "rejected",
    }
    assert states(rows, "moderation") == told
    assert states(rows, "labels") == told | {"a square+1.png": "reused"}


def test_a_failed_analysis_is_planned_if_it_is_asked_for(
    aws: Any, earlier_ledger: Ledger, lake: Lake
) -> None:
    def of_gone(selections: Sequence[Selection] | None) -> set[str]:
        rows = planned(aws.s3, earlier_ledger, lake, IMAGES, "image", Settings(), selections)
        return {
            f"{analysis['feature']} {analysis['state']}"
            for row in rows
            if row["asset"]["key"].endswith("/gone.jpg")
            for analysis in row["analyses"]
        }

    everything = {"labels planned", "moderation planned"}
    assert of_gone(None) == of_gone([Selection.of(None, ["InvalidS3ObjectException"])]) == everything
    assert of_gone([Selection.of(["labels"], None)]) == {"labels planned", "moderation not_selected"}
    assert of_gone([]) == {"labels not_selected", "moderation not_selected"}


def test_a_job_that_failed_is_planned_with_the_number_of_its_attempts(
    aws: Any, earlier_ledger: Ledger, lake: Lake
) -> None:
    (row,) = planned(aws.s3, earlier_ledger, lake, CUT_VIDEOS, "video", Settings())
    assert {each["feature"]: (each["state"], each.get("failures")) for each in row["analyses"]} == {
        "labels": ("planned", None),
        "moderation": ("planned", None),
        "text": ("planned", 1),
        "segments": ("planned", None),
        "faces": ("reused", None),
        "celebrities": ("planned", None),
    }


def test_a_run_writes_where_it_wrote() -> None:
    """Else a run that goes on after an update would not find what it has done."""
    keys = set(earlier_state.objects())
    for run in (FIRST_IMAGES, IMAGES, VIDEOS, CUT_IMAGES, CUT_VIDEOS):
        paid_images = run.dag_id == "enrich_images"
        places = [run.manifest_uri(), run.plan_uri(0), run.usage_uri("").removesuffix(".ndjson.gz")]
        places += (
            [run.responses_uri("batch-0001" if run is CUT_IMAGES else "batch-0000")] if paid_images else []
        )
        for place in places:
            start = place.removeprefix(f"s3://{BUCKET}/")
            assert any(key.startswith(start) for key in keys), (
                f"{run} wrote nothing at {place} with an earlier version; leave places of runs as they are"
            )


def test_responses_lie_where_the_ledger_says() -> None:
    for item in earlier_state.analysis_items():
        entry = Entry.from_item(item)
        if entry.state == "done":
            assert entry.response_uri is not None
            key = entry.response_uri.removeprefix(f"s3://{BUCKET}/")
            assert entry.key in {line["analysis_key"] for _, line in earlier_state.lines(key)}
        if entry.job_id and entry.response_uri:
            place = job_responses_uri(BUCKET, entry.job_id)
            assert entry.response_uri == place, lost("the place of a job's pages", entry.response_uri, place)


def test_the_price_book_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "PRICES", earlier_state.PRICES)
    book = load_price_book("us-east-1")
    used = {line["price_item"] for _, line in earlier_state.lines("usage_log/")}
    assert used <= set(book.items)
