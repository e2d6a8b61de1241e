from __future__ import annotations

import awswrangler as wr
import pytest

from include.core.schemas import FINDING_TABLES, PARTITION_KEY_MEANINGS, TABLES, Table, arrow_type


def named(table: Table) -> str:
    return table.name


every_table = pytest.mark.parametrize("table", TABLES.values(), ids=named)


@every_table
def test_types_are_lower_case_and_awswrangler_agrees(table: Table) -> None:
    for name, athena in table.column_types.items():
        assert athena == athena.lower()
        assert wr._data_types.athena2pyarrow(athena) == arrow_type(athena) or athena == "timestamp", name


@every_table
def test_names_are_unique_and_partition_keys_are_known(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert set(table.partition_keys) <= set(PARTITION_KEY_MEANINGS)
    # Hive has no column that is also a partition key
    assert not set(table.partition_keys) & set(names)
    assert set(table.unique) <= set(names)
    assert all(name == name.lower() for name in names)


@every_table
def test_rows_are_ordered_by_columns_of_texts_or_whole_numbers(table: Table) -> None:
    assert {table.column_types[key] for key in table.sort_keys} <= {"string", "int", "bigint"}


@pytest.mark.parametrize("name", FINDING_TABLES)
def test_findings_lie_in_order(name: str) -> None:
    assert "media_id" in TABLES[name].sort_keys


@every_table
def test_everything_has_a_meaning(table: Table) -> None:
    assert table.meaning.endswith(".")
    assert all(column.meaning and len(column.meaning) <= 255 for column in table.columns)


@every_table
def test_bounds_are_on_numbers_and_lists_on_strings(table: Table) -> None:
    for column in table.columns:
        if column.minimum is not None or column.maximum is not None:
            assert column.type in ("int", "bigint", "double")
        if column.values:
            assert column.type == "string"
        if "confidence" in column.name:
            assert (column.minimum, column.maximum) == (0, 100)


@every_table
def test_arrow_schema_follows_the_columns(table: Table) -> None:
    schema = table.arrow_schema
    assert schema.names == list(table.column_types)
    assert [field.nullable for field in schema] == [not column.required for column in table.columns]


@every_table
def test_the_score_is_a_column_in_percent(table: Table) -> None:
    if table.score and table.name in FINDING_TABLES:
        (score,) = (column for column in table.columns if column.name == table.score)
        assert (score.type, score.minimum, score.maximum) == ("double", 0, 100)
