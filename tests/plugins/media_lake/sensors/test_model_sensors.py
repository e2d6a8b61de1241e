from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.context import set_current_context

import include.store.model_time
from include.analyze.custom_models import ModelError
from include.core.run import Run
from include.core.settings import Settings
from include.store.model_time import Session
from media_lake.sensors import model_sensors
from media_lake.sensors.model_sensors import (
    START_SECONDS,
    ModelsSensor,
    StartModelsSensor,
    StopModelsSensor,
)
from media_lake.tasks import analyze

RUN = Run("media-lake", "enrich_images", "r", "2026-11-20")
MODELS = [
    {
        "arn": name,
        "feature": "custom_labels",
        "teams": [{"source": "sample", "cost_center": "team", "images": 2}],
    }
    for name in ("one", "two")
]


class Models:
    """Models that take a number of looks to start and to stop; a missing one raises."""

    def __init__(self, looks: dict[str, int]) -> None:
        self.looks = looks
        self.reserved: list[tuple[str, str, str]] = []
        self.units: set[int] = set()

    def reserve(self, arn: str, user: str, payer: dict[str, Any]) -> None:
        self.reserved.append((arn, user, payer["run_id"]))

    def start(self, arn: str, inference_units: int) -> bool:
        self.units.add(inference_units)
        return self._look(arn)

    def stop(self, arn: str, user: str, bill: Any) -> bool:
        bill(Session(arn, 0, 60, 1))
        return self._look(arn)

    def _look(self, arn: str) -> bool:
        if arn not in self.looks:
            raise ModelError(f"{arn} does not exist")
        self.looks[arn] -= 1
        return self.looks[arn] <= 0


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(**looks: int) -> Models:
        made = Models(looks)
        workspace = SimpleNamespace(
            s3="s3",
            run=RUN,
            settings=Settings(model_inference_units=3),
            lake=SimpleNamespace(budgets={}),
        )
        for module in (model_sensors, analyze):
            monkeypatch.setattr(module, "task_models", lambda: (made, workspace))
        return made

    return make


def reserved(planned: Any, cut: Any = None) -> Any:
    """Return what is reserved of a plan, of which a person may have approved only a part."""
    instance = SimpleNamespace(xcom_pull=lambda task_ids, key: cut)
    with set_current_context({"ti": instance}):  # type: ignore[arg-type]
        return analyze.reserve_models.function(planned)


def test_a_run_reserves_the_models_of_its_plan(models: Any) -> None:
    made = models()
    assert reserved({"models": MODELS}) == MODELS
    assert made.reserved == [("one", RUN.token, "r"), ("two", RUN.token, "r")]


def test_of_a_plan_that_was_cut_only_what_is_left_needs_models(models: Any) -> None:
    made = models()
    assert reserved({"models": MODELS}, {"calls": 1, "cut": 1, "models": MODELS[1:]}) == MODELS[1:]
    assert made.reserved == [("two", RUN.token, "r")]


def test_without_models_none_is_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyze, "task_models", lambda: pytest.fail("made clients"))
    assert reserved({"models": []}) == []


def test_starting_goes_on_until_every_model_runs(models: Any) -> None:
    made = models(one=1, two=2)
    sensor = StartModelsSensor(task_id="start", models=MODELS)
    assert not sensor.poke({})
    assert sensor.poke({})
    assert made.looks == {"one": -1, "two": 0}
    assert made.units == {3}


def test_a_model_that_does_not_exist_keeps_nothing_else_from_being_analyzed(models: Any) -> None:
    models(two=2)
    sensor = StartModelsSensor(task_id="start", models=MODELS)
    assert not sensor.poke({})
    assert sensor.poke({})
    assert StopModelsSensor(task_id="stop", models=[]).poke({})


def test_stopping_goes_on_until_every_model_is_let_go_and_its_hours_are_logged(
    models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(
        include.store.model_time,
        "log_model_hours",
        lambda s3, run, model, session: logged.append((model["arn"], session)),
    )
    models(one=1, two=2)
    sensor = StopModelsSensor(task_id="stop", models=MODELS)
    assert not sensor.poke({})
    assert sensor.poke({})
    assert set(logged) == {(name, Session(name, 0, 60, 1)) for name in ("one", "two")}


@pytest.mark.parametrize("sensor", [StartModelsSensor, StopModelsSensor])
def test_without_models_nothing_is_asked(sensor: type[ModelsSensor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_sensors, "task_models", lambda: pytest.fail("made clients"))
    assert sensor(task_id="s", models=[]).poke({})


@pytest.mark.parametrize("sensor", [StartModelsSensor, StopModelsSensor])
def test_no_worker_is_held_while_a_model_starts(sensor: type[ModelsSensor]) -> None:
    made = sensor(task_id="s", models=MODELS)
    assert (made.mode, made.timeout) == ("reschedule", START_SECONDS)
    assert sensor.template_fields == ("models",)
    assert sensor(task_id="s", models=[], poke_interval=3).poke_interval == 3
