"""Erasing from a whole lake over HTTP: what is left of it anywhere, and what stays of others."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import re
import signal
import time
from collections.abc import Iterable
from functools import partial
from itertools import count
from typing import Any

import pyarrow.parquet as pq
import pytest

from include.operate.erasure import allow, erase, find, selector_hash
from include.operate.erasure_request import ErasureRequest
from include.publish.added_rows import publish_added
from include.publish.earlier_versions import roll_back
from include.publish.publications import publications_of
from include.store.workspace import Deployment
from tests.erasures import watched_writes, without_chance
from tests.integration.small_lakes import DAY, PERSON, SmallLake, unpacked

pytestmark = pytest.mark.integration


@pytest.fixture
def whole(small_lake: SmallLake) -> SmallLake:
    """The lake as it was before anything was erased."""
    small_lake.put_back()
    small_lake.send_messages()
    if not small_lake.faces():
        small_lake.index_person()
    return small_lake


def adder(deployment: Deployment) -> Any:
    return partial(publish_added, deployment)


def names_of(lake: SmallLake, short: str) -> list[bytes]:
    """Return all by which the lake knows an asset."""
    ((media_id, etag, content_id),) = lake.query(
        f"SELECT media_id, etag, content_id FROM media_assets WHERE key = '{lake.keys[short]}'"
    )
    keys = lake.query(f"SELECT analysis_key FROM analyses WHERE media_id = '{media_id}'")
    assert keys
    name = lake.keys[short].rsplit("/", 1)[1]
    texts = [media_id, etag, content_id, name, name.replace(" ", "+"), *(key for (key,) in keys)]
    return [str(text).encode() for text in texts]


def traces(lake: SmallLake, names: Iterable[bytes]) -> list[str]:
    """Return where the names are found: in objects, the ledger, queues and the catalog."""
    wanted = re.compile(b"|".join(map(re.escape, names)))
    places = {key: unpacked(key, body) for key, body in lake.objects()}
    places |= {f"ledger {item['key']['S']}": str(item).encode() for item in lake.items()}
    places |= {"queues": "\n".join(lake.messages()).encode(), "catalog": str(lake.catalog()).encode()}
    return [place for place, text in places.items() if wanted.search(text)]


def request(kind: Any, value: str, **more: Any) -> ErasureRequest:
    return ErasureRequest(kind=kind, value=value, decided_by="ann", reason="request 7", **more)


def test_nothing_is_left_of_an_asset_and_everything_of_others(whole: SmallLake) -> None:
    names, others = names_of(whole, "party"), names_of(whole, "holiday")
    found_before, others_before = traces(whole, names), traces(whole, others)
    uri = f"s3://{whole.bucket}/{whole.keys['party']}"
    workspace = whole.workspace()
    usd = whole.query("SELECT sum(usd), sum(units), count(*) FROM usage")
    asked = request("asset", uri)
    shown = find(workspace, asked)
    assert traces(whole, names) == found_before

    (done,) = erase(workspace, asked, adder(workspace))

    assert traces(whole, names) == []
    missing = set(others_before) - set(traces(whole, others))
    assert missing
    assert all(place.startswith("athena/") for place in missing), missing
    assert done.counts == shown.counts
    assert {place.split("/")[0].split(" ")[0] for place, _, _ in done.counts} == {
        "curated", "staging", "responses", "usage_log", "events", "quarantine", "athena", "ledger", "queue",
    }  # fmt: skip
    assert whole.query("SELECT sum(usd), sum(units), count(*) FROM usage") == usd
    ((by, why, kind, salt, hashed),) = whole.query(
        "SELECT decided_by, reason, selection, selector_salt, selector_hash FROM erasures"
    )
    assert (by, why, kind, hashed) == ("ann", "request 7", "asset", selector_hash(uri, str(salt)))


def test_a_prefix_goes_and_its_contents_are_not_analyzed_again_until_allowed(whole: SmallLake) -> None:
    names = names_of(whole, "partner")
    whole.query("SELECT 1")
    asked = request("prefix", f"s3://{whole.bucket}/raw/two/")
    workspace = whole.workspace()
    erase(workspace, asked, adder(workspace))
    assert traces(whole, names) == []
    assert erase(workspace, asked, adder(workspace)) == []

    calls = whole.local_lake.billed()
    whole.discover()
    assert whole.enrich("image", "after")["calls"] == 0
    rejected = whole.query("SELECT key, status, reason_code FROM media_assets WHERE status = 'rejected'")
    assert rejected == [[whole.keys["partner"], "rejected", "Erased"]]
    assert whole.local_lake.billed() == calls

    assert allow(workspace, asked, adder(workspace)) == 1
    assert whole.enrich("image", "allowed")["calls"] == 2
    assert whole.query("SELECT action FROM erasures ORDER BY erased_at") == [["erased"], ["allowed"]]


def test_a_face_goes_from_collection_tables_and_archive_and_counts_follow(whole: SmallLake) -> None:
    ((face, before),) = whole.query(
        "SELECT f.face_id, a.findings FROM face_matches f JOIN analyses a USING (media_id, analysis_key)"
    )
    assert before == 1
    workspace = whole.workspace()
    (done,) = erase(workspace, request("face", PERSON, collection=whole.collection), adder(workspace))
    assert {place for place, _, _ in done.counts} > {
        "responses",
        "curated/face_matches",
        "staging/face_matches",
    }
    assert whole.faces() == []
    assert traces(whole, [str(face).encode(), PERSON.encode()]) == []
    assert (
        whole.query("SELECT status, findings FROM analyses WHERE feature = 'face_search'")
        == [["succeeded", 0]] * 3
    )
    # The response stays, without its match: nothing is paid for again, and nothing comes back.
    calls = whole.local_lake.billed()
    whole.enrich("image", "after")
    assert whole.local_lake.billed() == calls
    assert whole.query("SELECT count(*) FROM face_matches") == [[0]]


def test_a_day_can_go_back_to_a_version_from_which_something_was_erased(whole: SmallLake) -> None:
    first = publications_of(whole.s3, whole.bucket, DAY)[0]
    assert first.media_type == "image"
    whole.enrich("image", "second")
    workspace = whole.workspace()
    erase(workspace, request("prefix", f"s3://{whole.bucket}/raw/"), adder(workspace))
    assert roll_back(workspace, "ann", version=first.version)
    assert whole.query("SELECT count(*) FROM media_assets WHERE media_type = 'image'") == [[0]]
    counts = whole.query("SELECT DISTINCT row_count FROM publications WHERE media_type = 'image'")
    assert counts == [[0]]


def test_nothing_is_left_of_a_video_its_job_and_what_was_told_of_it(whole: SmallLake) -> None:
    names = names_of(whole, "clip")
    jobs = [item["job_id"]["S"].encode() for item in whole.items() if "job_id" in item]
    assert jobs
    workspace = whole.workspace()
    erase(workspace, request("asset", f"s3://{whole.bucket}/{whole.keys['clip']}"), adder(workspace))
    assert traces(whole, [*names, *jobs]) == []


@pytest.mark.matrix
@pytest.mark.timeout(900)
def test_killed_at_random_writes_and_begun_again_it_ends_the_same(whole: SmallLake) -> None:
    asked = request("asset", f"s3://{whole.bucket}/{whole.keys['party']}")
    names = names_of(whole, "party")
    whole.put_back()
    steps = writes_of_an_erasure(whole, asked)
    wanted = state(whole)
    assert traces(whole, names) == []
    # The last few take messages, of which a queue may hold some back.
    for point in sorted(random.sample(range(steps - 4), 10)):
        whole.put_back()
        whole.send_messages()
        assert erase_in_a_process(whole, asked, point) == -signal.SIGKILL
        workspace = whole.workspace()
        erase(workspace, asked, adder(workspace))
        assert traces(whole, names) == [], point
        assert state(whole) == wanted, point


def writes_of_an_erasure(lake: SmallLake, asked: ErasureRequest) -> int:
    """Erase, and return how many requests that change something it takes."""
    done: list[str] = []
    workspace = lake.workspace()
    with watched_writes(clients_of(workspace), done.append):
        erase(workspace, asked, adder(workspace))
    return len(done)


def erase_in_a_process(lake: SmallLake, asked: ErasureRequest, writes: int) -> int | None:
    """Erase in a process that is killed before so many writes, and return its exit status."""
    process = multiprocessing.get_context("fork").Process(target=_erase_until, args=(lake, asked, writes))
    process.start()
    process.join(60)
    # What its other threads had sent is still written, and moto gives out half-written objects.
    time.sleep(1)
    return process.exitcode


def _erase_until(lake: SmallLake, asked: ErasureRequest, writes: int) -> None:
    done = count()
    workspace = lake.workspace()

    def die(_: str) -> None:
        if next(done) >= writes:
            os.kill(os.getpid(), signal.SIGKILL)

    with watched_writes(clients_of(workspace), die):
        erase(workspace, asked, adder(workspace))


def clients_of(deployment: Deployment) -> list[Any]:
    """Return the clients by which an erasure changes something."""
    return [deployment.s3, *(deployment.aws.client(name) for name in ("dynamodb", "glue", "sqs"))]


def state(lake: SmallLake) -> dict[str, str]:
    """Return all that the lake has, without what chance or the clock makes."""
    found = {key: _content(key, body) for key, body in lake.objects()}
    found |= {item["key"]["S"]: str(item) for item in lake.items()}
    found |= {"queues": str(sorted(lake.messages()))} | lake.catalog()
    return without_chance(found)


def _content(key: str, body: bytes) -> str:
    if body.startswith(b"PAR1"):
        return str(pq.read_table(io.BytesIO(body)).to_pylist())
    return str(unpacked(key, body))
