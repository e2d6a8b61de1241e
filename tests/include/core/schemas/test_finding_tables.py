from __future__ import annotations

import pytest

from include.core.features import FEATURES, RETIRED
from include.core.schemas import FINDING_TABLES, TABLES


@pytest.mark.parametrize("name", FINDING_TABLES)
def test_findings_share_their_first_columns(name: str) -> None:
    assert TABLES[name].arrow_schema.names[:3] == ["media_id", "analysis_key", "model_version"]
    assert TABLES[name].partition_keys == ("dt", "media_type")


def test_tables_about_identifiable_people_are_sensitive() -> None:
    of_features = {name for feature in FEATURES.values() if feature.sensitive for name in feature.tables}
    assert {"faces", "celebrities", "face_matches"} <= of_features
    assert {table.name for table in TABLES.values() if table.sensitive} == {*of_features, "persons"}


def test_only_rows_with_a_time_are_one_moment_of_it() -> None:
    for table in TABLES.values():
        grouped = any(moment.per_time for moment in table.moments)
        assert not grouped or {"timestamp_ms", "start_ms"} & set(table.column_types), table.name


def test_only_features_fill_findings() -> None:
    features = (*FEATURES.values(), *RETIRED.values())
    assert {name for feature in features for name in feature.tables} == set(FINDING_TABLES)


@pytest.mark.parametrize("name", FINDING_TABLES)
def test_boxes_are_whole(name: str) -> None:
    columns = set(TABLES[name].column_types)
    prefixes = {column.removesuffix("_left") for column in columns if column.endswith("_left")}
    sides = {f"{prefix}_{side}" for prefix in prefixes for side in ("left", "top", "width", "height")}
    assert sides <= columns
