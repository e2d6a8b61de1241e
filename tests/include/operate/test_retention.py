from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.lake import Lake
from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import Settings
from include.operate.retention import apply_retention
from include.store.appended_rows import append_rows
from include.store.archived_entries import paid_uri
from include.store.ledger import Entry
from include.store.objects import Row, list_uris, put_ndjson
from include.store.response_archive import read_lines
from include.store.tables import write_table
from include.store.workspace import Workspace
from tests.parquet_objects import get_parquet
from tests.table_rows import least_row
from tests.workspaces import make_workspace

OLD, YOUNG = "2026-01-01", "2026-11-01"
TODAY = date(2026, 11, 20)
CHUNK = "s3://media-lake/responses/dt=2026-01-01/run=r/batch-0000/c.ndjson.gz"
ASSETS = {"a": "school", "b": "press"}


def lake(retention: Row) -> Lake:
    sources = [
        {"name": name, "prefix": f"{name}/", "cost_center": "t", "features": {}, "retention": own}
        for name, own in (("school", retention), ("press", {}))
    ]
    return Lake.model_validate({"cost_centers": {"t": {"title": "T"}}, "sources": sources})


def place(table: str, day: str) -> str:
    return f"s3://media-lake/curated/{table}/dt={day}/media_type=image/version=v/a.parquet"


@pytest.fixture
def workspace(aws: SimpleNamespace, s3: Any, ledger: Any, run: Run) -> Workspace:
    """Two days with faces and labels of two sources; the young day reuses one analysis of the old one."""
    for day in (OLD, YOUNG):
        kinds = {"faces": "faces", "labels": "labels"}
        rows: dict[str, list[Row]] = {"media_assets": [], "analyses": [], "faces": [], "labels": []}
        for media_id, source in ASSETS.items():
            rows["media_assets"].append({"media_id": media_id, "source": source})
            for feature, table in kinds.items():
                key = f"{feature}-{media_id}-{OLD if media_id == 'b' else day}"
                filled = [{"table_name": table, "row_count": 1}]
                found = {"media_id": media_id, "analysis_key": key}
                counts = {"findings": 1, "findings_by_table": filled}
                rows["analyses"].append({**found, "feature": feature, **counts})
                rows[table].append(found)
        for table, changes in rows.items():
            full = [least_row(TABLES[table]) | change for change in changes]
            write_table(s3, TABLES[table], full, place(table, day))
    keys = [f"{feature}-{media_id}-{OLD}" for feature in ("faces", "labels") for media_id in ASSETS]
    put_ndjson(s3, CHUNK, [{"analysis_key": key, "operation": "X", "response": {}} for key in keys])
    ledger.finish([Entry(key, "done", response_uri=CHUNK) for key in keys])
    return make_workspace(run, boto3.Session(), Settings(), s3=s3, dynamodb=aws.dynamodb)


def apply(workspace: Workspace, **retention: Any) -> tuple[dict[str, int], list[Row]]:
    """Return what went, and the rows that say so."""
    workspace.lake = lake(retention)
    told: list[Row] = []

    def add(table: str, values: Any, rows: Any, name: str) -> None:
        append_rows(workspace.s3, "media-lake", table, values, rows, name)
        told.extend(rows)

    return apply_retention(workspace, TODAY, add, "apply_retention"), told


def test_rows_of_a_source_go_with_their_responses_and_the_ledger_goes_on_saying_done(
    workspace: Workspace,
) -> None:
    went, (row,) = apply(workspace, sensitive_days=90)
    assert went == {"responses": 1, "curated/faces": 1}
    assert (row["action"], row["decided_by"], row["assets"]) == ("expired", "apply_retention", 0)
    s3 = workspace.s3
    assert [each["media_id"] for each in get_parquet(s3, place("faces", OLD)).to_pylist()] == ["b"]
    assert [each["media_id"] for each in get_parquet(s3, place("faces", YOUNG)).to_pylist()] == ["a", "b"]
    assert len(get_parquet(s3, place("labels", OLD)).to_pylist()) == 2
    counts = {
        each["analysis_key"]: each["findings"] for each in get_parquet(s3, place("analyses", OLD)).to_pylist()
    }
    assert counts == {f"faces-a-{OLD}": 0, f"faces-b-{OLD}": 1, f"labels-a-{OLD}": 1, f"labels-b-{OLD}": 1}
    left = [line["analysis_key"] for line in read_lines(s3, CHUNK)]
    assert left == [f"faces-b-{OLD}", f"labels-a-{OLD}", f"labels-b-{OLD}"]
    entry = workspace.ledger.lookup([f"faces-a-{OLD}"])[f"faces-a-{OLD}"]
    assert (entry.state, entry.response_uri) == ("done", None)
    (uri,) = list_uris(s3, paid_uri("media-lake", OLD))
    assert [line["analysis_key"] for line in read_lines(s3, uri)] == [entry.key], "a lost ledger is told so"


def test_what_is_done_is_not_done_again_until_it_is_published_again(workspace: Workspace) -> None:
    apply(workspace, sensitive_days=90)
    assert apply(workspace, sensitive_days=90) == ({}, [])
    record = workspace.ledger.shared(f"retention#{OLD}")
    record.change(lambda known: known | {"at": "2026-01-01T00:00:00+00:00"})
    again = [least_row(TABLES["faces"]) | {"media_id": "a"}]
    write_table(workspace.s3, TABLES["faces"], again, place("faces", OLD))
    assert apply(workspace, sensitive_days=90)[0] == {"curated/faces": 1}


def test_a_response_that_a_younger_day_reuses_stays(workspace: Workspace) -> None:
    went, _ = apply(workspace, days=90)
    assert went["responses"] == 2
    assert [line["analysis_key"] for line in read_lines(workspace.s3, CHUNK)] == [
        f"faces-b-{OLD}",
        f"labels-b-{OLD}",
    ]
    everything = Lake.model_validate(workspace.lake.model_dump() | {"retention": {"days": 90}})
    workspace.lake = everything
    apply_retention(workspace, TODAY, lambda *_: None, "apply_retention")
    assert len(list(read_lines(workspace.s3, CHUNK))) == 2
    assert get_parquet(workspace.s3, place("media_assets", OLD)).num_rows == 0
    assert get_parquet(workspace.s3, place("media_assets", YOUNG)).num_rows == 2


def test_without_retention_nothing_is_read_or_goes(workspace: Workspace) -> None:
    assert apply(workspace) == ({}, [])
    assert len(get_parquet(workspace.s3, place("faces", OLD)).to_pylist()) == 2
