from __future__ import annotations

from collections import Counter

import pytest

from include.core.features import FEATURES
from include.validate.response_counts import count_rows, is_countable
from tests.include.normalize.responses import response, tables

OPERATIONS = {
    call.operation for each in FEATURES.values() for call in (each.image, each.video) if call is not None
}
COUNTED = sorted(filter(is_countable, OPERATIONS))


def test_what_the_lake_began_with_is_counted() -> None:
    """An operation that comes later may do without; its raw responses are not counted then."""
    assert len(COUNTED) >= 15


@pytest.mark.parametrize("operation", COUNTED)
def test_as_many_rows_are_counted_as_normalize_makes(operation: str) -> None:
    reply = response(operation)
    counted = {table: count for table, count in count_rows(operation, reply, 0.0).items() if count}
    assert counted == {table: len(rows) for table, rows in tables(operation, reply).items()}


def test_items_below_the_threshold_or_without_a_name_are_no_rows() -> None:
    labels = [
        {"Name": "Dog", "Confidence": 55.0}, {"Name": "Cat", "Confidence": 54.9},
        {"Name": "", "Confidence": 90.0}, {"Confidence": 90.0}, {"Name": "Bird"},
    ]  # fmt: skip
    assert count_rows("DetectLabels", {"Labels": labels}, 55.0) == {"labels": 2, "image_properties": 0}


@pytest.mark.parametrize("reply", [{}, {"Labels": None}, {"Labels": "x"}, {"Labels": []}])
def test_a_response_without_items_has_no_rows(reply: dict[str, object]) -> None:
    assert Counter(count_rows("DetectLabels", reply, 0.0)).total() == 0
