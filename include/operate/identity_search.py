"""Under which names the lake knows what is to be erased."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from include.core.features import MEDIA_TYPES
from include.operate.erased_identity import Identity
from include.operate.erasure_request import ErasureError, ErasureRequest
from include.operate.lake_walk import DAY, THREADS
from include.store.content_identity import identity_by_checksum, identity_by_etag, may_have_checksum
from include.store.ledger import Entry
from include.store.objects import get_ndjson, list_objects, list_uris
from include.store.parquet import read_parquet
from include.store.workspace import Deployment

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_ASSET_COLUMNS = ["media_id", "bucket", "key", "content_id", "etag"]


class _Asset(NamedTuple):
    media_id: str
    bucket: str
    key: str
    content_id: str
    etag: str
    day: str


def identity_of(deployment: Deployment, request: ErasureRequest) -> Identity:
    """Return what a request is about.

    :raises include.operate.erasure_request.ErasureError: if an analysis of it is under way, or lake.yaml
        names no collection.
    """
    if request.kind == "face":
        return _face(deployment, request)
    return _assets(deployment, request)


def known_contents(deployment: Deployment, request: ErasureRequest) -> set[str]:
    """Return the contents that a request is about: in the lake, and in the source, where it names a place."""
    if request.kind == "content":
        return {request.value}
    found = {asset.content_id for asset in _found(deployment, _asked_for(request))}
    if request.place:
        bucket, prefix = request.place
        there = (
            item
            for _, item in list_objects(deployment.s3, f"s3://{bucket}/{prefix}")
            if request.kind == "prefix" or item["Key"] == prefix
        )
        with ThreadPoolExecutor(THREADS) as pool:
            for identities in pool.map(partial(_identities, deployment.s3, bucket), there):
                found.update(identities)
    return found


def _identities(s3: S3Client, bucket: str, item: ObjectTypeDef) -> Iterator[str]:
    """Yield the identities that the content of an object may be known by."""
    key, etag, size = item["Key"], item["ETag"].strip('"'), item["Size"]
    yield identity_by_etag(etag, size)
    if may_have_checksum(item) and (other := identity_by_checksum(s3, bucket, key, etag, size)):
        yield other


def _assets(deployment: Deployment, request: ErasureRequest) -> Identity:
    asked = set(_found(deployment, _asked_for(request)))
    found = _with_copies(deployment, asked) if asked else asked
    contents = frozenset(asset.content_id for asset in found)
    if request.kind == "content":
        contents |= {request.value}
    media_ids = frozenset(asset.media_id for asset in found)
    place = frozenset([request.place] if request.place else [])
    identity = Identity(
        days=frozenset(asset.day for asset in found),
        media_ids=media_ids | ({request.value} if request.kind == "asset" and not place else set()),
        content_ids=contents,
        etags=frozenset(asset.etag for asset in found),
        keys=frozenset((asset.bucket, asset.key) for asset in found)
        | (place if request.kind == "asset" else frozenset()),
        all_versions=place if request.kind == "asset" else frozenset(),
        prefixes=place if request.kind == "prefix" else frozenset(),
        analysis_keys=frozenset(_analysis_keys(deployment, media_ids, {asset.day for asset in found})),
    )
    return _with_ledger(deployment, identity)


def _with_copies(deployment: Deployment, asked: Set[_Asset]) -> set[_Asset]:
    """Return assets with their copies, which share a content or an ETag: earlier versions knew ETags alone.

    If a copy has another name for the content, its copies are looked for too.
    """
    found, looked_for = set(asked), None
    while (names := ({asset.content_id for asset in found}, {asset.etag for asset in found})) != looked_for:
        looked_for = names
        found.update(_found(deployment, partial(_has_one_of, *names)))
    return found


def _has_one_of(contents: Set[str], etags: Set[str], rows: pa.Table) -> Any:
    """Return what has True for each row of a list of assets with one of these contents or ETags."""
    return pc.or_(
        pc.is_in(rows["content_id"], pa.array(sorted(contents), pa.string())),
        pc.is_in(rows["etag"], pa.array(sorted(etags), pa.string())),
    )


def _asked_for(request: ErasureRequest) -> Callable[[pa.Table], Any]:
    """Return what has True for each row of a list of assets that a request names."""
    if request.kind == "content":
        return lambda rows: pc.equal(rows["content_id"], request.value)
    if not request.place:
        return lambda rows: pc.equal(rows["media_id"], request.value)
    bucket, key = request.place
    if request.kind == "asset":
        return lambda rows: pc.and_(pc.equal(rows["bucket"], bucket), pc.equal(rows["key"], key))
    return lambda rows: pc.and_(pc.equal(rows["bucket"], bucket), pc.starts_with(rows["key"], key))


def _found(deployment: Deployment, wanted: Callable[[pa.Table], Any]) -> Iterator[_Asset]:
    """Yield the assets of all manifests and versions of table media_assets that are wanted."""
    s3, bucket = deployment.s3, deployment.settings.bucket
    for prefix in ("staging/manifests/", "staging/media_assets/", "curated/media_assets/"):
        for uri in list_uris(s3, f"s3://{bucket}/{prefix}"):
            day = DAY.search(uri)
            if day and uri.endswith(".parquet"):
                rows = read_parquet(s3, uri, _ASSET_COLUMNS)
                for row in rows.filter(wanted(rows)).to_pylist():
                    yield _Asset(**row, day=day[1])


def _analysis_keys(deployment: Deployment, media_ids: Set[str], days: Set[str]) -> Iterator[str]:
    """Yield the analyses that were planned or published for assets."""
    s3, bucket = deployment.s3, deployment.settings.bucket
    ids = pa.array(sorted(media_ids), pa.string())
    columns = ["media_id", "analysis_key"]
    for day in sorted(days):
        for place in ("staging", "curated"):
            for uri in list_uris(s3, f"s3://{bucket}/{place}/analyses/dt={day}/"):
                rows = read_parquet(s3, uri, columns)
                yield from rows.filter(pc.is_in(rows["media_id"], ids))["analysis_key"].to_pylist()
        for uri in list_uris(s3, f"s3://{bucket}/staging/plans/dt={day}/"):
            for line in get_ndjson(s3, uri):
                if line["asset"]["media_id"] in media_ids:
                    yield from (analysis["analysis_key"] for analysis in line["analyses"])


def _with_ledger(deployment: Deployment, identity: Identity) -> Identity:
    """Add what the ledger knows: analyses that were paid for these assets, their jobs, the payers' days."""
    entries = [
        entry for item in deployment.ledger.items() if (entry := _entry(item)) and is_about(entry, identity)
    ]
    now = deployment.ledger.now()
    running = (entry for entry in entries if entry.state == "running")
    busy = [entry.run_id or "unknown" for entry in running if entry.lease_expires > now or entry.job_id]
    if busy:
        runs = ", ".join(sorted(set(busy)))
        raise ErasureError(f"{len(busy)} analyses of it are under way in run {runs}: erase once it has ended")
    days = {json.loads(entry.payer)["partition"] for entry in entries if entry.payer}
    return identity.model_copy(
        update={
            "days": (identity.days or frozenset()) | days,
            "analysis_keys": identity.analysis_keys | {entry.key for entry in entries},
            "job_ids": frozenset(entry.job_id for entry in entries if entry.job_id),
        }
    )


def _entry(item: Any) -> Entry | None:
    """Return an item of the ledger's table that is an analysis."""
    return Entry.from_item(item) if "state" in item and "#" not in item["key"]["S"] else None


def is_about(entry: Entry, identity: Identity) -> bool:
    """Whether an entry of the ledger is of an analysis that is erased."""
    payer = json.loads(entry.payer) if entry.payer else {}
    return entry.key in identity.analysis_keys or payer.get("media_id") in identity.media_ids


def _face(deployment: Deployment, request: ErasureRequest) -> Identity:
    collections = {request.collection} if request.collection else _collections(deployment)
    if not collections:
        raise ErasureError("lake.yaml names no collection: give the collection of the face")
    client = deployment.aws.client("rekognition")
    faces = [
        face
        for collection in sorted(collections)
        for face in faces_of(client, collection)
        if request.value in (face["FaceId"], face.get("ExternalImageId"))
    ]
    by_id = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request.value)
    return Identity(
        days=None,
        faces=frozenset(face["FaceId"] for face in faces) | ({request.value} if by_id else set()),
        external_image_ids=frozenset() if by_id else frozenset([request.value]),
        collections=frozenset(collections),
    )


def faces_of(client: RekognitionClient, collection: str) -> Iterator[Any]:
    """Yield the faces of a collection, as the API has them."""
    for page in client.get_paginator("list_faces").paginate(CollectionId=collection):
        yield from page["Faces"]


def _collections(deployment: Deployment) -> set[str]:
    """Return the collections that sources search."""
    return {
        members["CollectionId"]
        for source in deployment.lake.sources
        for media_type in MEDIA_TYPES
        for members in source.features.get(media_type, {}).values()
        if "CollectionId" in members
    }
