"""What the archive that version 0.1 left tells a ledger, and what it may not undo."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from include.core.settings import Settings
from include.operate.erased_identity import Identity
from include.operate.erasure import ErasurePlan
from include.operate.erasure_request import ErasureRequest
from include.operate.lake_walk import PLANS
from include.operate.ledger_rebuild import RebuildError, rebuild_ledger
from include.store import archived_entries
from include.store.archived_chunks import chunk_usage_uri
from include.store.erased_contents import ANYTHING_ERASED, erased_key, note_bars
from include.store.ledger import Entry, Ledger
from include.store.objects import get_ndjson, list_uris, put, put_by_digest
from include.store.response_archive import REPLACED, mark_replaced
from include.store.workspace import Workspace
from tests import earlier_state
from tests.earlier_state import BUCKET, CUT_IMAGES, IMAGES, NAMES
from tests.workspaces import make_ledger_table, make_workspace

TABLE = NAMES["ledger_table"]


@pytest.fixture
def lake(aws: Any) -> Workspace:
    """The archive and the usage log of the earlier version, and a ledger without items."""
    aws.s3.create_bucket(Bucket=BUCKET)
    make_ledger_table(aws.dynamodb, TABLE)
    for key, body in earlier_state.objects().items():
        if key.startswith(("responses/", "usage_log/")):
            aws.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    settings = Settings(**NAMES)
    workspace = make_workspace(IMAGES, boto3.Session(), settings, s3=aws.s3, dynamodb=aws.dynamodb)
    workspace.ledger = Ledger(aws.dynamodb, TABLE)
    return workspace


def ledger_of(lake: Workspace) -> dict[str, Entry]:
    return {item["key"]["S"]: Entry.from_item(item) for item in lake.ledger.items() if "state" in item}


def earlier_entries() -> dict[str, Entry]:
    return {item["key"]["S"]: Entry.from_item(item) for item in earlier_state.analysis_items()}


def of_the_archive(entry: Entry) -> Entry:
    """Return an entry without what only the ledger knew."""
    owner = None if entry.job_id else entry.owner
    number = 1 if entry.job_id else 0
    return replace(
        entry, owner=owner, claimed_at=0, lease_expires=0, number=number, started_at=0, request=None
    )


def done(entries: dict[str, Entry]) -> dict[str, Entry]:
    return {key: of_the_archive(entry) for key, entry in entries.items() if entry.state == "done"}


def test_everything_that_was_paid_for_comes_back(lake: Workspace) -> None:
    before = earlier_entries()
    shown = rebuild_ledger(lake, change=False)
    assert not list(lake.ledger.items())

    rebuilt = rebuild_ledger(lake, change=True)

    after = ledger_of(lake)
    assert (shown.written, shown.kept) == (rebuilt.written, 0)
    assert done(before).items() <= done(after).items()
    # What was archived when the ledger had not heard of it yet: a batch of images, and a job.
    more = {key: entry for key, entry in after.items() if key not in done(before)}
    assert {entry.state for entry in more.values()} == {"done"}
    assert {(before[key].state, entry.job_id) for key, entry in more.items()} == {
        ("running", None),
        ("running", earlier_state.entry(feature="labels", state="running")["job_id"]),
    }
    # A ledger that is whole is left alone.
    assert rebuild_ledger(lake, change=True).written.total() == 0
    assert ledger_of(lake) == after


def test_a_ledger_of_an_earlier_time_keeps_what_the_archive_does_not_know_better(lake: Workspace) -> None:
    before = earlier_entries()
    lake.ledger.replace(earlier_state.ledger_items())
    rebuild_ledger(lake, change=True)
    changed = {key for key, entry in ledger_of(lake).items() if entry != before[key]}
    assert changed == {key for key in before if before[key].state == "running"} & {
        line["analysis_key"] for _, line in earlier_state.lines("responses/")
    }


@pytest.mark.parametrize(
    ("stands", "gives_way"),
    [
        ({"state": "done", "completed_at": "2020"}, False),
        ({"state": "running", "lease_expires": 2**45}, False),
        ({"state": "running", "lease_expires": 5}, True),
        ({"state": "running", "job_id": "another"}, False),
        ({"state": "failed", "completed_at": "2020"}, True),
        ({"state": "failed", "completed_at": "2999"}, False),
        ({"state": "failed"}, False),
    ],
)
def test_what_the_ledger_says_gives_way_in_the_same_cases_at_both_places(
    lake: Workspace, stands: dict[str, Any], gives_way: bool
) -> None:
    stand = Entry("k", **stands)
    archived = Entry("k", "done", job_id="j", completed_at="2026-11-20T10:00:00.000")
    lake.ledger.replace([stand.to_item()])
    assert stand.gives_way_to(archived, lake.ledger.now()) is gives_way
    assert lake.ledger.restore(archived) is gives_way
    assert not lake.ledger.restore(Entry("k", "running")), "only what is done replaces anything"


def test_a_claim_on_its_own_job_gives_way(lake: Workspace) -> None:
    archived = Entry("k", "done", job_id="j", completed_at="2026")
    lake.ledger.replace([Entry("k", "running", job_id="j", lease_expires=2**45).to_item()])
    assert lake.ledger.restore(archived)


def test_a_chunk_whose_usage_was_never_logged_is_logged(lake: Workspace) -> None:
    (uri,) = list_uris(lake.s3, CUT_IMAGES.responses_uri("batch-0001"))
    usage = chunk_usage_uri(uri)
    before = list(get_ndjson(lake.s3, usage))
    lake.s3.delete_object(Bucket=BUCKET, Key=usage.removeprefix(f"s3://{BUCKET}/"))
    rebuild_ledger(lake, change=False)
    assert not list_uris(lake.s3, usage)
    rebuild_ledger(lake, change=True)
    assert list(get_ndjson(lake.s3, usage)) == before


def test_a_job_that_read_another_content_is_not_done(lake: Workspace) -> None:
    faces = earlier_state.entry(feature="faces", state="done")
    mark_replaced(lake.s3, faces["response_uri"])
    rebuild_ledger(lake, change=True)
    entry = ledger_of(lake)[faces["key"]]
    assert (entry.state, entry.failures, entry.error_code) == ("failed", 1, REPLACED[0])


def test_pages_that_are_not_all_there_are_read_on(lake: Workspace) -> None:
    """And whoever waits for the job need not hear of its end."""
    jobs: dict[str, list[str]] = {}
    for uri in list_uris(lake.s3, f"s3://{BUCKET}/responses/jobs/"):
        jobs.setdefault(uri.split("/")[-2], []).append(uri)
    job_id, (_, last) = next((job_id, uris) for job_id, uris in jobs.items() if len(uris) == 2)
    lake.s3.delete_object(Bucket=BUCKET, Key=last.removeprefix(f"s3://{BUCKET}/"))
    rebuild_ledger(lake, change=True)
    (entry,) = [entry for entry in ledger_of(lake).values() if entry.job_id == job_id]
    assert (entry.state, entry.response_uri) == ("running", None)
    assert lake.ledger.job_ends([job_id]) == {job_id: "SUCCEEDED"}


def test_frames_are_for_the_next_run_to_take_up(lake: Workspace) -> None:
    (_, line), *_ = earlier_state.lines("responses/dt=")
    frame = line | {"analysis_key": "ab" * 32, "timestamp_ms": 0}
    put_by_digest(lake.s3, f"s3://{BUCKET}/responses/frames/{'ab' * 32}/frames-", [frame])
    rebuild_ledger(lake, change=True)
    entry = ledger_of(lake)["ab" * 32]
    assert (entry.state, entry.job_id, entry.lease_expires) == ("running", None, 0)
    claim = Entry("ab" * 32, "running", owner="next", claimed_at=1, lease_expires=2)
    assert lake.ledger.claim(claim, 1) is None


def test_what_was_erased_does_not_come_back(lake: Workspace) -> None:
    lines = [line for _, line in earlier_state.lines("responses/")]
    gone, allowed = sorted({line["content_id"] for line in lines})[:2]
    at = datetime(2026, 11, 27, tzinfo=UTC)
    note_bars(lake.s3, BUCKET, at, "e2", {gone, allowed}, barred=True)
    note_bars(lake.s3, BUCKET, at + timedelta(days=1), "e1", {allowed}, barred=False)
    rebuilt = rebuild_ledger(lake, change=True)
    assert rebuilt.bars == 1
    assert lake.ledger.erased({gone, allowed}) == {gone}
    assert lake.ledger.present([ANYTHING_ERASED, erased_key(allowed)]) == {ANYTHING_ERASED}
    keys = {line["analysis_key"] for line in lines if line["content_id"] == gone}
    assert keys
    assert keys.isdisjoint(ledger_of(lake))


def test_what_retention_let_go_stays_paid_for(lake: Workspace) -> None:
    entry = Entry("k", "done", payer='{"run_id":"r"}', model_version="7.0", completed_at="2026", units=1.0)
    place = archived_entries.paid_uri(BUCKET, "2026-11-20")
    put_by_digest(lake.s3, place, [archived_entries.paid_line(entry)])
    rebuild_ledger(lake, change=True)
    assert ledger_of(lake)["k"] == entry


def test_a_damaged_object_is_named_and_the_others_are_read(lake: Workspace) -> None:
    (uri,) = list_uris(lake.s3, CUT_IMAGES.responses_uri("batch-0001"))
    put(lake.s3, uri, b"odd")
    rebuilt = rebuild_ledger(lake, change=True)
    assert (rebuilt.damaged, len(rebuilt.mistakes)) == (1, 1)
    assert rebuilt.mistakes[0].startswith(uri)
    assert len(done(earlier_entries()).keys() - ledger_of(lake).keys()) == 0


def test_nothing_is_rebuilt_while_an_erasure_is_half_done(lake: Workspace) -> None:
    """Else what it erases would come back."""
    request = ErasureRequest(kind="prefix", value=f"s3://{BUCKET}/raw/", decided_by="ann", reason="request 7")
    begun = datetime(2026, 11, 27, tzinfo=UTC)
    plan = ErasurePlan(erasure_id="e7", begun_at=begun, request=request, identity=Identity(), salt="s")
    body = gzip.compress(plan.model_dump_json().encode())
    put(lake.s3, f"s3://{BUCKET}/{PLANS}e7.json.gz", body)
    with pytest.raises(RebuildError, match="erasure e7 is half done: finish it"):
        rebuild_ledger(lake, change=True)
    assert not list(lake.ledger.items())
