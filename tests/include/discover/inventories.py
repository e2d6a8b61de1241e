"""Makes lists as S3 Inventory delivers them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TITLES = (
    "Bucket",
    "Key",
    "VersionId",
    "IsLatest",
    "IsDeleteMarker",
    "Size",
    "LastModifiedDate",
    "ETag",
    "StorageClass",
)
PARQUET = pa.schema(
    [
        pa.field("bucket", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        ("version_id", pa.string()),
        ("is_latest", pa.bool_()),
        ("is_delete_marker", pa.bool_()),
        ("size", pa.int64()),
        ("last_modified_date", pa.timestamp("ms", "UTC")),
        ("e_tag", pa.string()),
        ("storage_class", pa.string()),
    ]
)


def entry(key: str, modified: str, etag: str = "e" * 32, size: int = 1, **members: Any) -> dict[str, Any]:
    """One line of a list.

    :param modified: ISO 8601, UTC.
    """
    given = {
        "bucket": "media",
        "key": key,
        "version_id": None,
        "is_latest": True,
        "is_delete_marker": False,
        "size": size,
        "last_modified_date": datetime.fromisoformat(modified),
        "e_tag": etag,
        "storage_class": "STANDARD",
    }
    return given | members


def csv_file(entries: Sequence[dict[str, Any]], titles: Sequence[str] = TITLES) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for line in entries:
        values = dict(zip(TITLES, line.values(), strict=True))
        values["Key"] = quote_plus(values["Key"], safe="/")
        values["LastModifiedDate"] = values["LastModifiedDate"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for title in ("IsLatest", "IsDeleteMarker"):
            values[title] = str(values[title]).lower()
        writer.writerow(["" if values[title] is None else values[title] for title in titles])
    return gzip.compress(text.getvalue().encode())


def parquet_file(entries: Sequence[dict[str, Any]], columns: Sequence[str] = PARQUET.names) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(entries), schema=PARQUET).select(list(columns)), buffer)
    return buffer.getvalue()


def deliver(
    s3: Any,
    files: Sequence[bytes],
    file_format: str = "Parquet",
    at: str = "2026-11-21T01-00Z",
    prefix: str = "lists/media/daily",
    schema: str | None = None,
    **members: Any,
) -> str:
    """Put a list into bucket ``inventories`` and return the key of its manifest."""
    suffix = "csv.gz" if file_format == "CSV" else "parquet"
    described = []
    for body in files:
        key = f"{prefix}/data/{hashlib.sha256(body).hexdigest()[:16]}.{suffix}"
        s3.put_object(Bucket="inventories", Key=key, Body=body)
        described.append({"key": key, "size": len(body), "MD5checksum": hashlib.md5(body).hexdigest()})
    manifest = {
        "sourceBucket": "media",
        "destinationBucket": "arn:aws:s3:::inventories",
        "version": "2016-11-30",
        "creationTimestamp": "1795222800000",
        "fileFormat": file_format,
        "fileSchema": schema or (", ".join(TITLES) if file_format == "CSV" else "message s3.inventory { }"),
        "files": described,
    }
    body = json.dumps(manifest | members, indent=2).encode()
    s3.put_object(Bucket="inventories", Key=f"{prefix}/{at}/manifest.json", Body=body)
    checksum = f"{hashlib.md5(body).hexdigest()}\n".encode()
    s3.put_object(Bucket="inventories", Key=f"{prefix}/{at}/manifest.checksum", Body=checksum)
    return f"{prefix}/{at}/manifest.json"


def repeated(key: str, rows: int) -> bytes:
    """Return a small Parquet file that says the same of an object many times."""
    values = entry(key, "2026-11-20T12:00:00+00:00")
    columns = [pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([key]))]
    names = ("size", "last_modified_date", "e_tag")
    columns += [pa.repeat(pa.scalar(values[name], PARQUET.field(name).type), rows) for name in names]
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(columns, ("key", *names)), buffer,
        compression="zstd", write_statistics=False, store_schema=False,
    )  # fmt: skip
    return buffer.getvalue()


def with_less_claimed(body: bytes, unfolded: int, claimed: int) -> bytes:
    """Return a Parquet file whose footer states another uncompressed size of a column, as long a number."""
    real, claim = _varint(2 * unfolded), _varint(2 * claimed)
    assert body.count(real) == 1
    assert len(real) == len(claim)
    return body.replace(real, claim)


def _varint(number: int) -> bytes:
    """Return a number as Thrift's compact protocol writes it."""
    groups = []
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])
