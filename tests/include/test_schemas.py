from __future__ import annotations

import awswrangler as wr
import pyarrow as pa
import pytest

from include.features import FEATURES
from include.schemas import (
    ANALYSIS_STATUSES,
    FINDING_TABLES,
    PARTITION_KEY_MEANINGS,
    TABLES,
    Table,
    arrow_type,
)


def named(table: Table) -> str:
    return table.name


every_table = pytest.mark.parametrize("table", TABLES.values(), ids=named)


@pytest.mark.parametrize(
    ("athena", "arrow"),
    [
        ("string", pa.string()),
        ("int", pa.int32()),
        ("bigint", pa.int64()),
        ("double", pa.float64()),
        ("boolean", pa.bool_()),
        ("date", pa.date32()),
        ("timestamp", pa.timestamp("ms")),
        ("array<string>", pa.list_(pa.field("element", pa.string()))),
        ("struct<x:double,n:int>", pa.struct([("x", pa.float64()), ("n", pa.int32())])),
        (
            "array<struct<type:string,confidence:double>>",
            pa.list_(pa.field("element", pa.struct([("type", pa.string()), ("confidence", pa.float64())]))),
        ),
        ("array<array<int>>", pa.list_(pa.field("element", pa.list_(pa.field("element", pa.int32()))))),
    ],
)
def test_arrow_type(athena: str, arrow: pa.DataType) -> None:
    assert arrow_type(athena) == arrow


@pytest.mark.parametrize("wrong", ["", "text", "array<text>", "map<string,int>", "decimal(10,2)"])
def test_an_unknown_type_is_named(wrong: str) -> None:
    with pytest.raises(ValueError, match="unknown Athena type"):
        arrow_type(wrong)


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


@pytest.mark.parametrize("name", FINDING_TABLES)
def test_findings_share_their_first_columns(name: str) -> None:
    assert TABLES[name].arrow_schema.names[:3] == ["media_id", "analysis_key", "model_version"]
    assert TABLES[name].partition_keys == ("dt", "media_type")


def test_only_faces_are_sensitive_and_only_features_fill_findings() -> None:
    assert [table.name for table in TABLES.values() if table.sensitive] == ["faces"]
    assert {name for feature in FEATURES.values() for name in feature.tables} == set(FINDING_TABLES)


def test_statuses_are_what_design_and_tables_say() -> None:
    (status,) = (column for column in TABLES["analyses"].columns if column.name == "status")
    assert status.values == ANALYSIS_STATUSES
    assert status.required
