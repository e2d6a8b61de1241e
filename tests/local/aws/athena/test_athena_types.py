"""Types between Glue, DuckDB and Athena's results."""

from __future__ import annotations

import duckdb
import pytest

from local.aws.athena.athena_types import duckdb_to_hive, hive_to_duckdb, java_double, result_type


@pytest.mark.parametrize(
    ("hive", "trino"),
    [
        ("string", "varchar"),
        ("int", "integer"),
        ("bigint", "bigint"),
        ("double", "double"),
        ("boolean", "boolean"),
        ("timestamp", "timestamp"),
        ("date", "date"),
        ("decimal(12,3)", "decimal"),
        ("binary", "varbinary"),
        ("array<struct<x:double,y:array<string>>>", "array"),
        ("struct<k:string,v:map<string,int>>", "row"),
        ("map<string,decimal(5,2)>", "map"),
    ],
)
def test_types_survive_the_way_through_duckdb(hive: str, trino: str) -> None:
    (kind,) = duckdb.sql(f"SELECT CAST(NULL AS {hive_to_duckdb(hive)}) AS x").types
    assert duckdb_to_hive(kind) == hive
    assert result_type(kind)[0] == trino


def test_unknown_type_is_named() -> None:
    with pytest.raises(ValueError, match="strin"):
        hive_to_duckdb("array<strin>")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0.0"),
        (-1.5, "-1.5"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (0.001, "0.001"),
        (1.25e-9, "1.25E-9"),
        (-123456789.25, "-1.2345678925E8"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_doubles_are_written_as_java_does(value: float, expected: str) -> None:
    assert java_double(value) == expected
