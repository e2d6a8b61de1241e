from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from include.discover.listed_object import ListedObject
from tests.include.discover.conftest import a_lake


def listed(**changes: Any) -> ListedObject:
    item = ListedObject(a_lake().sources[0], "b", "k", "e", 1, datetime(2026, 11, 20, tzinfo=UTC))
    return replace(item, **changes)


def test_identity_of_a_version_of_an_object() -> None:
    changes: list[dict[str, Any]] = [{"bucket": "b2"}, {"key": "k2"}, {"etag": "e2"}]
    assert len({listed().media_id, *(listed(**change).media_id for change in changes)}) == 4
    assert listed().media_id == listed(last_modified=None).media_id
