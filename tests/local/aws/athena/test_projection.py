"""Partition projection: the values that properties compute, and queries that read by them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.catalog import Table
from local.aws.athena.dialect import parse_query
from local.aws.athena.projection import Projection

NOW = datetime(2026, 11, 27, 12, 30)
Query = Callable[..., list[tuple[str | None, ...]]]


def projection(**properties: str) -> Projection:
    """Return the projection of a table whose only key is ``k``."""
    parameters = {"projection.enabled": "true"}
    parameters |= {f"projection.k.{name.replace('_', '.')}": value for name, value in properties.items()}
    definition: Any = {
        "DatabaseName": "lake",
        "Name": "t",
        "PartitionKeys": [{"Name": "k", "Type": "string"}],
        "StorageDescriptor": {"Location": "s3://b/t/"},
        "Parameters": parameters,
    }
    return Projection(Table(definition), NOW)


def values(found: Projection, condition: str = "") -> list[str]:
    """Return what the projection yields where each computed value is allowed."""
    where = parse_query(f"SELECT 1 FROM t {condition}").args.get("where")
    conditions = [where.this] if where else []
    return [value for (value,) in found.partitions(conditions, lambda _, computed: computed)]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"type": "enum", "values": "a,b, c"}, ["a", "b", " c"]),
        ({"type": " Integer ", "range": "8, 10"}, ["8", "9", "10"]),
        ({"type": "integer", "range": "1,9", "interval": "4", "digits": "3"}, ["001", "005", "009"]),
        ({"type": "integer", "range": "-1,1"}, ["-1", "0", "1"]),
        (
            {"type": "date", "range": "2026/11/25,NOW", "format": "yyyy/MM/dd"},
            ["2026/11/25", "2026/11/26", "2026/11/27"],
        ),
        ({"type": "date", "range": "NOW-2MONTHS,NOW", "format": "yyyyMM"}, ["202609", "202610", "202611"]),
        (
            {
                "type": "date",
                "range": "2026-11-27-22,2026-11-28-01",
                "format": "yyyy-MM-dd-HH",
                "interval": "2",
                "interval_unit": "hours",
            },
            ["2026-11-27-22", "2026-11-28-00"],
        ),
        (
            {"type": "date", "range": "2026,NOW + 2 YEARS", "format": "yyyy", "interval_unit": "YEARS"},
            ["2026", "2027", "2028"],
        ),
    ],
)
def test_values_follow_from_the_properties(properties: dict[str, str], expected: list[str]) -> None:
    assert values(projection(**properties)) == expected


@pytest.mark.parametrize("condition", ["WHERE k = 'x'", "WHERE 'x' = k", "WHERE K IN ('x')"])
def test_injected_values_come_from_the_query(condition: str) -> None:
    assert values(projection(type="injected"), condition) == ["x"]


@pytest.mark.parametrize("condition", ["", "WHERE k > 'x'", "WHERE k = lower('X')", "WHERE other = 'x'"])
def test_injected_values_cannot_be_guessed(condition: str) -> None:
    with pytest.raises(
        QueryFailed, match="CONSTRAINT_VIOLATION: For the injected projected partition column k"
    ):
        values(projection(type="injected"), condition)


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({}, r"projection\.k\.type is missing"),
        ({"type": "guess"}, "none of enum, integer, date and injected"),
        ({"type": "integer"}, r"projection\.k\.range is missing"),
        ({"type": "integer", "range": "1"}, "two values"),
        ({"type": "integer", "range": "1,b"}, "'b' is not an integer"),
        ({"type": "integer", "range": "1,9999999"}, "has 9999999 values"),
        ({"type": "date", "range": "a,NOW", "format": "yyyy-MM-dd"}, "'a' does not have the format"),
        ({"type": "date", "range": "2026,NOW", "format": "yyyy"}, r"interval\.unit must be one of YEARS"),
    ],
)
def test_a_property_that_is_wrong_is_named(properties: dict[str, str], problem: str) -> None:
    with pytest.raises(QueryFailed, match=f"INVALID_TABLE_PROPERTY: Table lake.t .*{problem}"):
        values(projection(**properties))


@pytest.mark.integration
def test_a_table_reads_partitions_that_the_catalog_does_not_list(
    client: Callable[[str], Any], bucket: str, query: Query, execute: Callable[..., dict[str, Any]]
) -> None:
    for day in ("2026/11/25", "2026/11/26"):
        for tenant in ("a", "b"):
            rows, buffer = pa.table({"name": [f"{day}{tenant}"]}), io.BytesIO()
            pq.write_table(rows, buffer)
            key = f"logs/{tenant}/{day}/part.parquet"
            client("s3").put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())
    query(
        "CREATE EXTERNAL TABLE logs (name string) PARTITIONED BY (tenant string, dt string) "
        f"STORED AS PARQUET LOCATION 's3://{bucket}/logs/' TBLPROPERTIES ('projection.enabled' = 'true', "
        "'projection.tenant.type' = 'injected', 'projection.dt.type' = 'date', "
        "'projection.dt.range' = '2026/11/01,2026/11/30', 'projection.dt.format' = 'yyyy/MM/dd', "
        f"'storage.location.template' = 's3://{bucket}/logs/${{tenant}}/${{dt}}/')"
    )
    assert query("SELECT name, dt FROM logs WHERE tenant = 'a' ORDER BY dt") == [
        ("2026/11/25a", "2026/11/25"),
        ("2026/11/26a", "2026/11/26"),
    ]
    one = "SELECT name FROM logs AS l WHERE l.tenant IN ('a', 'b') AND l.dt > '2026/11/25' ORDER BY 1"
    assert query(one) == [("2026/11/26a",), ("2026/11/26b",)]
    everything = execute("SELECT name FROM logs WHERE tenant = 'a'")["Statistics"]["DataScannedInBytes"]
    scanned = execute("SELECT name FROM logs WHERE tenant = 'a' AND dt = '2026/11/26'")["Statistics"]
    assert 0 < scanned["DataScannedInBytes"] < everything
    failed = execute("SELECT * FROM logs")["Status"]
    assert failed["StateChangeReason"].startswith("CONSTRAINT_VIOLATION: For the injected")
    query("INSERT INTO logs VALUES ('new', 'c', '2026/11/30')")
    assert query("SELECT \"$path\" FROM logs WHERE tenant = 'c'")[0][0].startswith(  # type: ignore[union-attr]
        f"s3://{bucket}/logs/c/2026/11/30/"
    )
    assert query("SHOW PARTITIONS logs") == []
