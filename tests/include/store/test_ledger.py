from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.store import ledger as ledger_module
from include.store.job_ends import job_end_item, job_end_key, job_ends
from include.store.ledger import Entry, Ledger

NOW = 1_800_000_000
TABLE = "media-lake-ledger"


@pytest.fixture
def ledger(dynamodb: Any) -> Ledger:
    """A ledger whose clock stands still."""
    return Ledger(dynamodb, TABLE, clock=lambda: NOW)


def claim_of(key: str, owner: str = "us", **changes: Any) -> Entry:
    return replace(
        Entry(key, "running", owner=owner, claimed_at=1000 * NOW, lease_expires=1000 * (NOW + 60)), **changes
    )


def write(ledger: Ledger, *entries: Entry) -> None:
    """Put entries into the ledger whatever stands there."""
    for entry in entries:
        ledger._client.put_item(TableName=TABLE, Item=entry.to_item())


FULL = Entry(
    key="k" * 64,
    state="done",
    owner="run/batch-0000",
    claimed_at=1000 * NOW - 5,
    lease_expires=1000 * NOW,
    number=3,
    request='{"Video": {}}',
    job_id="j-1",
    started_at=NOW - 5,
    payer=json.dumps({"run_id": "run-1", "media_id": "m1"}),
    response_uri="s3://media-lake/responses/jobs/j-1/",
    model_version="3.0",
    completed_at="2026-11-20T10:00:00.123",
    units=1.2345678901,
    error_code="VideoJobFailed",
    error_message="æ 😀",
)


@pytest.mark.parametrize(
    "entry", [FULL, Entry("k", "running"), Entry("k", "done", units=1 / 3), Entry("k", "done", units=1e-9)]
)
def test_an_entry_comes_back_as_it_was_written(ledger: Ledger, entry: Entry) -> None:
    write(ledger, entry)
    assert ledger.lookup([entry.key]) == {entry.key: entry}
    assert Entry.from_item(entry.to_item()) == entry


def test_an_entry_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert Entry.from_item(FULL.to_item() | {"something_new": {"S": "x"}}) == FULL


def test_the_attributes_of_an_item_keep_their_names() -> None:
    """This version reads what an earlier one wrote, and the other way round; items call the payer starter."""
    assert set(FULL.to_item()) == {
        "key", "state", "owner", "claimed_at", "lease_expires", "number", "request", "job_id", "started_at",
        "starter", "response_uri", "model_version", "completed_at", "units", "error_code", "error_message",
    }  # fmt: skip
    assert FULL.to_item()["starter"] == {"S": FULL.payer}
    paid = {
        "key": {"S": "k"},
        "state": {"S": "done"},
        "starter": {"S": '{"run_id": "run-0", "media_id": "m0"}'},
    }
    assert Entry.from_item(paid).payer_is("run-0", "m0")


def test_payer() -> None:
    assert FULL.run_id == "run-1"
    assert FULL.payer_is("run-1", "m1")
    assert not FULL.payer_is("run-1", "m2")
    assert not FULL.payer_is("run-2", "m1")
    assert Entry("k", "done").run_id is None
    assert not Entry("k", "done").payer_is("run-1", "m1")


LIVE, EXPIRED = 1000 * NOW + 1, 1000 * NOW - 1
EARLIER, SINCE = 1000 * NOW - 20, 1000 * NOW - 10


@pytest.mark.parametrize(
    ("before", "granted"),
    [
        pytest.param(None, True, id="absent"),
        pytest.param(Entry("k", "failed", owner="them"), True, id="failed"),
        pytest.param(Entry("k", "failed", owner="them", job_id="j-1"), True, id="failed job"),
        pytest.param(
            Entry("k", "running", owner="them", lease_expires=LIVE), False, id="live lease of another"
        ),
        pytest.param(
            Entry("k", "running", owner="them", lease_expires=1000 * NOW),
            False,
            id="lease of another ends now",
        ),
        pytest.param(
            Entry("k", "running", owner="us", claimed_at=EARLIER, lease_expires=LIVE),
            True,
            id="live lease of our earlier attempt",
        ),
        pytest.param(
            Entry("k", "running", owner="us", claimed_at=SINCE, lease_expires=LIVE),
            False,
            id="live lease of an attempt of ours that runs beside this one",
        ),
        pytest.param(Entry("k", "running", owner="them", lease_expires=EXPIRED), True, id="expired lease"),
        pytest.param(Entry("k", "running", owner="us", lease_expires=EXPIRED), True, id="our expired lease"),
        pytest.param(Entry("k", "running", owner="them", job_id="j-1"), False, id="job of another"),
        pytest.param(Entry("k", "running", owner="us", job_id="j-1"), False, id="job of our own"),
        pytest.param(Entry("k", "done", owner="us"), False, id="done by us"),
        pytest.param(Entry("k", "done", owner="them"), False, id="done by another"),
    ],
)
def test_claim(ledger: Ledger, before: Entry | None, granted: bool) -> None:
    if before:
        write(ledger, before)
    claim = claim_of("k")
    answer = ledger.claim(claim, SINCE)
    stored = ledger.lookup(["k"])["k"]
    if granted:
        assert answer is None
        assert stored == claim
    else:
        assert answer == before
        assert stored == before


def test_many_claims_are_sorted_into_ours_and_what_stands_in_the_way(ledger: Ledger) -> None:
    write(
        ledger,
        Entry("k003", "done", owner="them"),
        Entry("k120", "running", owner="them", lease_expires=LIVE),
    )
    write(ledger, Entry("k121", "failed", owner="them"))
    claims = {f"k{number:03d}": claim_of(f"k{number:03d}") for number in range(230)}
    conflicts = ledger.claim_all(claims.values(), SINCE)
    assert {key: entry.state for key, entry in conflicts.items()} == {"k003": "done", "k120": "running"}
    stored = ledger.lookup(claims)
    assert {key for key in claims if stored[key] == claims[key]} == set(claims) - set(conflicts)
    assert ledger.claim_all([], SINCE) == {}


class Transactions:
    """DynamoDB that counts transactions and cancels the first of them for a reason that passes."""

    def __init__(self, client: Any, cancellations: int = 0) -> None:
        self._client = client
        self._cancellations = cancellations
        self.requests = 0

    def transact_write_items(self, TransactItems: list[Any]) -> Any:
        self.requests += 1
        if self.requests <= self._cancellations:
            reasons = [{"Code": "None"} for _ in TransactItems[1:]] + [{"Code": "TransactionConflict"}]
            error = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}}
            raise ClientError(error | {"CancellationReasons": reasons}, "TransactWriteItems")  # type: ignore[arg-type]
        return self._client.transact_write_items(TransactItems=TransactItems)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.mark.parametrize(("claims", "requests"), [(1, 1), (100, 1), (101, 2)])
def test_a_request_claims_a_hundred(dynamodb: Any, claims: int, requests: int) -> None:
    client = Transactions(dynamodb)
    ledger = Ledger(client, TABLE, clock=lambda: NOW)
    assert ledger.claim_all((claim_of(f"k{number}") for number in range(claims)), SINCE) == {}
    assert client.requests == requests


def test_claims_that_meet_another_write_are_tried_again(dynamodb: Any, no_waits: list[float]) -> None:
    client = Transactions(dynamodb, cancellations=2)
    ledger = Ledger(client, TABLE, clock=lambda: NOW)
    assert ledger.claim_all([claim_of("a"), claim_of("b")], SINCE) == {}
    assert client.requests == 3
    assert len(no_waits) == 2


def test_claims_that_keep_meeting_other_writes_are_made_one_by_one(
    dynamodb: Any, no_waits: list[float]
) -> None:
    ledger = Ledger(Transactions(dynamodb, cancellations=100), TABLE, clock=lambda: NOW)
    write(ledger, Entry("a", "done", owner="them"))
    assert set(ledger.claim_all([claim_of("a"), claim_of("b")], SINCE)) == {"a"}
    assert ledger.lookup(["b"])["b"] == claim_of("b")


def test_a_claim_of_a_failed_analysis_forgets_the_failure(ledger: Ledger) -> None:
    write(ledger, Entry("k", "failed", error_code="X", error_message="y", job_id="j-1", number=1))
    assert ledger.claim(claim_of("k", number=2), SINCE) is None
    assert ledger.lookup(["k"])["k"] == claim_of("k", number=2)


@pytest.mark.parametrize(
    ("before", "recorded"),
    [
        pytest.param(claim_of("k", number=2), True, id="our claim"),
        pytest.param(
            claim_of("k", "them", number=2), True, id="claim that another took over and will repeat"
        ),
        pytest.param(claim_of("k", number=2, job_id="j-1"), True, id="the same job again"),
        pytest.param(claim_of("k", number=2, job_id="j-0"), False, id="another job"),
        pytest.param(claim_of("k", number=3), False, id="a later attempt"),
        pytest.param(Entry("k", "failed", number=2), False, id="failed meanwhile"),
        pytest.param(Entry("k", "done", number=2, job_id="j-1"), False, id="done meanwhile"),
    ],
)
def test_started(ledger: Ledger, before: Entry, recorded: bool) -> None:
    write(ledger, before)
    running = claim_of("k", number=2, job_id="j-1", started_at=NOW)
    answer = ledger.started(running)
    assert answer == (None if recorded else before)
    assert ledger.lookup(["k"])["k"] == (running if recorded else before)


def test_a_job_is_never_said_to_be_recorded_when_it_is_not(ledger: Ledger) -> None:
    """Somebody emptied the ledger between claim and start: None would mean that the job is recorded."""
    with pytest.raises(LookupError, match=f"k vanished from the ledger {TABLE}"):
        ledger.started(claim_of("k", number=1, job_id="j-1"))
    assert ledger.lookup(["k"]) == {}


class Refusing:
    """DynamoDB that refuses a write and, like older endpoints, does not show the item in the way."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put_item(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "PutItem")

    def batch_get_item(self, **request: Any) -> Any:
        return self._client.batch_get_item(**request)


def test_what_stands_in_the_way_is_looked_up_if_it_was_not_shown(dynamodb: Any, ledger: Ledger) -> None:
    conflict = claim_of("k", "them")
    ledger.claim(conflict, SINCE)
    assert Ledger(Refusing(dynamodb), TABLE).claim(claim_of("k"), SINCE) == conflict


def test_a_refused_claim_of_what_vanished_is_an_error(dynamodb: Any) -> None:
    with pytest.raises(LookupError, match="k vanished"):
        Ledger(Refusing(dynamodb), TABLE).claim(claim_of("k"), SINCE)


@pytest.mark.parametrize(
    ("before", "recorded"),
    [
        pytest.param(None, True, id="absent"),
        pytest.param(claim_of("k", number=2), True, id="our claim"),
        pytest.param(claim_of("k", number=2, job_id="j-1"), True, id="our job"),
        pytest.param(Entry("k", "failed", owner="them", number=1), True, id="an earlier failure"),
        pytest.param(claim_of("k", "them", number=2), False, id="taken over by another"),
        pytest.param(claim_of("k", number=3), False, id="a later attempt"),
        pytest.param(
            Entry("k", "done", owner="them", response_uri="s3://media-lake/responses/1", units=1.0),
            False,
            id="paid by another meanwhile",
        ),
        pytest.param(Entry("k", "done", owner="us", number=2, units=1.0), False, id="paid by us"),
    ],
)
def test_a_late_failure_undoes_nothing(ledger: Ledger, before: Entry | None, recorded: bool) -> None:
    """Our lease ran out during a slow call, somebody else took over; then our call fails."""
    if before:
        write(ledger, before)
    failure = Entry("k", "failed", owner="us", number=2, error_code="InvalidImageFormatException")
    ledger.finish([failure])
    assert ledger.lookup(["k"])["k"] == (failure if recorded else before)


def test_a_failure_among_what_is_done_keeps_nothing_from_being_recorded(ledger: Ledger) -> None:
    write(ledger, Entry("paid elsewhere", "done", owner="them", units=1.0))
    done = [Entry(f"k{n}", "done", owner="us", units=1.0) for n in range(3)]
    ledger.finish([done[0], Entry("paid elsewhere", "failed", owner="us"), *done[1:]])
    found = ledger.lookup(["paid elsewhere", "k0", "k1", "k2"])
    assert {entry.state for entry in found.values()} == {"done"}
    assert len(found) == 4


def test_what_was_paid_is_recorded_over_a_failure_and_over_a_lease(ledger: Ledger) -> None:
    write(ledger, Entry("failed", "failed"), claim_of("leased", "them"))
    paid = [Entry(key, "done", owner="us", units=1.0) for key in ("failed", "leased")]
    ledger.finish(paid)
    assert ledger.lookup(["failed", "leased"]) == {entry.key: entry for entry in paid}


@pytest.mark.parametrize("number", [0, 1, 25, 26, 130])
def test_finish_and_lookup_of_any_number(ledger: Ledger, number: int) -> None:
    entries = {f"k{n:04d}": Entry(f"k{n:04d}", "done", units=float(n)) for n in range(number)}
    ledger.finish(iter(entries.values()))
    assert ledger.lookup(iter([*entries, *entries, "unknown"])) == entries


def test_lookup_needs_one_request_per_hundred_keys(dynamodb: Any) -> None:
    class Counting:
        requests = 0

        def batch_get_item(self, **request: Any) -> Any:
            Counting.requests += 1
            return dynamodb.batch_get_item(**request)

    Ledger(Counting(), TABLE).lookup(f"k{n}" for n in range(250))
    assert Counting.requests == 3
    Ledger(Counting(), TABLE).lookup([])
    assert Counting.requests == 3


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(ledger_module.time, "sleep", waits.append)
    return waits


class Busy:
    """DynamoDB that leaves all but one item of a request for later."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> Any:
        first, *rest = RequestItems[TABLE]
        self._client.batch_write_item(RequestItems={TABLE: [first]})
        return {"UnprocessedItems": {TABLE: rest} if rest else {}}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:
        first, *rest = RequestItems[TABLE]["Keys"]
        options = {name: value for name, value in RequestItems[TABLE].items() if name != "Keys"}
        reply = self._client.batch_get_item(RequestItems={TABLE: {"Keys": [first], **options}})
        return reply | {"UnprocessedKeys": {TABLE: {"Keys": rest, **options}} if rest else {}}


def test_what_dynamodb_leaves_is_asked_for_again(dynamodb: Any, no_waits: list[float]) -> None:
    entries = {f"k{n}": Entry(f"k{n}", "done") for n in range(5)}
    busy = Ledger(Busy(dynamodb), TABLE)
    busy.finish(entries.values())
    assert busy.lookup(entries) == entries
    assert no_waits == sorted(no_waits[:4]) * 2


def test_what_stays_unprocessed_is_an_error_that_says_what_to_do(no_waits: list[float]) -> None:
    class Stuck:
        def batch_write_item(self, RequestItems: Any) -> Any:
            return {"UnprocessedItems": RequestItems}

        def batch_get_item(self, RequestItems: Any) -> Any:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    stuck = Ledger(Stuck(), TABLE)
    with pytest.raises(TimeoutError, match="unwritten.*raise its capacity"):
        stuck.finish([Entry("k", "done")])
    with pytest.raises(TimeoutError, match="unread.*raise its capacity"):
        stuck.lookup(["k"])


def test_other_errors_of_dynamodb_are_raised(dynamodb: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        Ledger(dynamodb, "no-such-table").claim(claim_of("k"), SINCE)


def test_of_many_threads_that_race_for_a_claim_one_wins(dynamodb: Any) -> None:
    ledger = Ledger(dynamodb, TABLE, clock=lambda: NOW)
    for race in range(20):
        start, answers = threading.Barrier(4), []

        def contend(owner: str, start: threading.Barrier, answers: list[Any], key: str) -> None:
            start.wait()
            answers.append((owner, ledger.claim(claim_of(key, owner), SINCE)))

        threads = [
            threading.Thread(target=contend, args=(f"owner-{n}", start, answers, f"k{race}"))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [owner for owner, conflict in answers if conflict is None]
        assert len(winners) == 1
        assert {conflict.owner for _, conflict in answers if conflict} == set(winners)


def test_job_reports(ledger: Ledger, dynamodb: Any) -> None:
    for job, status in (("j-1", "SUCCEEDED"), ("j-2", "FAILED")):
        dynamodb.put_item(TableName=TABLE, Item=job_end_item(job, status, NOW + 0.5))
    write(ledger, Entry("j-3", "done"))
    assert ledger.job_ends(["j-1", "j-2", "j-3", "j-1"]) == {"j-1": "SUCCEEDED", "j-2": "FAILED"}
    assert ledger.job_ends([]) == {}


def test_a_report_repeated_stays_the_same(dynamodb: Any, ledger: Ledger) -> None:
    for _ in range(2):
        dynamodb.put_item(TableName=TABLE, Item=job_end_item("j-1", "FAILED", NOW))
    assert ledger.job_ends(["j-1"]) == {"j-1": "FAILED"}


def test_a_report_is_no_analysis_and_ends_after_the_jobs_results_do() -> None:
    item = job_end_item("j-1", "FAILED", NOW + 0.9)
    assert item["key"] == {"S": job_end_key("j-1")} == {"S": "job#j-1"}
    assert int(item["expires_at"]["N"]) - NOW > 7 * 86_400
    assert job_ends([item]) == {"j-1": "FAILED"}
