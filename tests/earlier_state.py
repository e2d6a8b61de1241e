"""What an earlier version left in its lake, as ``tests/fixtures/state_0_1`` keeps it (see its README)."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from boto3.dynamodb.types import TypeDeserializer

from include.core.run import Run

STATE = Path(__file__).parent / "fixtures" / "state_0_1"
LAKE_FILE = STATE / "lake.yaml"
PRICES = STATE / "prices"

BUCKET = "earlier-lake"
NAMES = {
    "bucket": BUCKET,
    "database": "earlier_lake",
    "workgroup": "earlier-lake",
    "ledger_table": "earlier-lake-ledger",
}

WHOLE_DAY, CUT_DAY = "2026-11-20", "2026-11-21"
FIRST_IMAGES = Run(BUCKET, "enrich_images", "scheduled__2026-11-20", WHOLE_DAY)
IMAGES = Run(BUCKET, "enrich_images", "manual__2026-11-22", WHOLE_DAY)
VIDEOS = Run(BUCKET, "enrich_videos", "scheduled__2026-11-20", WHOLE_DAY)
CUT_IMAGES = Run(BUCKET, "enrich_images", "scheduled__2026-11-21", CUT_DAY)
CUT_VIDEOS = Run(BUCKET, "enrich_videos", "scheduled__2026-11-21", CUT_DAY)
USER_OF_MODEL = Run(BUCKET, "enrich_images", "scheduled__2026-11-22", "2026-11-22")

_MOST_ITEMS = 25  # of one BatchWriteItem request

Item = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Partition:
    """A partition as the Glue catalog had it."""

    table: str
    values: tuple[str, ...]
    location: str
    parameters: dict[str, str]

    def files(self) -> list[bytes]:
        """Return its Parquet files; a partition may have none."""
        prefix = self.location.removeprefix(f"s3://{BUCKET}/")
        return [body for key, body in objects().items() if key.startswith(prefix)]

    def rows(self) -> list[Row]:
        return [row for body in self.files() for row in pq.read_table(BytesIO(body)).to_pylist()]


@cache
def objects() -> dict[str, bytes]:
    """Return what was in the bucket, by key."""
    root = STATE / "bucket"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def lines(prefix: str) -> Iterator[tuple[str, Row]]:
    """Yield ``(key, line)`` of the NDJSON objects whose keys begin with a prefix."""
    for key, body in objects().items():
        if key.startswith(prefix) and key.endswith(".ndjson.gz"):
            for line in gzip.decompress(body).splitlines():
                yield key, json.loads(line)


def ledger_items() -> list[Item]:
    """Return all items of the ledger's table."""
    return json.loads((STATE / "ledger.json").read_text())


def analysis_items() -> list[Item]:
    """Return the items that are analyses."""
    return [item for item in ledger_items() if "#" not in item["key"]["S"]]


def other_items(kind: str) -> list[Item]:
    """Return the items of a kind other than analyses: job, model, pace or slots."""
    return [item for item in ledger_items() if item["key"]["S"].startswith(f"{kind}#")]


def entry(**members: Any) -> Row:
    """Return the only analysis of the ledger that has these members, as plain values.

    A member ``feature`` stands for what the recorded Start request of a video job is tagged with.
    """
    feature = members.pop("feature", None)
    found = [
        each
        for each in map(_plain, analysis_items())
        if members.items() <= each.items()
        and (feature is None or json.loads(each.get("request", "{}")).get("JobTag") == feature)
    ]
    assert len(found) == 1, f"{len(found)} analyses of the earlier ledger have {members}"
    return found[0]


def _plain(item: Item) -> Row:
    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in item.items()}


def partitions() -> list[Partition]:
    """Return the partitions that readers saw."""
    return [
        Partition(each["table"], tuple(each["values"]), each["location"], each["parameters"])
        for each in json.loads((STATE / "partitions.json").read_text())
    ]


def load(s3: Any, dynamodb: Any, table: str, under: str = "") -> None:
    """Put the objects below a prefix, and all items, into a bucket and a table that are there and empty."""

    def put_object(key: str) -> None:
        s3.put_object(Bucket=BUCKET, Key=key, Body=objects()[key])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put_object, (key for key in objects() if key.startswith(under))))
    requests = [{"PutRequest": {"Item": item}} for item in ledger_items()]
    for start in range(0, len(requests), _MOST_ITEMS):
        dynamodb.batch_write_item(RequestItems={table: requests[start : start + _MOST_ITEMS]})


def load_tables(glue: Any) -> None:
    """Make the database, with its tables and views, as the earlier version made it."""
    glue.create_database(DatabaseInput={"Name": NAMES["database"]})
    for table in json.loads((STATE / "tables.json").read_text()):
        glue.create_table(DatabaseName=NAMES["database"], TableInput=table)


def load_partitions(glue: Any) -> None:
    """Point the catalog, whose tables are there, at the published tables."""
    database, by_table = NAMES["database"], defaultdict(list)
    for each in partitions():
        by_table[each.table].append(each)
    for name, of_table in by_table.items():
        storage = glue.get_table(DatabaseName=database, Name=name)["Table"]["StorageDescriptor"]
        wanted = [
            {
                "Values": list(each.values),
                "StorageDescriptor": {**storage, "Location": each.location},
                "Parameters": each.parameters,
            }
            for each in of_table
        ]
        glue.batch_create_partition(DatabaseName=database, TableName=name, PartitionInputList=wanted)
