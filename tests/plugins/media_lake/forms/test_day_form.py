"""Requests for days: what is announced to which consumers, and when nothing is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import ParamsDict
from airflow.sdk.definitions.asset import AssetUniqueKey
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError
from airflow.sdk.execution_time.context import (
    OutletEventAccessors,
    TriggeringAssetEventsAccessor,
    set_current_context,
)

from include.core.selection import NOTHING, DayRange, Selection, SelectionError
from media_lake.assets import (
    image_redrives,
    image_reprocessing,
    media_manifest,
    video_redrives,
    video_reprocessing,
)
from media_lake.forms.day_form import DAY_PARAMS, chosen_days
from media_lake.forms.redrive_form import REDRIVE_PARAMS, chosen_failures
from media_lake.tasks.plan import requested_selections
from media_lake.tasks.redrive import start_redrive
from media_lake.tasks.reprocess import start_reprocessing
from media_lake.tasks.start_runs import start_runs

EMPTY = {"first_day": None, "last_day": None, "media_type": None, "features": None, "error_codes": None}


class Task:
    """The context of a task that runs."""

    def __init__(self, events: Any = (), **params: Any) -> None:
        self.outlets = OutletEventAccessors()
        triggering = TriggeringAssetEventsAccessor.build(
            SimpleNamespace(asset=asset, source_aliases=[], extra=extra) for asset, extra in events
        )
        self.context = {
            "params": {**EMPTY, "dry_run": False, **params},
            "outlet_events": self.outlets,
            "triggering_asset_events": triggering,
        }

    def __call__(self, function: Any, *arguments: Any) -> Any:
        with set_current_context(self.context):  # type: ignore[arg-type]
            return getattr(function, "function", function)(*arguments)

    def announced(self) -> dict[str, tuple[set[str], Any]]:
        return {
            key.name: (event.partition_keys, event.extra)
            for key, event in self.outlets._dict.items()
            if isinstance(key, AssetUniqueKey)
        }


def test_runs_are_started_by_one_event_a_day() -> None:
    task = Task()
    assert task(start_runs, image_redrives, ["2026-11-20", "2026-11-21"], {"a": 1}) == 2
    assert task.announced() == {"image_redrives": ({"2026-11-20", "2026-11-21"}, {"a": 1})}


def test_without_days_the_task_is_skipped_as_success_would_announce_its_assets() -> None:
    with pytest.raises(AirflowSkipException):
        Task()(start_runs, image_redrives, [])


@pytest.mark.parametrize("params", [DAY_PARAMS, REDRIVE_PARAMS])
def test_the_form_can_be_sent_as_it_is(params: Any) -> None:
    ParamsDict(dict(params)).validate()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_day", "yesterday"),
        ("media_type", "audio"),
        ("features", ["lables"]),
        ("features", "labels"),
        ("error_codes", [1]),
        ("dry_run", "no"),
    ],
)
def test_the_form_refuses_what_makes_no_sense(name: str, value: Any) -> None:
    params = ParamsDict(dict(REDRIVE_PARAMS))
    with pytest.raises(ParamValidationError):
        params[name] = value


@pytest.mark.parametrize(
    ("params", "days"),
    [
        ({}, DayRange()),
        ({"first_day": "", "last_day": "2026-11-20"}, DayRange(None, "2026-11-20")),
        ({"first_day": "2026-11-19", "last_day": "2026-11-20"}, DayRange("2026-11-19", "2026-11-20")),
    ],
)
def test_days_are_those_of_the_form(params: Any, days: DayRange) -> None:
    assert Task(**params)(chosen_days) == days


def test_failures_are_those_of_the_form() -> None:
    assert Task()(chosen_failures) == Task(features=[], error_codes=[])(chosen_failures) == Selection()
    chosen = Task(features=["text"], error_codes=["X"])(chosen_failures)
    assert chosen == Selection.of(["text"], ["X"])
    with pytest.raises(SelectionError):
        Task(features=["lables"])(chosen_failures)


# --- re-drive


DAYS = {"image": ["2026-11-20"], "video": []}


def test_a_dry_run_starts_nothing() -> None:
    task = Task(dry_run=True)
    with pytest.raises(AirflowSkipException, match="Dry run off"):
        task(start_redrive, "image", DAYS)
    assert task.announced() == {}


def test_both_kinds_run_for_a_day_but_only_the_selected_may_pay() -> None:
    """Costs of a day are reported when images and videos are through."""
    task = Task(features=["labels"])
    for kind in ("image", "video"):
        assert task(start_redrive, kind, DAYS) == 1
    announced = task.announced()
    assert {name: days for name, (days, _) in announced.items()} == {
        "image_redrives": {"2026-11-20"},
        "video_redrives": {"2026-11-20"},
    }
    assert Selection.from_json(announced["image_redrives"][1]) == Selection.of(["labels"], None)
    assert Selection.from_json(announced["video_redrives"][1]) == NOTHING


def test_a_redrive_of_nothing_starts_nothing() -> None:
    with pytest.raises(AirflowSkipException):
        Task()(start_redrive, "image", {"image": [], "video": []})


@pytest.mark.parametrize(
    ("events", "selections"),
    [
        ([], None),
        ([(media_manifest, {})], None),
        ([(media_manifest, {}), (image_redrives, NOTHING.to_json())], None),
        ([(image_redrives, NOTHING.to_json())], [NOTHING]),
        (
            [
                (image_redrives, Selection.of(["text"], None).to_json()),
                (image_redrives, Selection().to_json()),
            ],
            [Selection.of(["text"], None), Selection()],
        ),
    ],
)
def test_a_run_may_pay_for_all_unless_redrives_alone_started_it(events: Any, selections: Any) -> None:
    assert Task(events)(requested_selections, "image") == selections


def test_a_run_for_videos_looks_at_its_own_asset() -> None:
    assert Task([(video_redrives, NOTHING.to_json())])(requested_selections, "video") == [NOTHING]


# --- reprocessing


def test_reprocessing_is_announced_for_the_kinds_asked_for() -> None:
    both, videos = Task(), Task(media_type="video")
    for kind in ("image", "video"):
        assert both(start_reprocessing, kind, ["2026-11-20"]) == 1
    assert set(both.announced()) == {image_reprocessing.name, video_reprocessing.name}
    with pytest.raises(AirflowSkipException, match="only videos"):
        videos(start_reprocessing, "image", ["2026-11-20"])
    assert videos(start_reprocessing, "video", ["2026-11-20"]) == 1
    assert set(videos.announced()) == {video_reprocessing.name}
