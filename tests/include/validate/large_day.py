"""Validate a day with a million labels, in a process of its own, and print what it took as JSON."""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from moto import mock_aws

from include.core.features import FEATURES, run_tables
from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import Settings
from include.normalize import normalize
from include.store.objects import Row, get, list_uris, put, put_ndjson
from include.store.parquet import file_schema, table_file
from include.store.plan_batches import write_plan
from include.store.response_archive import response_line
from include.validate import audit
from tests.include.plan.planning import an_asset
from tests.include.validate.clean_days import LAKE, PLANNED_AT, make_clean_day
from tests.workspaces import make_ledger_table, make_workspace

IMAGES, LABELS_OF_ONE = 50_000, 20
ROWS_OF_A_FILE = 200_000
RESPONSES_OF_A_CHUNK = 100
BUCKET = "large-lake"
RUN = Run(BUCKET, "enrich_images", "r", "2026-11-20")
_CALL = FEATURES["labels"].image
_MODIFIED = datetime(2026, 11, 20, 10, tzinfo=UTC).replace(tzinfo=None)


def labels(first: int, rows: int) -> pa.Table:
    """Return labels as normalize makes them: most without boxes, each with its place in the taxonomy."""
    random = np.random.default_rng(first)
    numbers = np.arange(first, first + rows)
    images = numbers // LABELS_OF_ONE
    edges = random.uniform(0, 0.5, (rows, 4)).tolist()
    names = ("box_left", "box_top", "box_width", "box_height")
    instances = [
        [{**dict(zip(names, edges[place], strict=True)), "confidence": 98.5}] if number % 4 == 0 else []
        for place, number in enumerate(numbers.tolist())
    ]
    values: dict[str, Any] = {
        "media_id": [f"id-{image}" for image in images],
        "analysis_key": [f"labels-{image}" for image in images],
        "model_version": ["3.0"] * rows,
        "name": [f"Label {number % LABELS_OF_ONE}" for number in numbers],
        "confidence": random.uniform(55, 100, rows),
        "parents": [[f"Parent {number % 7}"] for number in numbers],
        "aliases": [[f"Alias {number % LABELS_OF_ONE}"] for number in numbers],
        "categories": [[f"Category {number % 11}"] for number in numbers],
        "instance_count": [len(each) for each in instances],
        "instances": instances,
    }
    schema = file_schema(TABLES["labels"])
    return pa.table({name: values.get(name, [None] * rows) for name in schema.names}, schema)


def stage(workspace: Any) -> None:
    """Leave a plan and the tables that a run on it would have staged."""
    s3 = workspace.s3
    for number, first in enumerate(range(0, IMAGES * LABELS_OF_ONE, ROWS_OF_A_FILE)):
        rows = labels(first, ROWS_OF_A_FILE)
        archive(s3, rows)
        uri = f"{RUN.staged_uri('labels', 'image')}part-{number:04d}.parquet"
        put(s3, uri, table_file(TABLES["labels"], rows))
    assets = [_asset(number) for number in range(IMAGES)]
    list(write_plan(s3, RUN, ({"asset": each, "analyses": [_planned(each)]} for each in assets), 5_000))
    for name, rows in (("media_assets", map(_asset_row, assets)), ("analyses", map(_analysis_row, assets))):
        table = pa.Table.from_pylist(list(rows), schema=file_schema(TABLES[name]))
        put(s3, f"{RUN.staged_uri(name, 'image')}part-0000.parquet", table_file(TABLES[name], table))


def archive(s3: Any, rows: pa.Table) -> None:
    """Archive the responses that labels are from, in chunks as ``analyze`` writes them."""
    chunk, lines = "", []
    for first in range(0, len(rows), LABELS_OF_ONE):
        found = rows.slice(first, LABELS_OF_ONE).to_pylist()
        key = found[0]["analysis_key"]
        if lines and _chunk(key) != chunk:
            put_ndjson(s3, chunk, lines)
            lines = []
        chunk = _chunk(key)
        reply = {"Labels": list(map(_label, found)), "LabelModelVersion": "3.0"}
        lines.append(response_line(key, "DetectLabels", {}, reply, "3.0"))
    put_ndjson(s3, chunk, lines)


def _chunk(key: str) -> str:
    number = int(key.removeprefix("labels-")) // RESPONSES_OF_A_CHUNK
    return f"{RUN.responses_uri('batch-0000')}{number:06d}.ndjson.gz"


def _label(row: Row) -> Row:
    return {
        "Name": row["name"],
        "Confidence": row["confidence"],
        **{
            member: [{"Name": name} for name in row[member.lower()]]
            for member in ("Parents", "Aliases", "Categories")
        },
        "Instances": [
            {
                "BoundingBox": {
                    edge: each[f"box_{edge.lower()}"] for edge in ("Left", "Top", "Width", "Height")
                },
                "Confidence": each["confidence"],
            }
            for each in row["instances"]
        ],
    }


def _asset(number: int) -> Row:
    return an_asset(str(number), last_modified=_MODIFIED.isoformat())


def _key(asset: Row) -> str:
    return f"labels-{asset['media_id'].removeprefix('id-')}"


def _planned(asset: Row) -> Row:
    assert _CALL is not None
    return {
        "feature": "labels", "parameters": dict(_CALL.parameters), "analysis_key": _key(asset),
        "state": "planned", "code": None, "message": None,
    }  # fmt: skip


def _asset_row(asset: Row) -> Row:
    return {**asset, "last_modified": _MODIFIED, "status": "analyzed"}


def _analysis_row(asset: Row) -> Row:
    assert _CALL is not None
    return {
        "media_id": asset["media_id"], "feature": "labels", "operation": _CALL.operation,
        "analysis_key": _key(asset), "status": "succeeded", "model_version": "3.0",
        "response_uri": _chunk(_key(asset)), "units": 1.0, "findings": LABELS_OF_ONE,
        "completed_at": _MODIFIED,
        "findings_by_table": [{"table_name": "labels", "row_count": LABELS_OF_ONE}],
    }  # fmt: skip


class Clock:
    """CPU seconds by layer, of functions that are measured from outside."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def measure(self, layer: str, module: Any, name: str) -> None:
        inner = getattr(module, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.process_time()
            try:
                result = inner(*args, **kwargs)
                return list(result) if isinstance(result, Iterator) else result
            finally:
                self.seconds[layer] = self.seconds.get(layer, 0) + time.process_time() - started

        setattr(module, name, timed)


def read_once(workspace: Any) -> float:
    """Return the CPU seconds that pyarrow takes to read all staged tables."""
    s3, started = workspace.s3, time.process_time()
    for name in run_tables("image"):
        for item in audit.staged_objects(s3, RUN, name, "image"):
            bucket, key = item.uri.removeprefix("s3://").split("/", 1)
            pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    return time.process_time() - started


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(workspace: Any) -> Row:
    """Validate the day, and return CPU seconds as ratios to one read, and memory in MiB."""
    read_once(workspace)  # the first read also loads code, and asks for memory
    read, clock, before = median(read_once(workspace) for _ in range(3)), Clock(), peak_mib()
    clock.measure("columns", audit._TableCheck, "add")
    for layer in ("relations", "trend"):
        clock.measure(layer, audit, f"_{layer}")
    clock.measure("archive", audit, "archive_results")
    started = time.process_time()
    found = audit.validate(workspace, "image", IMAGES, IMAGES, PLANNED_AT, normalize)
    whole = time.process_time() - started
    broken = [row["expectation"] + row["details"] for row in found.results if not row["success"]]
    assert not broken, broken
    return {
        "rows": IMAGES * LABELS_OF_ONE,
        "read_cpu_s": read,
        "whole_ratio": whole / read,
        "peak_mib": peak_mib(),
        "peak_mib_before": before,
        **{f"{layer}_ratio": seconds / read for layer, seconds in clock.seconds.items()},
    }


def small_day() -> Row:
    """Return the CPU seconds of the audit of a day of three images with 27 analyses."""
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        s3, dynamodb = session.client("s3"), session.client("dynamodb")
        s3.create_bucket(Bucket=BUCKET)
        make_ledger_table(dynamodb, Settings(bucket=BUCKET).ledger_table)
        day = make_clean_day(SimpleNamespace(session=session, s3=s3, dynamodb=dynamodb), RUN, "image")
        started = time.process_time()
        assert day.validate().failed == ""
        return {"cpu_s": time.process_time() - started}


def main() -> None:
    """``make FOLDER`` writes the objects, ``measure FOLDER`` validates them, ``small`` takes a small day."""
    if sys.argv[1] == "small":
        return print(json.dumps(small_day()))
    step, folder = sys.argv[1], Path(sys.argv[2])
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("s3").create_bucket(Bucket=BUCKET)
        workspace = make_workspace(RUN, session, Settings(bucket=BUCKET), LAKE)
        if step == "make":
            stage(workspace)
            for uri in list_uris(workspace.s3, f"s3://{BUCKET}/"):
                path = folder / uri.removeprefix("s3://")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(get(workspace.s3, uri))
        else:
            for path in filter(Path.is_file, folder.rglob("*")):
                put(workspace.s3, f"s3://{path.relative_to(folder).as_posix()}", path.read_bytes())
            print(json.dumps(measure(workspace)))


if __name__ == "__main__":
    main()
