"""What is about people is under its key, whoever writes it and however."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from include.core.schemas import TABLES
from include.core.settings import Settings
from include.operate.lake_walk import PLANS
from include.store.objects import put, put_ndjson, upload
from include.store.people_key import ABOUT_PEOPLE
from include.store.workspace import Deployment
from tests.workspaces import GivenClients

KEY = "arn:aws:kms:us-east-1:123456789012:key/0f0f"


@pytest.fixture
def lake_s3(s3: Any) -> Any:
    """The client of a deployment with a key; that of other tests has none."""
    session = boto3.Session(region_name="us-east-1")
    return Deployment(Settings(people_kms_key_arn=KEY), GivenClients(session)).s3


def key_of(s3: Any, uri: str) -> str | None:
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    found: str | None = s3.head_object(Bucket=bucket, Key=key).get("SSEKMSKeyId")
    return found


def test_every_place_about_people_is_known() -> None:
    sensitive = {name for name, table in TABLES.items() if table.sensitive}
    assert {place.split("/")[1] for place in ABOUT_PEOPLE if place.startswith("curated/")} == sensitive
    assert {"responses/", PLANS} <= set(ABOUT_PEOPLE)
    assert {"faces", "face_matches", "celebrities"} <= sensitive


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("responses/dt=2026-11-20/run=r/b/1.ndjson.gz", KEY),
        ("responses/jobs/j/pages-000000.ndjson.gz", KEY),
        ("staging/erasures/e.json.gz", KEY),
        ("staging/faces/dt=2026-11-20/a.parquet", KEY),
        ("curated/face_matches/dt=2026-11-20/a.parquet", KEY),
        ("curated/labels/dt=2026-11-20/a.parquet", None),
        ("staging/plans/dt=2026-11-20/a.ndjson.gz", None),
        ("raw/responses/a.jpg", None),
    ],
)
def test_the_key_goes_by_the_place(lake_s3: Any, key: str, expected: str | None) -> None:
    uri = f"s3://media-lake/{key}"
    put(lake_s3, uri, b"x")
    assert key_of(lake_s3, uri) == expected
    put_ndjson(lake_s3, uri, [{"a": 1}])
    assert key_of(lake_s3, uri) == expected


def test_files_in_parts_and_copies_have_the_key(lake_s3: Any, tmp_path: Path) -> None:
    large = tmp_path / "large.parquet"
    large.write_bytes(bytes(9 * 2**20))  # boto3 sends more than 8 MiB in parts
    staged = "s3://media-lake/staging/faces/dt=2026-11-20/large.parquet"
    upload(lake_s3, staged, large)
    assert lake_s3.head_object(Bucket="media-lake", Key=staged[16:])["ETag"].endswith('-2"')
    source = {"Bucket": "media-lake", "Key": "staging/faces/dt=2026-11-20/large.parquet"}
    lake_s3.copy(source, "media-lake", "curated/faces/dt=2026-11-20/large.parquet")
    lake_s3.copy_object(CopySource=source, Bucket="media-lake", Key="curated/faces/copy.parquet")
    written = (staged, "s3://media-lake/curated/faces/dt=2026-11-20/large.parquet")
    assert {key_of(lake_s3, uri) for uri in (*written, "s3://media-lake/curated/faces/copy.parquet")} == {KEY}


def test_other_buckets_and_other_clients_are_left_alone(s3: Any, lake_s3: Any) -> None:
    s3.create_bucket(Bucket="another")
    put(lake_s3, "s3://another/responses/a", b"x")
    put(s3, "s3://media-lake/responses/b", b"x")
    assert key_of(s3, "s3://another/responses/a") is None
    assert key_of(s3, "s3://media-lake/responses/b") is None
