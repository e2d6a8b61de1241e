from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from include.core.run import Run
from include.store.objects import Row, put_ndjson
from include.store.plan_batches import analyses_of, read_plan, write_plan


def a_line(name: str, *states: str) -> Row:
    return {
        "asset": {"media_id": name},
        "analyses": [{"feature": "labels", "state": each} for each in states],
    }


@pytest.mark.parametrize(
    ("rows", "size", "sizes"), [(0, 3, []), (1, 3, [1]), (3, 3, [3]), (4, 3, [3, 1]), (7, 3, [3, 3, 1])]
)
def test_lines_come_back_in_order_from_batches_of_one_size(
    s3: Any, run: Run, rows: int, size: int, sizes: list[int]
) -> None:
    lines = [a_line(f"{number}", "planned") for number in range(rows)]
    checks = list(write_plan(s3, run, lines, size))
    assert [check["rows"] for check in checks] == sizes
    assert [check["uri"] for check in checks] == [run.plan_uri(number) for number in range(len(sizes))]
    assert [line for check in checks for line in read_plan(s3, check["uri"])] == lines


def test_lines_are_taken_as_they_are_written(s3: Any, run: Run) -> None:
    taken: list[int] = []

    def lines() -> Any:
        for number in range(10):
            taken.append(number)
            yield a_line(f"{number}")

    next(write_plan(s3, run, lines(), 3))
    assert taken == [0, 1, 2, 3]


def test_times_are_iso_8601(s3: Any, run: Run) -> None:
    times = [datetime(2026, 11, 20, 10), datetime(2026, 11, 20, 10, 0, 0, 123_000)]
    lines = [{"asset": {"last_modified": time}, "analyses": []} for time in times]
    (check,) = write_plan(s3, run, lines, 10)
    found = [line["asset"]["last_modified"] for line in read_plan(s3, check["uri"])]
    assert found == [time.isoformat() for time in times]


def test_analyses_are_found_by_state(s3: Any, run: Run) -> None:
    lines = [a_line("m1", "planned", "reused"), a_line("m2"), a_line("m3", "rejected", "planned")]
    (check,) = write_plan(s3, run, lines, 10)
    plan = read_plan(s3, check["uri"])
    assert [asset["media_id"] for asset, _ in analyses_of(plan, "planned")] == ["m1", "m3"]
    found = [(asset["media_id"], each["state"]) for asset, each in analyses_of(plan, "reused", "rejected")]
    assert found == [("m1", "reused"), ("m3", "rejected")]
    assert list(analyses_of(plan)) == []


def test_a_plan_written_by_version_0_1_is_read(s3: Any, run: Run) -> None:
    old = [
        {"feature": "labels", "analysis_key": "k1", "state": "kept"},
        {"feature": "labels", "analysis_key": "k2", "state": "planned", "again": True, "failures": 2},
        {"feature": "labels", "analysis_key": "k3", "state": "planned"},
    ]
    put_ndjson(s3, run.plan_uri(0), [{"asset": {"media_id": "m1"}, "analyses": old}])
    (line,) = read_plan(s3, run.plan_uri(0))
    assert line["analyses"] == [
        {"feature": "labels", "analysis_key": "k1", "state": "not_selected"},
        {"feature": "labels", "analysis_key": "k2", "state": "planned", "duplicate": True, "failures": 2},
        {"feature": "labels", "analysis_key": "k3", "state": "planned"},
    ]
