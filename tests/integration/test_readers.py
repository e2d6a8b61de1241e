"""Published files open with the defaults of the libraries that people read them with, whatever they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awswrangler as wr
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from include.core.features import MediaType
from include.core.run import Run
from include.core.schemas import TABLES, Table
from include.publish.publisher import publish
from include.store.compaction import compact
from include.store.objects import Row, get, list_uris
from include.store.tables import TableWriter
from tests.integration.conftest import LocalLake
from tests.staged_tables import as_audited
from tests.table_rows import least_row, rows_of

pytestmark = pytest.mark.integration

DAY = "2031-01-01"


@dataclass(frozen=True)
class Published:
    """A table of the day as it was published.

    :param location: prefix of its files in S3, with a slash at the end.
    :param folder: where copies of them are, for libraries that need another one to read S3.
    """

    table: Table
    location: str
    folder: Path


def plain(value: Any) -> Any:
    """Return a value of any library as plain Python has it."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pl.Series):
        return [plain(item) for item in value]
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, np.generic):
        return plain(value.item())
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def rows_of_frame(frame: pd.DataFrame) -> Iterable[Row]:
    return frame.astype(object).to_dict("records")


def by_pandas(source: Published) -> Iterable[Row]:
    return rows_of_frame(pd.read_parquet(source.folder))


def by_awswrangler(source: Published) -> Iterable[Row]:
    return rows_of_frame(wr.s3.read_parquet(source.location))


def by_pyarrow(source: Published) -> Iterable[Row]:
    return pq.read_table(source.location.removesuffix("/")).to_pylist()


def by_duckdb(source: Published) -> Iterable[Row]:
    found = duckdb.sql(f"SELECT * FROM '{source.folder}/*.parquet'")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def by_polars(source: Published) -> Iterable[Row]:
    return pl.read_parquet(source.location).to_dicts()


READERS = [by_pandas, by_awswrangler, by_pyarrow, by_duckdb, by_polars]


@pytest.fixture(scope="module")
def published(provisioned: LocalLake, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Published]:
    """Every table of the day: rows of two batches; in the second, all that may be null is null.

    Tables that images fill are merged into one file, the others have two.
    """
    s3, run = provisioned.client("s3"), Run(provisioned.settings.bucket, "readers", "test", DAY)
    found = {}
    for media_type in ("image", None):
        names = [name for name, table in TABLES.items() if has_media_type(table) == bool(media_type)]
        locations = publish_rows(provisioned, run, names, media_type)
        for name, location in locations.items():
            folder = tmp_path_factory.mktemp(name)
            for uri in list_uris(s3, location):
                (folder / uri.rsplit("/", 1)[1]).write_bytes(get(s3, uri))
            found[name] = Published(TABLES[name], location, folder)
    return found


def has_media_type(table: Table) -> bool:
    return "media_type" in table.partition_keys


def publish_rows(lake: LocalLake, run: Run, names: list[str], media_type: MediaType | None) -> dict[str, str]:
    for batch, rows in (("full", rows_of), ("null", lambda table: [least_row(table)])):
        writer = TableWriter(lake.client("s3"), run, media_type, batch)
        for name in names:
            for row in rows(TABLES[name]):
                writer.add(name, row)
        writer.close()
    workspace = lake.workspace(run)
    if media_type:
        compact(workspace.s3, run, media_type)
    return publish(workspace, as_audited(workspace, names, media_type), media_type)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_reader_gives_the_rows_that_were_written(
    published: dict[str, Published], read: Callable[[Published], Iterable[Row]], name: str
) -> None:
    assert_rows(published[name].table, read(published[name]))


def test_awswrangler_reads_a_table_by_its_name(
    published: dict[str, Published], local_lake: LocalLake
) -> None:
    frame = wr.s3.read_parquet_table(
        database=local_lake.settings.database, table="labels", partition_filter=lambda keys: keys["dt"] == DAY
    )
    assert_rows(published["labels"].table, rows_of_frame(frame))


def assert_rows(table: Table, found: Iterable[Row]) -> None:
    """What a reader found is what was written, in any order; columns of partitions do not count."""
    left = [*rows_of(table), least_row(table)]
    for row in found:
        values = {column: plain(row[column]) for column in table.column_types}
        assert values in left
        left.remove(values)
    assert left == []
