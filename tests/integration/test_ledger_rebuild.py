"""A ledger that was lost is rebuilt from the archive over HTTP, and nothing is paid for again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from include.core.features import MEDIA_TYPES
from include.core.settings import load_settings
from include.operate.erasure import erase
from include.operate.erasure_request import ErasureRequest
from include.operate.ledger_rebuild import rebuild_ledger
from include.publish.added_rows import publish_added
from include.store.ledger import Entry
from include.store.objects import list_uris
from tests.integration.small_lakes import SmallLake
from tools import rebuild_ledger as command

pytestmark = pytest.mark.integration

# What the archive cannot tell: claims, leases, and which batch and request a job was of.
_UNTOLD = ("owner", "claimed_at", "lease_expires", "started_at", "request")


@pytest.fixture
def whole(small_lake: SmallLake) -> SmallLake:
    """The lake as it was before its ledger was lost."""
    small_lake.put_back()
    return small_lake


@pytest.fixture
def named(whole: SmallLake, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands work on this lake."""
    for name in ("bucket", "database", "ledger_table", "workgroup"):
        monkeypatch.setenv(f"MEDIA_LAKE_{name.upper()}", getattr(whole.settings, name))
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def analyses(lake: SmallLake) -> dict[str, Entry]:
    items = [item for item in lake.items() if "state" in item]
    return {item["key"]["S"]: Entry.from_item(item) for item in items}


def lose_ledger(lake: SmallLake) -> None:
    for item in lake.items():
        lake.dynamodb.delete_item(TableName=lake.settings.ledger_table, Key={"key": item["key"]})


def told(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in vars(entry).items() if name not in _UNTOLD}


def test_a_lost_ledger_is_rebuilt_by_the_command_and_the_next_run_pays_nothing(
    whole: SmallLake, named: None, capsys: pytest.CaptureFixture[str]
) -> None:
    before, paid = analyses(whole), whole.local_lake.billed()
    assert {entry.state for entry in before.values()} == {"done"}
    assert {bool(entry.job_id) for entry in before.values()} == {True, False}
    lose_ledger(whole)

    assert command.main([]) == 0
    assert f"done {len(before)} ".split() == capsys.readouterr().out.splitlines()[2].split()[:2]
    assert whole.items() == [], "it only shows what it would write"

    assert command.main(["--confirm"]) == 0
    assert {key: told(entry) for key, entry in analyses(whole).items()} == {
        key: told(entry) for key, entry in before.items()
    }
    for media_type in MEDIA_TYPES:
        figures = whole.enrich(media_type, "after")
        assert (figures["calls"], figures["reused"] > 0) == (0, True)
    assert whole.local_lake.billed() == paid

    capsys.readouterr()
    assert command.main(["--confirm"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[1] for line in lines if line[:1] == ["done"]] == ["0"], "a second time changes nothing"


def test_a_table_that_is_not_there_is_to_be_made_first(
    named: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MEDIA_LAKE_LEDGER_TABLE", "nowhere")
    load_settings.cache_clear()
    assert command.main([]) == 1
    assert "there is no table nowhere: make it with `python -m infra" in capsys.readouterr().err


def test_what_was_erased_stays_away_and_is_not_asked_for_again(whole: SmallLake) -> None:
    workspace = whole.workspace()
    asked = ErasureRequest(
        kind="prefix", value=f"s3://{whole.bucket}/raw/two/", decided_by="ann", reason="request 7"
    )
    erase(workspace, asked, partial(publish_added, workspace))
    left, paid = analyses(whole), whole.local_lake.billed()
    bars = [item["key"]["S"] for item in whole.items() if item["key"]["S"].startswith("erased#")]
    lose_ledger(whole)

    rebuilt = rebuild_ledger(workspace, change=True)

    assert rebuilt.bars == 1
    assert analyses(whole).keys() == left.keys()
    found = [item["key"]["S"] for item in whole.items() if item["key"]["S"].startswith("erased#")]
    assert found == bars
    whole.discover()
    assert whole.enrich("image", "after erasing")["calls"] == 0
    assert whole.local_lake.billed() == paid


def test_a_job_whose_usage_was_not_logged_is_taken_up_for_nothing(whole: SmallLake) -> None:
    """As if its task had been killed between archiving and logging, just before the ledger was lost."""
    bucket = whole.bucket
    (usage,) = [uri for uri in list_uris(whole.s3, f"s3://{bucket}/usage_log/") if "/job-" in uri]
    whole.s3.delete_object(Bucket=bucket, Key=usage.removeprefix(f"s3://{bucket}/"))
    before, paid = analyses(whole), whole.local_lake.billed()
    lose_ledger(whole)

    assert rebuild_ledger(whole.workspace(), change=True).written["running"] == 1

    figures = whole.enrich("video", "after killing")
    assert figures["calls"] == 1, "a plan cannot know that what it takes up costs nothing"
    assert whole.local_lake.billed() == paid
    assert {key: entry.state for key, entry in analyses(whole).items()} == dict.fromkeys(before, "done")
    (again,) = [uri for uri in list_uris(whole.s3, f"s3://{bucket}/usage_log/") if "/job-" in uri]
    assert again.rsplit("/", 1)[1] == usage.rsplit("/", 1)[1]
