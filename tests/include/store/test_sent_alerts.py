"""Of an occasion, one caller hears that it is the first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from include.store.sent_alerts import first_occasions
from tests.conftest import BUCKET


def test_an_occasion_is_first_once_for_each_kind_of_alert(s3: Any) -> None:
    assert first_occasions(s3, BUCKET, "anomaly", ["a", "b"]) == ["a", "b"]
    assert first_occasions(s3, BUCKET, "anomaly", ["b", "c", "a"]) == ["c"]
    assert first_occasions(s3, BUCKET, "reconciliation", ["a"]) == ["a"]


def test_of_callers_at_once_one_gets_it(s3: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: first_occasions(s3, BUCKET, "anomaly", ["a"]), range(8)))
    assert sorted(found) == [*[[]] * 7, ["a"]]
