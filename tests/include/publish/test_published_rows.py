from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import Settings
from include.publish.glue_catalog import Catalog
from include.publish.published_rows import read_published
from include.store.objects import put
from include.store.tables import write_table
from tests.conftest import BUCKET
from tests.glue_tables import DATABASE, create_tables
from tests.table_rows import least_row
from tests.workspaces import make_workspace

DAY = "2026-11-20"
COLUMNS = ("media_id", "units", "findings_by_table")


def test_what_readers_have_of_images_and_videos_is_read_also_from_files_of_earlier_versions(
    aws: SimpleNamespace, s3: Any
) -> None:
    create_tables(aws.glue, ("analyses",))
    run = Run(BUCKET, "report_costs", "r", DAY)
    lake = make_workspace(run, boto3.Session(), Settings(database=DATABASE), s3=s3, glue=aws.glue)
    assert read_published(lake, "analyses", COLUMNS).num_rows == 0

    table, catalog = TABLES["analyses"], Catalog(aws.glue, DATABASE)
    counts = [{"table_name": "labels", "row_count": 2}]
    row = least_row(table) | {"media_id": "new", "units": 1.0, "findings_by_table": counts}
    write_table(s3, table, [row], f"s3://{BUCKET}/curated/new/a.parquet")
    file = io.BytesIO()
    pq.write_table(pa.table({"media_id": ["old"], "feature": ["labels"], "units": [2.5]}), file)
    put(s3, f"s3://{BUCKET}/curated/old/a.parquet", file.getvalue(), "application/octet-stream")
    for media_type, place in (("image", "new"), ("video", "old")):
        location = f"s3://{BUCKET}/curated/{place}/"
        catalog.point("analyses", [DAY, media_type], location, catalog.descriptor("analyses"), {})

    assert read_published(lake, "analyses", COLUMNS).to_pylist() == [
        {"media_id": "new", "units": 1.0, "findings_by_table": counts, "media_type": "image"},
        {"media_id": "old", "units": 2.5, "findings_by_table": None, "media_type": "video"},
    ]
