"""The KMS key of what is about people: findings, archived responses, and the names of what is being erased.

Which objects that are follows from where they lie, so nobody who writes one has to think of it. The archive
is under this key as a whole: an object of it has responses of many features, and nobody but the lake's own
tasks reads it. Results of queries about people are Athena's to write: their workgroup names the key.

Parameters: PutObject, CopyObject and CreateMultipartUpload, Amazon S3 API Reference; events of clients:
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from include.core.schemas import TABLES

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ABOUT_PEOPLE = (
    "responses/",
    "staging/erasures/",
    *(
        f"{place}/{table.name}/"
        for table in TABLES.values()
        if table.sensitive
        for place in ("staging", "curated")
    ),
)

# The requests that say how an object is encrypted; parts of an upload follow its beginning.
_WRITING = ("PutObject", "CopyObject", "CreateMultipartUpload")


def use_people_key(s3: S3Client, bucket: str, key_arn: str) -> None:
    """Let a client write what is about people under its key, from now on.

    :param bucket: bucket of the lake; others are left as they are.
    :param key_arn: of the KMS key.
    """
    for operation in _WRITING:
        s3.meta.events.register(
            f"provide-client-params.s3.{operation}",
            partial(_add_key, bucket=bucket, key_arn=key_arn),
            unique_id=f"media-lake-people-key-{operation}",
        )


def _add_key(params: dict[str, Any], bucket: str, key_arn: str, **event: Any) -> None:
    params |= encryption_of(params, bucket, key_arn)


def encryption_of(params: Mapping[str, Any], bucket: str, key_arn: str) -> dict[str, Any]:
    """Return what a request has to say of encryption; nothing where the bucket's default is right.

    >>> encryption_of({"Bucket": "lake", "Key": "responses/a.ndjson.gz"}, "lake", "arn:k")["SSEKMSKeyId"]
    'arn:k'
    >>> encryption_of({"Bucket": "lake", "Key": "curated/labels/a.parquet"}, "lake", "arn:k")
    {}
    """
    if params["Bucket"] != bucket or not params["Key"].startswith(ABOUT_PEOPLE):
        return {}
    # A key of the bucket's own saves most requests to KMS.
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn, "BucketKeyEnabled": True}
