from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest

from include.analyze.image_analyzer import ImageAnalyzer
from include.analyze.pace import Pace
from include.core.analysis_keys import analysis_key
from include.core.features import FEATURES, run_tables
from include.core.run import Run
from include.core.settings import Settings, SettingsError
from include.plan import planner as plan_module
from include.plan.planner import assets_per_batch
from include.store.erased_contents import erased_items
from include.store.ledger import Entry, Ledger
from include.store.objects import Row, list_uris, put
from include.store.usage_log import read_usage_log
from tests.include.plan.planning import Planner, a_lake, a_video, an_asset, states
from tests.rates import LocalRate
from tests.workspaces import make_workspace


@pytest.fixture
def planner(s3: Any, ledger: Ledger, run: Run) -> Planner:
    return Planner(s3, ledger, run)


# --- what is planned


def test_every_feature_of_the_source_is_planned_for_every_asset(planner: Planner) -> None:
    (rows,), _, summary = planner([an_asset("a"), an_asset("b", source="other")])
    assert states(rows) == {
        ("raw/a", "labels"): "planned",
        ("raw/a", "text"): "planned",
        ("raw/b", "faces"): "planned",
    }
    assert (summary["assets"], summary["analyses"], summary["calls"]) == (2, 3, 3)
    assert (summary["reused"], summary["rejected"]) == (0, 0)
    assert rows[0]["asset"]["last_modified"] == "2026-11-20T10:00:00"


def test_duplicates_within_a_partition_are_paid_once(planner: Planner) -> None:
    twin = {"content_id": "etag:same:1"}
    assets = [an_asset(name, **twin) for name in "abc"]
    (rows,), _, summary = planner(assets, batch_size=1000)
    assert list(states(rows).values()) == [
        "planned",
        "planned",
        "duplicate",
        "duplicate",
        "duplicate",
        "duplicate",
    ]
    assert (summary["calls"], summary["reused"]) == (2, 4)


def test_duplicates_in_different_batches_are_paid_once(planner: Planner) -> None:
    batches, _, summary = planner([an_asset(name, content_id="same") for name in "abc"], batch_size=2)
    assert len(batches) == 3
    assert (summary["calls"], summary["reused"]) == (2, 4)


def test_duplicates_of_two_sources_are_paid_once_if_they_ask_for_the_same(planner: Planner) -> None:
    """Members of the request tell two analyses apart; the source, the partition and the team do not."""
    lake = a_lake(image=["labels", {"text": {}}], other=[{"labels": {"MaxLabels": 5}}, "text"])
    twins = [an_asset("a", content_id="same"), an_asset("b", content_id="same", source="other")]
    (rows,), _, summary = planner(twins, lake)
    assert states(rows) == {
        ("raw/a", "labels"): "planned",
        ("raw/a", "text"): "planned",
        ("raw/b", "labels"): "planned",
        ("raw/b", "text"): "duplicate",
    }
    assert (summary["calls"], summary["reused"]) == (3, 1)


def test_duplicates_of_another_partition_are_paid_once(
    planner: Planner, s3: Any, ledger: Ledger, run: Run
) -> None:
    (rows,), _, _ = planner([an_asset("a", content_id="same")], a_lake(image=["labels"]))
    ledger.finish([Entry(rows[0]["analyses"][0]["analysis_key"], "done")])
    next_day = Planner(s3, ledger, replace(run, partition="2026-11-21", run_id="next"))
    (rows,), _, summary = next_day([an_asset("b", content_id="same")], a_lake(image=["labels"]))
    assert states(rows) == {("raw/b", "labels"): "reused"}
    assert summary["calls"] == 0


def test_what_the_ledger_has_as_done_is_reused_and_nothing_else(planner: Planner, ledger: Ledger) -> None:
    def key(name: str) -> str:
        return analysis_key(f"etag:{name}:1000", FEATURES["labels"], "image")

    ledger.finish(
        [
            Entry(key("done"), "done"),
            Entry(key("failed"), "failed"),
            Entry(key("running"), "running", owner="x"),
        ]
    )
    names = ("done", "failed", "running", "absent")
    (rows,), _, summary = planner([an_asset(name) for name in names], a_lake(image=["labels"]))
    assert states(rows) == {
        ("raw/done", "labels"): "reused",
        ("raw/failed", "labels"): "planned",
        ("raw/running", "labels"): "planned",
        ("raw/absent", "labels"): "planned",
    }
    assert summary["units"] == {"image-group-2": 3}


def test_a_defect_rejects_every_analysis_with_its_reason(planner: Planner) -> None:
    broken = an_asset("a", reason_code="Truncated", reason="cut short", width=None, height=None)
    (rows,), _, summary = planner([broken])
    assert [(item["state"], item["code"], item["message"]) for item in rows[0]["analyses"]] == [
        ("rejected", "Truncated", "cut short")
    ] * 2
    assert summary["rejected"] == 2
    assert summary["usd"]["high"] == 0


@pytest.mark.parametrize(
    ("asset", "rejected"),
    [
        (an_asset("a", format="GIF"), {"labels", "text"}),
        (an_asset("a", width=79), {"labels", "text"}),
        (an_asset("a", width=80, height=80), set()),
        (an_asset("a", width=10_000), set()),
        (an_asset("a", width=10_001), {"labels"}),
        (an_asset("a", size_bytes=15 * 1024 * 1024), set()),
        (an_asset("a", size_bytes=15 * 1024 * 1024 + 1), {"labels", "text"}),
    ],
)
def test_limits_reject_before_anything_is_paid(planner: Planner, asset: Row, rejected: set[str]) -> None:
    (rows,), _, _ = planner([asset])
    found = {item["feature"]: item for item in rows[0]["analyses"]}
    assert {name for name, item in found.items() if item["state"] == "rejected"} == rejected
    assert all(
        bool(item["code"]) == bool(item["message"]) == (name in rejected) for name, item in found.items()
    )


@pytest.mark.parametrize(
    "change",
    [
        {"format": "WebM"},
        {"codec": "hevc"},
        {"duration_ms": 6 * 3600 * 1000 + 1},
        {"size_bytes": 10 * 1024**3 + 1},
    ],
)
def test_limits_of_videos(planner: Planner, change: Row) -> None:
    (rows,), _, summary = planner([a_video("a", **change), a_video("b")], media_type="video")
    assert set(states(rows[:1]).values()) == {"rejected"}
    assert set(states(rows[1:]).values()) == {"planned"}
    assert summary["units"] == {
        "video-minutes": 1.5,
        "video-shot-minutes": 1.5,
        "video-technical-cue-minutes": 1.5,
    }


def test_a_rejected_twin_does_not_stand_for_one_that_can_be_paid(planner: Planner) -> None:
    gone = an_asset("a", content_id="same", reason_code="Deleted", reason="gone")
    (rows,), _, _ = planner([gone, an_asset("b", content_id="same")], a_lake(image=["labels"]))
    assert states(rows) == {("raw/a", "labels"): "rejected", ("raw/b", "labels"): "planned"}


def test_a_source_that_left_the_lake_file_is_named(planner: Planner) -> None:
    with pytest.raises(
        SettingsError, match=r"lake\.yaml no longer has the source 'old-source'; run discover_media"
    ):
        planner([an_asset("a", source="old-source")])


def test_what_the_month_used_is_asked_for_only_if_something_is_to_be_paid(planner: Planner) -> None:
    """It is a query of Athena's, which a day that reuses everything has no use for."""
    asked: list[bool] = []

    def used() -> dict[str, float]:
        asked.append(True)
        return {}

    planner([], used=used)
    assert not asked
    planner([an_asset("a")], used=used)
    assert asked == [True]


# --- batches


def test_an_empty_day_has_no_batch(planner: Planner) -> None:
    """No task is mapped over it, so none is started."""
    batches, checks, summary = planner([])
    assert (batches, checks) == ([], [])
    assert (summary["assets"], summary["analyses"], summary["usd"]["high"]) == (0, 0, 0)
    assert not summary["approval_needed"]


def test_all_analyses_of_an_asset_are_in_one_batch_and_every_asset_in_one(planner: Planner) -> None:
    assets = [an_asset(f"{n:03d}") for n in range(101)]
    batches, checks, _ = planner(assets, batch_size=10)
    assert [row["asset"]["media_id"] for rows in batches for row in rows] == [
        row["media_id"] for row in assets
    ]
    assert all(len(row["analyses"]) == 2 for rows in batches for row in rows)
    assert [check["rows"] for check in checks] == [len(rows) for rows in batches]
    assert len({check["uri"] for check in checks}) == len(checks)


@pytest.mark.parametrize(
    ("assets", "analyses", "batch_size", "max_batches", "batches"),
    [
        (0, 4, 500, 200, 1),
        (1, 1, 500, 200, 1),
        (1, 4, 1, 200, 1),
        (125, 4, 500, 200, 1),
        (126, 4, 500, 200, 2),
        (5, 0, 500, 200, 1),
        (201, 1, 1, 200, 101),
        (200, 1, 1, 200, 200),
        (250_000, 4, 500, 200, 200),
        (1_000_000, 1, 500, 200, 200),
        (1_000_000, 1, 10_000, 1, 1),
    ],
)
def test_the_size_of_batches(
    assets: int, analyses: int, batch_size: int, max_batches: int, batches: int
) -> None:
    settings = Settings(batch_size=batch_size, max_batches=max_batches)
    size = assets_per_batch(assets, assets * analyses, settings)
    assert max(1, -(-assets // size)) == batches <= max_batches
    assert size <= max(1, -(-assets // batches))


@pytest.mark.parametrize("assets", [1, 6, 7, 8, 20, 21])
def test_chunks_do_not_show_in_batches(
    planner: Planner, monkeypatch: pytest.MonkeyPatch, assets: int
) -> None:
    """Duplicates, order and sizes are the same however many assets are held at a time."""
    names = [f"{number:03d}" for number in range(assets)]
    day = [an_asset(name, content_id=f"content-{int(name) // 3}") for name in names]
    day += [a_video("v")]
    whole = planner(day, batch_size=6)
    monkeypatch.setattr(plan_module, "CHUNK_ASSETS", 7)
    assert planner(day, batch_size=6) == whole
    assert [row["asset"]["media_id"] for rows in whole[0] for row in rows] == [f"id-{name}" for name in names]


def test_what_is_returned_fits_an_xcom_at_200_batches(planner: Planner) -> None:
    assets = [an_asset(f"{n:03d}") for n in range(200)]
    batches, checks, summary = planner(assets, batch_size=1)
    assert len(batches) == 200
    assert len(json.dumps(checks)) <= 48 * 1024
    assert len(json.dumps(summary)) <= 4 * 1024


# --- planning again, as when a person clears the task


def test_planning_again_changes_nothing(planner: Planner) -> None:
    assets = [an_asset("a"), an_asset("b")]
    assert planner(assets) == planner(assets)


def test_planning_again_removes_what_the_run_had_staged_and_nothing_else(
    planner: Planner, s3: Any, run: Run
) -> None:
    """The first plan may have had more batches than this one: nobody would replace their files."""
    other = replace(run, run_id="other")
    ours = [f"{run.staged_uri(table, 'image')}batch-0007-0000.parquet" for table in run_tables("image")]
    kept = [
        f"{run.staged_uri('labels', 'video')}batch-0007-0000.parquet",
        f"{run.staged_uri('validation_results', 'image')}results.parquet",
        f"{run.published_uri('labels', 'image', 'v')}batch-0007-0000.parquet",
        f"{other.staged_uri('labels', 'image')}batch-0007-0000.parquet",
        f"{replace(run, partition='2026-11-21').staged_uri('labels', 'image')}batch-0007-0000.parquet",
        f"{run.responses_uri('batch-0007')}1.ndjson.gz",
    ]
    for uri in (*ours, *kept):
        put(s3, uri, b"x", "application/octet-stream")
    planner([an_asset("a")])
    left = set(list_uris(s3, f"s3://{run.bucket}/"))
    assert not left & set(ours)
    assert left >= set(kept)


class Rekognition:
    """Answers DetectLabels and counts."""

    calls = 0

    def detect_labels(self, **_: Any) -> Row:
        self.calls += 1
        return {"Labels": [], "LabelModelVersion": "3.0"}


def test_a_run_that_plans_again_after_paying_for_a_part_goes_on(
    planner: Planner, s3: Any, ledger: Ledger, run: Run
) -> None:
    """The batch failed halfway and its plan was cleared: what the run paid is reused, the rest is paid."""
    rekognition, lake = Rekognition(), a_lake(image=["labels"])
    settings = Settings(image_threads=2, lease_seconds=60)
    workspace = make_workspace(run, boto3.Session(), settings, s3=s3, rekognition=rekognition)
    workspace.ledger = ledger

    def analyze(rows: list[Row]) -> Row:
        paces = {"DetectLabels": Pace(LocalRate(), 1000)}
        analyzer = ImageAnalyzer(workspace, batch="batch-0000", paces=paces)
        return analyzer.analyze(rows).to_xcom()

    day = []
    for name in "ab":
        put(s3, f"s3://{run.bucket}/raw/{name}", name.encode())
        etag = s3.head_object(Bucket=run.bucket, Key=f"raw/{name}")["ETag"].strip('"')
        day.append(an_asset(name, etag=etag))
    (rows,), _, _ = planner(day, lake)
    analyze(rows[:1])
    (rows,), _, _ = planner(day, lake)
    assert states(rows) == {("raw/a", "labels"): "reused", ("raw/b", "labels"): "planned"}
    analyze(rows)
    assert rekognition.calls == 2
    usage = list(read_usage_log(s3, run.bucket, run.partition))
    assert [line["media_id"] for line in usage if not line["reused"]] == ["id-a", "id-b"]
    # nothing was saved: the run itself paid
    assert [line["media_id"] for line in usage if line["reused"]] == []


def test_an_erased_content_is_rejected_and_costs_nothing(planner: Planner, ledger: Ledger) -> None:
    ledger.replace(erased_items(["etag:secret:1"], "an-erasure"))
    (rows,), _, summary = planner([an_asset("a", content_id="etag:secret:1"), an_asset("b")])
    assert {state for (key, _), state in states(rows).items() if key == "raw/a"} == {"rejected"}
    assert (summary["calls"], summary["rejected"]) == (2, 2)
    assert (rows[0]["asset"]["reason_code"], rows[1]["asset"]["reason_code"]) == ("Erased", None)
