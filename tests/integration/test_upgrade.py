"""``python -m infrastructure`` brings a lake of version 0.1 to this one, and its data stay.

That such a lake is then worked on, and pays for nothing again, is in ``test_earlier_state.py``.
"""

from __future__ import annotations

import pytest

from include.core.schemas import TABLES
from include.store.sql import view_names
from tests import earlier_state
from tests.integration.earlier_lakes import Upgrade

pytestmark = pytest.mark.integration


def test_tables_and_partitions_get_the_columns_of_this_version(upgraded: Upgrade) -> None:
    before, after = upgraded.mistakes
    assert sum("without the columns" in text for text in before) == 4, before
    assert after == []
    assert upgraded.partitions.keys() == {(each.table, each.values) for each in earlier_state.partitions()}
    for (table, _), columns in upgraded.partitions.items():
        assert columns == [column.name for column in TABLES[table].columns], table


def test_nothing_that_was_paid_for_or_found_is_touched(upgraded: Upgrade) -> None:
    assert upgraded.kept


def test_the_ledger_is_protected_and_every_view_is_there(upgraded: Upgrade) -> None:
    lake = upgraded.lake
    dynamodb, table = lake.client("dynamodb"), lake.settings.ledger_table
    assert dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    pages = lake.client("glue").get_paginator("get_tables").paginate(DatabaseName=lake.settings.database)
    found = {each["Name"] for page in pages for each in page["TableList"]}
    assert found >= {*TABLES, *(name.removeprefix("views/") for name in view_names())}
