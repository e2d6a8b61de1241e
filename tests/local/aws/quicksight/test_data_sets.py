from __future__ import annotations

from typing import Any

import pytest

from local.aws.endpoint_errors import AwsError
from local.aws.quicksight.data_sets import columns_used, output_columns, table_read

COLUMNS = [
    {"Name": 'say "hi"', "Type": "STRING"},
    {"Name": "dt", "Type": "STRING"},
    {"Name": "ok", "Type": "BOOLEAN"},
]


def data_set(*steps: dict[str, Any]) -> dict[str, Any]:
    table = {"DataSourceArn": "arn", "Schema": "lake", "Name": "costs", "InputColumns": COLUMNS}
    logical = {"Alias": "t", "Source": {"PhysicalTableId": "t"}, "DataTransforms": list(steps)}
    return {"PhysicalTableMap": {"t": {"RelationalTable": table}}, "LogicalTableMap": {"t": logical}}


def test_the_table_of_a_data_set_is_read_with_each_of_its_columns() -> None:
    read = table_read(data_set())
    assert (
        read.statement == 'SELECT count(*), count("say ""hi"""), count("dt"), count("ok") FROM "lake"."costs"'
    )
    assert (read.data_source_arn, read.database) == ("arn", "lake")


def test_steps_change_the_columns() -> None:
    made = data_set(
        {"FilterOperation": {"ConditionExpression": "isNull({dt})"}},
        {
            "CastColumnTypeOperation": {
                "ColumnName": "dt",
                "NewColumnType": "DATETIME",
                "Format": "yyyy-MM-dd",
            }
        },
        {"RenameColumnOperation": {"ColumnName": "dt", "NewColumnName": "day"}},
        {"ProjectOperation": {"ProjectedColumns": ["day", "ok"]}},
    )
    # Data sets have no type of their own for what is true or false.
    assert output_columns(made) == [{"Name": "day", "Type": "DATETIME"}, {"Name": "ok", "Type": "INTEGER"}]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"RenameColumnOperation": {"ColumnName": "no", "NewColumnName": "day"}}, "does not exist: no"),
        ({"ProjectOperation": {"ProjectedColumns": ["dt", "no"]}}, "does not exist: no"),
        ({"CreateColumnsOperation": {"Columns": []}}, "does not know CreateColumnsOperation"),
    ],
)
def test_a_step_that_cannot_be_taken_is_refused(step: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words):
        output_columns(data_set(step))


def test_only_data_sets_of_one_table_are_known() -> None:
    two = data_set()
    two["PhysicalTableMap"]["u"] = two["PhysicalTableMap"]["t"]
    with pytest.raises(AwsError, match="one RelationalTable only"):
        table_read(two)


def test_columns_of_a_dashboard_are_found_wherever_they_stand() -> None:
    column = {"DataSetIdentifier": "a", "ColumnName": "usd"}
    other = {"DataSetIdentifier": "b", "ColumnName": "dt"}
    assert set(columns_used({"x": [{"Column": column}], "y": {"z": other}})) == {("a", "usd"), ("b", "dt")}
