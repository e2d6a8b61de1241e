"""Copies of what is erased are found by checksum and by ETag, in the lake and in the source."""

from __future__ import annotations

import hashlib
from typing import Any

import boto3

from include.core.run import Run
from include.core.schemas import TABLES
from include.operate.erasure_request import ErasureRequest
from include.operate.identity_search import identity_of, known_contents
from include.store.manifest import MANIFEST_SCHEMA
from tests.parquet_objects import put_parquet
from tests.table_rows import least_row
from tests.workspaces import make_workspace

BY_CHECKSUM = f"sha256:{'c' * 64}:9"
ASSETS = {
    "asked.jpg": (BY_CHECKSUM, "e1-2"),
    "copy-of-an-earlier-version.jpg": ("etag:e1-2:9", "e1-2"),
    "copy-under-a-key.jpg": (BY_CHECKSUM, "e2"),
    "earlier-copy-of-that.jpg": ("etag:e2:9", "e2"),
    "another.jpg": ("etag:e3:9", "e3"),
}


def request(key: str) -> ErasureRequest:
    return ErasureRequest(kind="asset", value=f"s3://media-lake/{key}", decided_by="ann")


def test_copies_are_found_by_each_identity(s3: Any, ledger: Any, run: Run) -> None:
    rows = [
        {**least_row(TABLES["media_assets"]), "media_type": "image", "media_id": key, "bucket": "media-lake"}
        | {"key": key, "content_id": content_id, "etag": etag}
        for key, (content_id, etag) in ASSETS.items()
    ]
    columns = set(MANIFEST_SCHEMA.names)
    kept = [{name: value for name, value in row.items() if name in columns} for row in rows]
    put_parquet(s3, run.manifest_uri(), kept, MANIFEST_SCHEMA)
    workspace = make_workspace(run, boto3.Session(), s3=s3)
    workspace.ledger = ledger
    identity = identity_of(workspace, request("asked.jpg"))
    assert identity.media_ids == set(ASSETS) - {"another.jpg"}
    assert identity.content_ids == {BY_CHECKSUM, "etag:e1-2:9", "etag:e2:9"}
    assert identity.has_object("media-lake", "copy-under-a-key.jpg", "e2")
    assert not identity.has_object("media-lake", "copy-under-a-key.jpg", "e3")


def test_an_object_of_the_source_is_known_by_checksum_and_etag(s3: Any, run: Run) -> None:
    body = b"a picture"
    put = s3.put_object(Bucket="media-lake", Key="raw/a.jpg", Body=body, ChecksumAlgorithm="SHA256")
    s3.put_object(Bucket="media-lake", Key="raw/a.jpg.txt", Body=b"other")
    etag = put["ETag"].strip('"')
    found = known_contents(make_workspace(run, boto3.Session(), s3=s3), request("raw/a.jpg"))
    assert found == {f"etag:{etag}:9", f"sha256:{hashlib.sha256(body).hexdigest()}:9"}
