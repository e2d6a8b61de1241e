from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.analyze.custom_models import HOLD_SECONDS, STOP_SECONDS, CustomModels, ModelError
from include.store.model_time import Session
from tests.clocks import FakeClock

ARN = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1700000000000"


class Rekognition:
    """Has one model; a start and a stop take effect when the test says so."""

    def __init__(self, status: str = "TRAINING_COMPLETED") -> None:
        self.status = status
        self.calls: Counter[str] = Counter()
        self.units = 0
        self.fail_with: str | None = None

    def status_of(self, arn: str) -> str:
        if arn != ARN:
            raise ModelError(f"{arn} does not exist")
        return self.status

    def start_project_version(self, ProjectVersionArn: str, MinInferenceUnits: int) -> Any:
        self._happen("StartProjectVersion")
        self.status, self.units = "STARTING", MinInferenceUnits

    def stop_project_version(self, ProjectVersionArn: str) -> Any:
        self._happen("StopProjectVersion")
        self.status = "STOPPING"

    def _happen(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.fail_with:
            raise ClientError({"Error": {"Code": self.fail_with, "Message": "no"}}, operation)


class Bench:
    def __init__(self, dynamodb: Any, **state: Any) -> None:
        self.clock = FakeClock()
        self.rekognition = Rekognition(**state)
        rekognition: Any = self.rekognition
        self.models = CustomModels(
            rekognition, rekognition.status_of, dynamodb, "media-lake-ledger", self.clock
        )
        self.billed: list[Session] = []

    def run_model(self, *users: str) -> None:
        for user in users:
            self.models.reserve(ARN, user, {"run_id": user})
        self.models.start(ARN, 2)
        self.rekognition.status = "RUNNING"
        assert self.models.start(ARN, 2)

    def stop(self, user: str) -> bool:
        return self.models.stop(ARN, user, self.billed.append)


@pytest.fixture
def bench(dynamodb: Any) -> Bench:
    return Bench(dynamodb)


def test_a_model_is_started_once_and_waited_for(bench: Bench) -> None:
    bench.models.reserve(ARN, "a", {})
    assert not bench.models.start(ARN, 2)
    assert not bench.models.start(ARN, 2)
    assert bench.rekognition.calls == {"StartProjectVersion": 1}
    assert bench.rekognition.units == 2
    bench.rekognition.status = "RUNNING"
    assert bench.models.start(ARN, 2)


def test_the_last_run_stops_it_and_its_hours_are_billed_once(bench: Bench) -> None:
    bench.run_model("a", "b")
    bench.clock.now += 1800
    assert bench.stop("a")
    assert bench.rekognition.calls["StopProjectVersion"] == 0
    assert bench.billed == []
    bench.clock.now += 1800
    assert bench.stop("b")
    assert bench.rekognition.calls["StopProjectVersion"] == 1
    assert bench.billed == [Session(ARN, 1_000_000, 1_003_600, 2)]
    assert bench.billed[0].payers == {"a": {"run_id": "a"}, "b": {"run_id": "b"}}
    assert bench.stop("b")
    assert len(bench.billed) == 1


def test_a_stop_that_was_interrupted_bills_the_same_time_when_it_is_repeated(bench: Bench) -> None:
    bench.run_model("a")
    bench.clock.now += 60

    def die(session: Session) -> None:
        bench.billed.append(session)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.models.stop(ARN, "a", die)
    bench.clock.now += 600
    assert bench.stop("a")
    assert len(set(bench.billed)) == 1
    assert bench.rekognition.calls["StopProjectVersion"] == 1


def test_a_run_that_comes_while_it_is_stopped_starts_it_again(bench: Bench) -> None:
    bench.run_model("a")
    assert bench.stop("a")
    bench.models.reserve(ARN, "b", {})
    assert not bench.models.start(ARN, 1)
    bench.rekognition.status = "STOPPED"
    assert not bench.models.start(ARN, 1)
    bench.rekognition.status = "RUNNING"
    assert bench.models.start(ARN, 1)
    assert bench.rekognition.calls == {"StartProjectVersion": 2, "StopProjectVersion": 1}


def test_a_run_does_not_trust_a_model_that_another_is_about_to_stop(bench: Bench) -> None:
    """The other run found no user, marked the model, and has not come to stop it."""
    bench.run_model("a")
    bench.models._change(ARN, lambda use: bench.models._without(use, "a"))
    bench.models.reserve(ARN, "b", {})
    assert not bench.models.start(ARN, 1)
    bench.clock.now += STOP_SECONDS + 1
    assert bench.models.start(ARN, 1)
    assert bench.stop("a")
    assert bench.rekognition.status == "RUNNING"


def test_a_model_that_is_still_starting_is_stopped_later(bench: Bench) -> None:
    bench.models.reserve(ARN, "a", {})
    bench.models.start(ARN, 1)
    assert not bench.stop("a")
    bench.rekognition.status = "RUNNING"
    assert bench.stop("a")
    assert bench.rekognition.calls["StopProjectVersion"] == 1


def test_a_model_that_was_reserved_and_never_started_is_left_alone(bench: Bench) -> None:
    bench.models.reserve(ARN, "a", {})
    assert bench.stop("a")
    assert bench.rekognition.calls == {}
    assert [list(session.hours_by_day()) for session in bench.billed] == [[]]


def test_a_run_that_vanished_does_not_keep_a_model_for_ever(bench: Bench) -> None:
    bench.run_model("vanished", "a")
    bench.clock.now += HOLD_SECONDS + 1
    bench.models.reserve(ARN, "b", {})
    assert bench.stop("b")
    assert bench.rekognition.status == "STOPPING"


def test_somebody_elses_start_is_no_error(bench: Bench) -> None:
    bench.models.reserve(ARN, "a", {})
    bench.rekognition.fail_with = "ResourceInUseException"
    assert not bench.models.start(ARN, 1)
    bench.rekognition.fail_with = "AccessDeniedException"
    with pytest.raises(ClientError, match="AccessDenied"):
        bench.models.start(ARN, 1)


@pytest.mark.parametrize("status", ["TRAINING_IN_PROGRESS", "TRAINING_FAILED", "DELETING", "EXPIRED"])
def test_a_model_that_cannot_be_started_says_so(dynamodb: Any, status: str) -> None:
    bench = Bench(dynamodb, status=status)
    with pytest.raises(ModelError, match=f"is {status} and cannot be started"):
        bench.models.start(ARN, 1)


def test_a_model_that_does_not_exist_is_neither_started_nor_stopped(bench: Bench) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        bench.models.start("other", 1)
    with pytest.raises(ModelError, match="does not exist"):
        bench.models.stop("other", "a", bench.billed.append)
    assert bench.rekognition.calls == {}
