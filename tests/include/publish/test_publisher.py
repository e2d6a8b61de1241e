from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import Settings
from include.publish.glue_catalog import NoTableError, TableMismatchError
from include.publish.pointers import StaleRunError
from include.publish.publications import publications_of
from include.publish.publisher import ChangedSinceAuditError, publish
from include.store.objects import get, list_uris, put
from include.store.workspace import Workspace
from tests.glue_tables import DATABASE, create_tables
from tests.staged_tables import as_audited
from tests.workspaces import make_workspace


@pytest.fixture
def glue(aws: SimpleNamespace, ledger: Any) -> Any:
    """A catalog with some tables of the lake."""
    create_tables(aws.glue, ("labels", "media_assets", "usage", "publications"))
    return aws.glue


@pytest.fixture
def publish_labels(s3: Any, glue: Any) -> Callable[[Run], str]:
    """Publish the labels of a run's images and return where they are."""
    return lambda run: publish_staged(lake(s3, glue, run), ["labels"], "image")["labels"]


def lake(s3: Any, glue: Any, run: Run) -> Workspace:
    return make_workspace(run, boto3.Session(), Settings(database=DATABASE), s3=s3, glue=glue)


def publish_staged(workspace: Workspace, tables: list[str], media_type: Any) -> dict[str, str]:
    return publish(workspace, as_audited(workspace, tables, media_type), media_type)


def stage(s3: Any, run: Run, table: str, media_type: Any, **files: bytes) -> None:
    for name, body in files.items():
        put(s3, f"{run.staged_uri(table, media_type)}{name}.parquet", body, "application/octet-stream")


def content(s3: Any, location: str) -> dict[str, bytes]:
    return {uri.removeprefix(location): get(s3, uri) for uri in list_uris(s3, location)}


def partition(glue: Any, table: str, *values: str) -> Any:
    return glue.get_partition(DatabaseName=DATABASE, TableName=table, PartitionValues=list(values))[
        "Partition"
    ]


def test_the_first_run_makes_the_partition(s3: Any, glue: Any, run: Run) -> None:
    stage(s3, run, "labels", "image", one=b"1", two=b"2")
    stage(s3, run, "media_assets", "image", one=b"a")
    locations = publish_staged(lake(s3, glue, run), ["labels", "media_assets"], "image")
    assert list(locations) == ["labels", "media_assets"]
    for name, location in locations.items():
        assert location.startswith(f"s3://media-lake/curated/{name}/dt=2026-11-20/media_type=image/version=")
        assert location.endswith(f"-{run.token}/")
    assert content(s3, locations["labels"]) == {"one.parquet": b"1", "two.parquet": b"2"}
    assert content(s3, locations["media_assets"]) == {"one.parquet": b"a"}
    made = partition(glue, "labels", "2026-11-20", "image")
    assert made["StorageDescriptor"]["Location"] == locations["labels"]
    assert [column["Name"] for column in made["StorageDescriptor"]["Columns"]] == list(
        TABLES["labels"].column_types
    )
    assert made["Parameters"]["run_id"] == run.run_id


def test_a_later_run_moves_it(publish_labels: Callable[[Run], str], glue: Any, run: Run) -> None:
    publish_labels(run)
    after = publish_labels(replace(run, run_id="later"))
    moved = partition(glue, "labels", "2026-11-20", "image")
    assert moved["StorageDescriptor"]["Location"] == after
    assert moved["Parameters"]["run_id"] == "later"


def test_each_publication_is_rows_that_say_who_when_and_what(
    s3: Any, publish_labels: Callable[[Run], str], run: Run
) -> None:
    stage(s3, run, "labels", "image", one=b"1", two=b"2")
    locations = [publish_labels(run), publish_labels(replace(run, run_id="later"))]
    found = publications_of(s3, run.bucket, run.partition)
    assert [publication.locations["labels"] for publication in found] == locations
    assert [publication.run_id for publication in found] == [run.run_id, "later"]
    assert [publication.tables["labels"].rows for publication in found] == [2, 0]
    assert {(publication.dag_id, publication.media_type, publication.action) for publication in found} == {
        (run.dag_id, "image", "published")
    }
    assert found[0].planned_at <= found[0].audited_at <= found[0].published_at <= found[1].published_at


def test_a_run_that_publishes_again_takes_a_new_place_and_leaves_the_old_to_its_readers(
    s3: Any, publish_labels: Callable[[Run], str], glue: Any, run: Run
) -> None:
    stage(s3, run, "labels", "image", one=b"1", two=b"2")
    first = publish_labels(run)
    stage(s3, run, "labels", "image", one=b"changed")
    second = publish_labels(run)
    assert first != second
    assert content(s3, first) == {"one.parquet": b"1", "two.parquet": b"2"}
    assert content(s3, second) == {"one.parquet": b"changed", "two.parquet": b"2"}
    again = partition(glue, "labels", "2026-11-20", "image")
    assert again["StorageDescriptor"]["Location"] == second


def test_what_is_staged_later_changes_nothing_published(
    s3: Any, publish_labels: Callable[[Run], str], run: Run
) -> None:
    stage(s3, run, "labels", "image", one=b"1", two=b"2")
    location = publish_labels(run)
    stage(s3, run, "labels", "image", one=b"changed", three=b"new")
    for uri in list_uris(s3, run.staged_uri("labels", "image")):
        s3.delete_object(Bucket=run.bucket, Key=uri.removeprefix(f"s3://{run.bucket}/"))
    assert content(s3, location) == {"one.parquet": b"1", "two.parquet": b"2"}


def test_only_what_this_run_staged_of_this_media_type_is_published(
    s3: Any, publish_labels: Callable[[Run], str], run: Run
) -> None:
    stage(s3, run, "labels", "image", ours=b"1")
    stage(s3, run, "labels", "video", film=b"2")
    stage(s3, run, "media_assets", "image", asset=b"3")
    stage(s3, replace(run, run_id="other"), "labels", "image", theirs=b"4")
    assert content(s3, publish_labels(run)) == {"ours.parquet": b"1"}


def test_nothing_staged_publishes_an_empty_partition(
    s3: Any, publish_labels: Callable[[Run], str], glue: Any, run: Run
) -> None:
    stage(s3, run, "labels", "image", one=b"1")
    publish_labels(run)
    empty = publish_labels(replace(run, run_id="later"))
    assert content(s3, empty) == {}
    assert partition(glue, "labels", "2026-11-20", "image")["StorageDescriptor"]["Location"] == empty


def test_no_partition_moves_before_all_data_is_in_place(s3: Any, glue: Any, run: Run) -> None:
    for table in ("labels", "media_assets"):
        stage(s3, run, table, "image", one=b"1")

    class Denied:
        """S3 that lets the second table's data not be copied."""

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def copy(self, source: Any, bucket: str, key: str, **more: Any) -> Any:
            if "media_assets" in key:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "CopyObject")
            return s3.copy(source, bucket, key, **more)

    with pytest.raises(ClientError, match="AccessDenied"):
        publish_staged(lake(Denied(), glue, run), ["labels", "media_assets"], "image")
    assert glue.get_partitions(DatabaseName=DATABASE, TableName="labels")["Partitions"] == []


def test_days_and_media_types_are_partitions_of_their_own(s3: Any, glue: Any, run: Run) -> None:
    publish_staged(lake(s3, glue, run), ["labels"], "image")
    publish_staged(lake(s3, glue, run), ["labels"], "video")
    publish_staged(lake(s3, glue, replace(run, partition="2026-11-21")), ["labels"], "image")
    found = glue.get_partitions(DatabaseName=DATABASE, TableName="labels")["Partitions"]
    assert sorted(item["Values"] for item in found) == [
        ["2026-11-20", "image"],
        ["2026-11-20", "video"],
        ["2026-11-21", "image"],
    ]


def test_a_table_by_day_only(s3: Any, glue: Any, run: Run) -> None:
    stage(s3, run, "usage", None, usage=b"1")
    location = publish_staged(lake(s3, glue, run), ["usage"], None)["usage"]
    assert location.startswith("s3://media-lake/curated/usage/dt=2026-11-20/version=")
    assert content(s3, location) == {"usage.parquet": b"1"}
    assert partition(glue, "usage", "2026-11-20")["Values"] == ["2026-11-20"]


def test_a_table_that_was_never_made_says_how_to_make_it(s3: Any, glue: Any, run: Run) -> None:
    with pytest.raises(
        NoTableError, match=r"media_lake.texts does not exist: run `python -m infrastructure`"
    ):
        publish_staged(lake(s3, glue, run), ["texts"], "image")


def test_another_error_of_glue_is_raised_as_it_is(s3: Any, run: Run) -> None:
    class Denied:
        def get_table(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetTable")

    with pytest.raises(ClientError, match="AccessDenied"):
        publish_staged(lake(s3, Denied(), run), ["labels"], "image")


def test_a_table_with_other_columns_is_not_published(s3: Any, glue: Any, run: Run) -> None:
    table = glue.get_table(DatabaseName=DATABASE, Name="labels")["Table"]
    columns = [{"Name": "confidence", "Type": "float"}, *table["StorageDescriptor"]["Columns"][2:]]
    stored = {"Columns": columns, "Location": table["StorageDescriptor"]["Location"]}
    glue.update_table(
        DatabaseName=DATABASE,
        TableInput={"Name": "labels", "PartitionKeys": table["PartitionKeys"], "StorageDescriptor": stored},
    )
    with pytest.raises(TableMismatchError, match=r"media_lake.labels .*python -m infrastructure"):
        publish_staged(lake(s3, glue, run), ["labels"], "image")


@pytest.mark.parametrize("change", ["replaced", "removed"])
def test_what_was_changed_after_its_audit_is_not_published(s3: Any, glue: Any, run: Run, change: str) -> None:
    stage(s3, run, "labels", "image", one=b"1", two=b"2")
    workspace = lake(s3, glue, run)
    audited = as_audited(workspace, ["labels", "media_assets"], "image")
    uri = audited.tables["labels"].objects[1].uri
    if change == "replaced":
        put(s3, uri, b"3")
    else:
        s3.delete_object(Bucket=run.bucket, Key=uri.removeprefix(f"s3://{run.bucket}/"))
    with pytest.raises(ChangedSinceAuditError, match=r"two\.parquet is not what was audited"):
        publish(workspace, audited, "image")
    assert glue.get_partitions(DatabaseName=DATABASE, TableName="labels")["Partitions"] == []
    assert publications_of(s3, run.bucket, run.partition) == []


def test_a_large_object_that_was_changed_after_its_audit_is_not_published(
    s3: Any, glue: Any, run: Run
) -> None:
    """It is copied in parts."""
    stage(s3, run, "labels", "image", large=b"1" * 9 * 2**20)
    workspace = lake(s3, glue, run)
    audited = as_audited(workspace, ["labels"], "image")
    assert content(s3, publish(workspace, audited, "image")["labels"]).keys() == {"large.parquet"}
    stage(s3, run, "labels", "image", large=b"2" * 9 * 2**20)
    later = audited.model_copy(update={"audited_at": datetime.now(UTC)})
    with pytest.raises(ChangedSinceAuditError, match=r"large\.parquet is not what was audited"):
        publish(workspace, later, "image")


def test_what_was_added_after_the_audit_is_left_out(s3: Any, glue: Any, run: Run) -> None:
    stage(s3, run, "labels", "image", one=b"1")
    workspace = lake(s3, glue, run)
    audited = as_audited(workspace, ["labels"], "image")
    stage(s3, run, "labels", "image", late=b"2")
    assert content(s3, publish(workspace, audited, "image")["labels"]) == {"one.parquet": b"1"}


def test_a_run_that_was_planned_before_the_one_that_readers_have_is_refused(
    s3: Any, glue: Any, run: Run
) -> None:
    waiting = lake(s3, glue, run)
    audited = as_audited(waiting, ["labels"], "image")
    live = publish_staged(lake(s3, glue, replace(run, run_id="later")), ["labels"], "image")
    with pytest.raises(StaleRunError, match="Nothing was published.*run the day again"):
        publish(waiting, audited, "image")
    assert partition(glue, "labels", "2026-11-20", "image")["StorageDescriptor"]["Location"] == live["labels"]


def test_publishing_again_what_was_audited_changes_nothing(s3: Any, glue: Any, run: Run) -> None:
    stage(s3, run, "labels", "image", one=b"1")
    workspace = lake(s3, glue, run)
    audited = as_audited(workspace, ["labels"], "image")
    assert publish(workspace, audited, "image") == publish(workspace, audited, "image")
    assert len(publications_of(s3, run.bucket, run.partition)) == 1
