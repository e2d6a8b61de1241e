from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.store import shared_record as shared_item
from include.store.shared_record import SharedRecord

TABLE = "media-lake-ledger"


def test_an_item_that_is_not_there_is_empty(dynamodb: Any) -> None:
    assert SharedRecord(dynamodb, TABLE, "x#1").read() == {}


def test_a_change_is_read_back(dynamodb: Any) -> None:
    item = SharedRecord(dynamodb, TABLE, "x#1")
    assert item.change(lambda record: {**record, "n": 1.5, "names": ["é"]}) == {"n": 1.5, "names": ["é"]}
    assert SharedRecord(dynamodb, TABLE, "x#1").read() == {"n": 1.5, "names": ["é"]}
    assert SharedRecord(dynamodb, TABLE, "x#2").read() == {}


def test_changes_by_many_at_the_same_time_are_all_kept(dynamodb: Any) -> None:
    def count(_: int) -> None:
        SharedRecord(dynamodb, TABLE, "x#1").change(lambda record: {"n": record.get("n", 0) + 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(40)))
    assert SharedRecord(dynamodb, TABLE, "x#1").read() == {"n": 40}


def test_a_change_that_always_comes_too_late_is_an_error(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_item, "_LONGEST_PAUSE", 0)
    item = SharedRecord(dynamodb, TABLE, "x#1")

    def lose(record: Any) -> Any:
        SharedRecord(dynamodb, TABLE, "x#1")._write({"n": 0}, SharedRecord(dynamodb, TABLE, "x#1")._read()[1])
        return record

    with pytest.raises(TimeoutError, match="other tasks changed item x#1 of media-lake-ledger"):
        item.change(lose)


def test_other_errors_are_raised(dynamodb: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        SharedRecord(dynamodb, "no-such-table", "x#1").change(lambda record: record)
