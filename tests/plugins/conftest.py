"""Fixtures of the Rekognition plugin's tests: only the calls to AWS are replaced, by botocore's own stubs."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from rekognition.hooks import RekognitionHook


@pytest.fixture(autouse=True)
def aws_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Airflow connection whose credentials are boto3's own."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")


@pytest.fixture
def hook() -> RekognitionHook:
    return RekognitionHook(region_name="us-east-1")


@pytest.fixture
def video() -> dict[str, Any]:
    return {"S3Object": {"Bucket": "media", "Name": "raw/a clip & more.mp4"}}


@pytest.fixture
def project_arn() -> str:
    return "arn:aws:rekognition:us-east-1:123456789012:project/crates/1763500000000"


@pytest.fixture
def project_version_arn() -> str:
    return "arn:aws:rekognition:us-east-1:123456789012:project/crates/version/crates.2026-11-20/1763600000000"


@dataclass
class TaskContext:
    """What a running task gets from Airflow; ``stored`` and ``pushed`` are what it left there."""

    map_index: int = -1
    run_id: str = "scheduled__2026-11-20"
    stored: dict[str, Any] = field(default_factory=dict)
    pushed: dict[str, Any] = field(default_factory=dict)

    def for_try(self, try_number: int) -> Any:
        """Return the context of one try; the state store outlives the tries, as Airflow's does."""
        ti = SimpleNamespace(
            dag_id="enrich_videos",
            run_id=self.run_id,
            task_id="start",
            map_index=self.map_index,
            try_number=try_number,
            stats_tags={},
            xcom_push=lambda key, value: self.pushed.update({key: value}),
        )
        store = SimpleNamespace(get=self.stored.get, set=self.stored.__setitem__)
        return {"ti": ti, "task_state_store": store}


@pytest.fixture
def task_context() -> TaskContext:
    return TaskContext()
