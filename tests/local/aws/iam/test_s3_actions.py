"""What requests to S3 need."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws.endpoint_errors import AwsError
from local.aws.iam.need import Need, bucket_arn
from local.aws.iam.s3_actions import s3_needs

OBJECT, BUCKET = "/lake/raw/a%20b%2B.png", "/lake"


def needs(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> list[Need]:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "RAW_URI": f"{path}?{query}", "QUERY_STRING": query}
    return s3_needs(environ | headers, body)


@pytest.mark.parametrize(
    ("method", "query", "action"),
    [
        ("GET", "", "GetObject"),
        ("GET", "versionId=1", "GetObjectVersion"),
        ("HEAD", "", "GetObject"),
        ("PUT", "x-id=PutObject", "PutObject"),
        ("PUT", "partNumber=1&uploadId=u", "PutObject"),
        ("POST", "uploads", "PutObject"),
        ("POST", "uploadId=u", "PutObject"),
        ("DELETE", "", "DeleteObject"),
        ("DELETE", "versionId=1", "DeleteObjectVersion"),
        ("DELETE", "uploadId=u", "AbortMultipartUpload"),
        ("GET", "uploadId=u", "ListMultipartUploadParts"),
        ("GET", "tagging", "GetObjectTagging"),
        ("GET", "legal-hold", "Getlegal-hold"),  # no policy has it
    ],
)
def test_objects(method: str, query: str, action: str) -> None:
    assert needs(method, OBJECT, query) == [Need(f"s3:{action}", bucket_arn("lake/raw/a b+.png"))]


@pytest.mark.parametrize(
    ("method", "query", "action"),
    [
        ("PUT", "", "CreateBucket"),
        ("DELETE", "", "DeleteBucket"),
        ("GET", "location", "GetBucketLocation"),
        ("GET", "versioning", "GetBucketVersioning"),
        ("PUT", "policy", "PutBucketPolicy"),
        ("GET", "encryption", "GetEncryptionConfiguration"),
        ("GET", "inventory", "Getinventory"),
    ],
)
def test_buckets(method: str, query: str, action: str) -> None:
    assert needs(method, BUCKET, query) == [Need(f"s3:{action}", bucket_arn("lake"))]


@pytest.mark.parametrize(
    ("query", "action", "prefix"),
    [
        ("list-type=2&prefix=raw%2F&delimiter=", "ListBucket", "raw/"),
        ("prefix=", "ListBucket", ""),
        ("versions&prefix=raw%2F", "ListBucketVersions", "raw/"),
        ("uploads&prefix=raw%2F", "ListBucketMultipartUploads", "raw/"),
    ],
)
def test_listings_have_their_prefix(query: str, action: str, prefix: str) -> None:
    assert needs("GET", BUCKET, query) == [Need(f"s3:{action}", bucket_arn("lake"), (("s3:prefix", prefix),))]
    assert needs("GET", "/") == [Need("s3:ListAllMyBuckets")]


def test_who_copies_reads_too() -> None:
    found = needs("PUT", OBJECT, HTTP_X_AMZ_COPY_SOURCE="/other/a%20b?versionId=1", HTTP_X_AMZ_TAGGING="a=b")
    assert [(need.action, need.resource) for need in found] == [
        ("s3:PutObject", bucket_arn("lake/raw/a b+.png")),
        ("s3:GetObject", bucket_arn("other/a b")),
        ("s3:PutObjectTagging", bucket_arn("lake/raw/a b+.png")),
    ]


def test_many_are_deleted_one_by_one() -> None:
    body = (
        b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
        b"<Object><Key>b&amp;c</Key><VersionId>1</VersionId></Object></Delete>"
    )
    assert needs("POST", BUCKET, "delete", body) == [
        Need("s3:DeleteObject", bucket_arn("lake/a")),
        Need("s3:DeleteObjectVersion", bucket_arn("lake/b&c")),
    ]
    with pytest.raises(AwsError, match="well-formed"):
        needs("POST", BUCKET, "delete", b"<Delete>")
