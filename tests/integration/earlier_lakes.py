"""A lake that version 0.1 made and filled, brought to this version as people do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from include.core.lake import load_lake
from include.core.settings import Settings, load_settings
from include.store.objects import delete_prefix, get, list_uris
from infrastructure.__main__ import main
from tests import earlier_state
from tests.earlier_state import BUCKET, NAMES
from tests.integration.conftest import Endpoints, LocalLake
from tests.workspaces import make_ledger_table
from tools.catalog_checks import table_mistakes


@dataclass(frozen=True)
class Upgrade:
    """A lake without data, after the upgrade, and what became of its data by it.

    :ivar mistakes: what ``make check-lake`` says of the tables before, and after.
    :ivar kept: whether all objects and all items of the ledger are as they were.
    :ivar partitions: columns of each partition after the upgrade, by table and values.
    """

    lake: LocalLake
    mistakes: tuple[list[str], list[str]]
    kept: bool
    partitions: Mapping[tuple[str, tuple[str, ...]], list[str]]


def upgrade(endpoints: Endpoints) -> Upgrade:
    """Make what version 0.1 made and fill it, run ``python -m infrastructure``, and take the data away."""
    settings = Settings(**NAMES, lease_seconds=5, sweep_after_seconds=1)
    session = boto3.Session(region_name=settings.region)
    lake = LocalLake(settings, load_lake(earlier_state.LAKE_FILE), session, endpoints.control)
    s3, dynamodb, glue = lake.client("s3"), lake.client("dynamodb"), lake.client("glue")
    s3.create_bucket(Bucket=BUCKET)
    make_ledger_table(dynamodb, settings.ledger_table)
    earlier_state.load(s3, dynamodb, settings.ledger_table)
    earlier_state.load_tables(glue)
    earlier_state.load_partitions(glue)
    before = _data(lake), list(table_mistakes(glue, settings.database))
    with pytest.MonkeyPatch.context() as environment:
        for name, value in NAMES.items():
            environment.setenv(f"MEDIA_LAKE_{name.upper()}", value)
        load_settings.cache_clear()
        assert main([]) == 0
    load_settings.cache_clear()
    after = _data(lake), list(table_mistakes(glue, settings.database))
    partitions = {
        (table, tuple(partition["Values"])): _columns(partition)
        for table in {each.table for each in earlier_state.partitions()}
        for partition in glue.get_partitions(DatabaseName=settings.database, TableName=table)["Partitions"]
    }
    _empty(lake, partitions)
    return Upgrade(lake, (before[1], after[1]), before[0] == after[0], partitions)


def _data(lake: LocalLake) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return objects and items by their keys, without results of queries."""
    s3, items = lake.client("s3"), lake.ledger.items()
    uris = [uri for uri in list_uris(s3, f"s3://{BUCKET}/") if "/athena/" not in uri]
    return {uri: get(s3, uri) for uri in uris}, {item["key"]["S"]: item for item in items}


def _columns(partition: Mapping[str, Any]) -> list[str]:
    return [column["Name"] for column in partition["StorageDescriptor"]["Columns"]]


def _empty(lake: LocalLake, partitions: Mapping[tuple[str, tuple[str, ...]], Any]) -> None:
    delete_prefix(lake.client("s3"), f"s3://{BUCKET}/")
    lake.ledger.remove(item["key"]["S"] for item in lake.ledger.items())
    for table, values in partitions:
        lake.client("glue").delete_partition(
            DatabaseName=lake.settings.database, TableName=table, PartitionValues=list(values)
        )
