from __future__ import annotations

import json
from typing import Any

import pytest

from include.store.job_ends import job_end, job_end_item, job_end_key, job_end_times, job_ends
from include.store.messages import UnreadableMessageError
from tests.odd_messages import BODIES, NOTIFICATIONS


def test_a_report_is_read_as_it_was_written() -> None:
    items = [job_end_item("j-1", "SUCCEEDED", 1000.5), job_end_item("j-2", "FAILED", 1000.5)]
    assert job_ends(items) == {"j-1": "SUCCEEDED", "j-2": "FAILED"}
    assert job_end_times(items) == {"j-1": 1_000_500, "j-2": 1_000_500}
    del items[1]["ended_at"]  # an earlier version did not record it
    assert job_end_times([*items, job_end_item("j-3", "FAILED", 9.0, 7)]) == {"j-1": 1_000_500, "j-3": 7}


def test_a_report_outlives_the_results_of_its_job() -> None:
    """Rekognition keeps results for 7 days; DynamoDB drops the item at ``expires_at``."""
    item = job_end_item("j-1", "SUCCEEDED", 1000.5)
    assert int(item["expires_at"]["N"]) == 1000 + 14 * 86_400
    assert item["key"] == {"S": job_end_key("j-1")}


def test_a_report_is_never_taken_for_an_analysis() -> None:
    assert job_end_key("a" * 64).startswith("job#")


@pytest.mark.parametrize(
    ("body", "report"),
    [
        ({"JobId": "j", "Status": "SUCCEEDED"}, ("j", "SUCCEEDED", None)),
        ({"JobId": "j" * 64, "Status": "FAILED", "JobTag": "labels"}, ("j" * 64, "FAILED", None)),
        ({"Type": "Notification", "Message": '{"JobId": "j", "Status": "FAILED"}'}, ("j", "FAILED", None)),
        (
            {"JobId": "j", "Status": "FAILED", "Timestamp": 1_764_000_000_123},
            ("j", "FAILED", 1_764_000_000_123),
        ),
        ({"JobId": "j", "Status": "FAILED", "Timestamp": "soon"}, ("j", "FAILED", None)),
        ({"JobId": "j", "Status": "FAILED", "Timestamp": 10**30}, ("j", "FAILED", None)),
    ],
)
def test_the_end_of_a_job(body: Any, report: tuple[str, str, int | None]) -> None:
    assert job_end(json.dumps(body)) == report


ODD = {**BODIES, **NOTIFICATIONS}


@pytest.mark.parametrize("name", ODD)
def test_something_else_has_a_reason(name: str) -> None:
    with pytest.raises(UnreadableMessageError) as raised:
        job_end(ODD[name])
    str(raised.value).encode()
