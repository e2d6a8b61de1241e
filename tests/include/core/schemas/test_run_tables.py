from __future__ import annotations

import pytest

from include.core.schemas import ANALYSIS_STATUSES, ASSET_STATUSES, TABLES


@pytest.mark.parametrize(
    ("table", "statuses"), [("analyses", ANALYSIS_STATUSES), ("media_assets", ASSET_STATUSES)]
)
def test_a_status_is_one_of_those_known(table: str, statuses: tuple[str, ...]) -> None:
    (status,) = (column for column in TABLES[table].columns if column.name == "status")
    assert status.values == statuses
    assert status.required


def test_money_is_by_day_of_the_lake_and_never_negative() -> None:
    for name in ("usage", "costs_daily"):
        assert TABLES[name].partition_keys == ("dt",)
        assert all(column.minimum == 0 for column in TABLES[name].columns if column.name.endswith("usd"))
