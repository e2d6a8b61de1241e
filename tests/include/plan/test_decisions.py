"""What a plan pays for when a version is pinned, and when a run may not pay for everything."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from include.core.analysis_keys import analysis_key
from include.core.features import FEATURES
from include.core.run import Run
from include.core.selection import Selection
from include.store.erased_contents import erased_items
from include.store.ledger import Entry, Ledger
from tests.include.plan.planning import Planner, a_lake, a_video, an_asset, states

LABELS = FEATURES["labels"]


@pytest.fixture
def planner(s3: Any, ledger: Ledger, run: Run) -> Planner:
    return Planner(s3, ledger, run)


def key_of(name: str, version: str | None = None, feature: str = "labels") -> str:
    return analysis_key(f"etag:{name}:1000", FEATURES[feature], "image", version=version)


def pinned(version: str = "3.0") -> Any:
    return a_lake(image=["labels"], model_versions={"labels": version})


# --- routes


def by_route(name: str, features: Any, planner: Planner, **changes: Any) -> dict[str, str]:
    """Plan a video, and return the route that is taken for each feature."""
    (rows,), _, _ = planner([a_video(name, **changes)], a_lake(video=features), "video")
    return {item["feature"]: "frames" if item.get("frames") else "job" for item in rows[0]["analyses"]}


AUTO = [{"labels": {"route": "auto"}}, {"moderation": {"route": "auto", "frames_per_second": 2}}, "text"]


def test_of_two_routes_the_one_that_costs_less_is_taken(planner: Planner) -> None:
    """A minute is $0.10 by a job; by frames $0.03 at 0.5 a second, and $0.12 at 2."""
    assert by_route("a", AUTO, planner) == {"labels": "frames", "moderation": "job", "text": "job"}


def test_a_file_that_frames_cannot_be_taken_of_goes_by_a_job(planner: Planner) -> None:
    assert by_route("a", AUTO, planner, width=8000, height=4000)["labels"] == "job"
    (rows,), _, _ = planner(
        [a_video("b", width=8000, height=4000)], a_lake(video=[{"labels": {"route": "frames"}}]), "video"
    )
    assert rows[0]["analyses"][0]["code"] == "TooManyPixels"


@pytest.mark.parametrize("state", ["done", "running", "failed"])
def test_a_route_that_was_taken_is_not_changed(planner: Planner, ledger: Ledger, state: Any) -> None:
    """The video was paid for by a job; by frames it would cost less, and be paid for again."""
    entry = Entry(
        analysis_key("etag:a:1000", LABELS, "video"), state, owner="other", lease_expires=2**50, job_id="j"
    )
    ledger.finish([entry]) if state != "running" else ledger.claim(entry, 0)
    assert by_route("a", AUTO, planner)["labels"] == "job"
    assert by_route("b", AUTO, planner)["labels"] == "frames"


def test_the_plan_shows_both_routes_and_what_frames_lose(planner: Planner) -> None:
    _, _, summary = planner(
        [a_video("a", duration_ms=60_000), a_video("b", duration_ms=60_000)], a_lake(video=AUTO), "video"
    )
    labels = summary["routes"][0]
    assert {name: labels[name] for name in ("feature", "videos", "by_frames", "job_usd", "frames_usd")} == {
        "feature": "labels", "videos": 2, "by_frames": 2, "job_usd": 0.2, "frames_usd": 0.06,
    }  # fmt: skip
    assert labels["text"].endswith(f"frames lose {LABELS.lost_by_frames}")
    assert summary["usd"]["likely"] == pytest.approx(0.06 + 0.2 + 0.2)


# --- pinned versions


def test_what_is_of_the_pinned_version_is_reused_although_it_is_older_than_the_pin(
    planner: Planner, ledger: Ledger
) -> None:
    ledger.finish(
        [
            Entry(key_of("same"), "done", model_version="3.0"),
            Entry(key_of("other"), "done", model_version="2.0"),
            Entry(key_of("unknown"), "done"),
            Entry(key_of("failed"), "failed", model_version="3.0"),
        ]
    )
    names = ("same", "other", "unknown", "failed", "absent")
    (rows,), _, summary = planner([an_asset(name) for name in names], pinned())
    found = {
        row["asset"]["etag"]: (item["state"], item["analysis_key"])
        for row in rows
        for item in row["analyses"]
    }
    assert found == {"same": ("reused", key_of("same"))} | {
        name: ("planned", key_of(name, "3.0")) for name in names[1:]
    }
    assert summary["calls"] == 4


def test_another_answer_than_the_pinned_version_is_paid_for_once_and_told(
    planner: Planner, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.finish(
        [
            Entry(key_of("a"), "done", model_version="2.0"),
            Entry(key_of("a", "3.0"), "done", model_version="2.0"),
        ]
    )
    with caplog.at_level(logging.WARNING):
        (rows,), _, summary = planner([an_asset("a")], pinned())
    assert states(rows) == {("raw/a", "labels"): "reused"}
    assert rows[0]["analyses"][0]["analysis_key"] == key_of("a", "3.0")
    assert summary["calls"] == 0
    (message,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert message.startswith("1 analyses of labels were paid for at the pinned version 3.0")


def test_the_right_version_wins_over_the_pinned_key(planner: Planner, ledger: Ledger) -> None:
    ledger.finish(
        [
            Entry(key_of("a"), "done", model_version="3.0"),
            Entry(key_of("a", "3.0"), "done", model_version="2.0"),
        ]
    )
    (rows,), _, _ = planner([an_asset("a")], pinned())
    assert rows[0]["analyses"][0]["analysis_key"] == key_of("a")


def test_a_pin_touches_its_feature_only_and_a_new_pin_plans_again(planner: Planner, ledger: Ledger) -> None:
    lake = a_lake(image=["labels", "text"], model_versions={"labels": "3.1"})
    ledger.finish(
        [
            Entry(key_of("a"), "done", model_version="3.0"),
            Entry(key_of("a", "3.0"), "done", model_version="3.0"),
            Entry(key_of("a", feature="text"), "done", model_version="1.0"),
        ]
    )
    (rows,), _, _ = planner([an_asset("a")], lake)
    assert states(rows) == {("raw/a", "labels"): "planned", ("raw/a", "text"): "reused"}


def test_duplicates_are_paid_once_under_a_pin(planner: Planner) -> None:
    twins = [an_asset(name, content_id="same") for name in "ab"]
    (rows,), _, _ = planner(twins, pinned())
    assert list(states(rows).values()) == ["planned", "duplicate"]


# --- selections


@pytest.fixture
def failures(ledger: Ledger) -> None:
    """``a`` and ``b`` failed, each with two features and two codes; ``c`` is done, ``d`` is new."""
    ledger.finish(
        [
            Entry(key_of("a"), "failed", error_code="InvalidS3ObjectException"),
            Entry(key_of("a", feature="text"), "failed", error_code="ImageTooLargeException"),
            Entry(key_of("b"), "failed", error_code="ImageTooLargeException"),
            Entry(key_of("b", feature="text"), "failed", error_code="InvalidS3ObjectException"),
            Entry(key_of("c"), "done"),
            Entry(key_of("c", feature="text"), "running", owner="somebody"),
        ]
    )


FAILED = {(name, feature) for name in ("raw/a", "raw/b") for feature in ("labels", "text")}


@pytest.mark.parametrize(
    ("selections", "paid"),
    [
        ([], set()),
        ([Selection()], FAILED),
        ([Selection.of(["text"], None)], {("raw/a", "text"), ("raw/b", "text")}),
        ([Selection.of(None, ["ImageTooLargeException"])], {("raw/a", "text"), ("raw/b", "labels")}),
        ([Selection.of(["text"], ["ImageTooLargeException"])], {("raw/a", "text")}),
        ([Selection.of(["faces"], None)], set()),
        ([Selection.of(["text"], ["Other"]), Selection.of(["labels"], None)],
         {("raw/a", "labels"), ("raw/b", "labels")}),
    ],
)  # fmt: skip
def test_a_run_with_selections_pays_for_the_failures_they_match_and_nothing_else(
    planner: Planner, failures: None, selections: Any, paid: set[tuple[str, str]]
) -> None:
    (rows,), _, summary = planner([an_asset(name) for name in "abcd"], selections=selections)
    found = states(rows)
    assert {name for name, state in found.items() if state == "planned"} == paid
    assert found["raw/c", "labels"] == "reused"
    assert {state for name, state in found.items() if name not in paid} == {"not_selected", "reused"}
    assert (summary["calls"], summary["analyses"]) == (len(paid), 8)
    assert sum(summary["units"].values()) == len(paid)
    assert f"{7 - len(paid)} left as they are" in summary["text"]


def test_a_failure_before_a_pin_is_paid_for_under_the_pin(planner: Planner, failures: None) -> None:
    selections = [Selection.of(None, ["InvalidS3ObjectException"])]
    (rows,), _, _ = planner([an_asset("a"), an_asset("b")], pinned(), selections=selections)
    assert states(rows) == {("raw/a", "labels"): "planned", ("raw/b", "labels"): "not_selected"}
    assert rows[0]["analyses"][0]["analysis_key"] == key_of("a", "3.0")


def test_duplicates_of_a_failure_are_paid_once(planner: Planner, ledger: Ledger) -> None:
    twins = [an_asset(name, content_id="same") for name in "ab"]
    ledger.finish([Entry(analysis_key("same", LABELS, "image"), "failed", error_code="X")])
    (rows,), _, _ = planner(twins, a_lake(image=["labels"]), selections=[Selection()])
    assert list(states(rows).values()) == ["planned", "duplicate"]
    (rows,), _, _ = planner(twins, a_lake(image=["labels"]), selections=[])
    assert list(states(rows).values()) == ["not_selected", "not_selected"]


def test_a_run_that_may_pay_for_nothing_needs_no_approval_and_no_model(planner: Planner) -> None:
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/p/version/v/1"
    lake = a_lake(image=["labels", {"custom_labels": {"ProjectVersionArn": arn}}], approval_limit_usd=0)
    _, _, summary = planner([an_asset("a")], lake, selections=[])
    assert (summary["models"], summary["units"], summary["approval_needed"]) == ([], {}, False)
    _, _, summary = planner([an_asset("a")], lake)
    assert ([model["arn"] for model in summary["models"]], summary["approval_needed"]) == ([arn], True)


def test_what_may_not_be_paid_for_again_at_a_pinned_version_is_there_as_it_was(
    planner: Planner, ledger: Ledger
) -> None:
    ledger.finish(
        [
            Entry(key_of("a"), "done", model_version="2.0"),
            Entry(key_of("b"), "failed", error_code="X"),
        ]
    )
    (rows,), _, _ = planner([an_asset(name) for name in "abc"], pinned(), selections=[])
    assert [(item["state"], item["analysis_key"]) for row in rows for item in row["analyses"]] == [
        ("reused", key_of("a")),
        ("not_selected", key_of("b")),
        ("not_selected", key_of("c", "3.0")),
    ]


# --- identities of earlier versions


BY_CHECKSUM = f"sha256:{'0' * 64}:1000"


@pytest.mark.parametrize(
    ("state", "expected", "kept"),
    [
        ("done", "reused", True),
        ("running", "planned", True),
        ("failed", "planned", True),
        (None, "planned", False),
    ],
)
def test_what_was_paid_for_by_the_etag_is_known_by_the_checksum_too(
    planner: Planner, ledger: Ledger, state: Any, expected: str, kept: bool
) -> None:
    """Versions before checksums knew ETags alone: what they began or paid for keeps its key."""
    earlier, present = key_of("a-2"), analysis_key(BY_CHECKSUM, LABELS, "image")
    entry = Entry(earlier, state, owner="other", lease_expires=2**50, error_code="InternalServerError")
    if state == "running":
        ledger.claim(entry, 0)
    elif state:
        ledger.finish([entry])
    (rows,), _, _ = planner([an_asset("a-2", content_id=BY_CHECKSUM)], a_lake(image=["labels"]))
    (analysis,) = rows[0]["analyses"]
    assert (analysis["state"], analysis["analysis_key"]) == (expected, earlier if kept else present)


def test_what_was_erased_by_its_etag_is_not_analyzed_by_its_checksum(
    planner: Planner, ledger: Ledger
) -> None:
    ledger.replace(erased_items(["etag:a-2:1000"], "erasure"))
    (rows,), _, _ = planner([an_asset("a-2", content_id=BY_CHECKSUM)], a_lake(image=["labels"]))
    assert (rows[0]["analyses"][0]["state"], rows[0]["analyses"][0]["code"]) == ("rejected", "Erased")
