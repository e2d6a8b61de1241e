from __future__ import annotations

import pyarrow as pa
import pytest

from include.core.schemas.table import Column, Table, arrow_type


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


def test_a_table_knows_its_types_and_its_parquet_schema() -> None:
    table = Table(
        "t", "Things.", (Column("a", "int", "a number", required=True), Column("b", "array<string>", "names"))
    )
    assert table.column_types == {"a": "int", "b": "array<string>"}
    assert table.arrow_schema == pa.schema(
        [
            pa.field("a", pa.int32(), nullable=False),
            pa.field("b", pa.list_(pa.field("element", pa.string()))),
        ]
    )
