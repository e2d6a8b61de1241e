from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.publish import NoTableError, publish
from include.run import Run
from include.schemas import TABLES

DATABASE = "media_lake"


@pytest.fixture
def glue(aws: SimpleNamespace) -> Any:
    """A catalog with three tables of the lake."""
    client = aws.glue
    client.create_database(DatabaseInput={"Name": DATABASE})
    for name in ("labels", "media_assets", "usage"):
        table = TABLES[name]
        columns = [{"Name": column.name, "Type": column.type} for column in table.columns]
        client.create_table(
            DatabaseName=DATABASE,
            TableInput={
                "Name": name,
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in table.partition_keys],
                "StorageDescriptor": {"Columns": columns, "Location": f"s3://media-lake/curated/{name}/"},
            },
        )
    return client


def partition(glue: Any, table: str, *values: str) -> Any:
    return glue.get_partition(DatabaseName=DATABASE, TableName=table, PartitionValues=list(values))[
        "Partition"
    ]


def test_the_first_run_makes_the_partition(glue: Any, run: Run) -> None:
    locations = publish(glue, DATABASE, run, ["labels", "media_assets"], "image")
    assert locations == {name: run.table_uri(name, "image") for name in ("labels", "media_assets")}
    made = partition(glue, "labels", "2026-11-20", "image")
    assert made["StorageDescriptor"]["Location"] == run.table_uri("labels", "image")
    assert [column["Name"] for column in made["StorageDescriptor"]["Columns"]] == list(
        TABLES["labels"].column_types
    )
    assert made["Parameters"]["run_id"] == run.run_id
    assert "previous_location" not in made["Parameters"]


def test_a_later_run_moves_it_and_remembers_where_it_was(glue: Any, run: Run) -> None:
    later = replace(run, run_id="later")
    publish(glue, DATABASE, run, ["labels"], "image")
    publish(glue, DATABASE, later, ["labels"], "image")
    moved = partition(glue, "labels", "2026-11-20", "image")
    assert moved["StorageDescriptor"]["Location"] == later.table_uri("labels", "image")
    assert moved["Parameters"]["previous_location"] == run.table_uri("labels", "image")
    assert moved["Parameters"]["run_id"] == "later"


def test_a_run_that_publishes_again_keeps_the_location_before_it(glue: Any, run: Run) -> None:
    later = replace(run, run_id="later")
    for each in (run, later, later):
        publish(glue, DATABASE, each, ["labels"], "image")
    again = partition(glue, "labels", "2026-11-20", "image")
    assert again["StorageDescriptor"]["Location"] == later.table_uri("labels", "image")
    assert again["Parameters"].get("previous_location") == run.table_uri("labels", "image")


def test_days_and_media_types_are_partitions_of_their_own(glue: Any, run: Run) -> None:
    publish(glue, DATABASE, run, ["labels"], "image")
    publish(glue, DATABASE, run, ["labels"], "video")
    publish(glue, DATABASE, replace(run, partition="2026-11-21"), ["labels"], "image")
    found = glue.get_partitions(DatabaseName=DATABASE, TableName="labels")["Partitions"]
    assert sorted(item["Values"] for item in found) == [
        ["2026-11-20", "image"],
        ["2026-11-20", "video"],
        ["2026-11-21", "image"],
    ]


def test_a_table_by_day_only(glue: Any, run: Run) -> None:
    assert publish(glue, DATABASE, run, ["usage"], None) == {"usage": run.table_uri("usage", None)}
    assert partition(glue, "usage", "2026-11-20")["Values"] == ["2026-11-20"]


def test_a_table_that_was_never_made_says_how_to_make_it(glue: Any, run: Run) -> None:
    with pytest.raises(
        NoTableError, match=r"media_lake.texts does not exist: run `python -m include.infrastructure`"
    ):
        publish(glue, DATABASE, run, ["texts"], "image")


def test_another_error_of_glue_is_raised_as_it_is(run: Run) -> None:
    class Denied:
        def get_table(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetTable")

    with pytest.raises(ClientError, match="AccessDenied"):
        publish(Denied(), DATABASE, run, ["labels"], "image")


def test_a_partition_that_somebody_makes_meanwhile_is_moved(glue: Any, run: Run) -> None:
    other = replace(run, run_id="other")

    class Raced:
        """The catalog, where another run publishes between our look and our write."""

        def __getattr__(self, name: str) -> Any:
            return getattr(glue, name)

        def create_partition(self, **request: Any) -> Any:
            publish(glue, DATABASE, other, ["labels"], "image")
            return glue.create_partition(**request)

    publish(Raced(), DATABASE, run, ["labels"], "image")
    made = partition(glue, "labels", "2026-11-20", "image")
    assert made["StorageDescriptor"]["Location"] == run.table_uri("labels", "image")
    assert made["Parameters"]["previous_location"] == other.table_uri("labels", "image")
