"""What requests to S3 need.

moto knows the action of a method and a parameter of the query; what it lacks is here. Actions and resources:
"Required permissions for Amazon S3 API operations"
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from moto.s3.responses import ACTION_MAP

from local.aws.endpoint_errors import AwsError
from local.aws.iam.need import Need, bucket_arn, list_need

# What an object's parameters change beside what moto knows, and what HEAD and POST need.
_OF_BUCKETS: dict[str, dict[str, str]] = {
    "GET": {"encryption": "GetEncryptionConfiguration", "publicAccessBlock": "GetBucketPublicAccessBlock"},
    "HEAD": {"DEFAULT": "ListBucket"},
    "POST": {},
}
_OF_OBJECTS: dict[str, dict[str, str]] = {
    "GET": {"attributes": "GetObjectAttributes"},
    "PUT": {"uploadId": "PutObject"},
}
_LISTINGS = ("ListBucket", "ListBucketVersions", "ListBucketMultipartUploads")
# Parameters without a value that name no other thing than the request's method and path do.
_NO_PART_OF_IT = {"x-id", "prefix", "delimiter", "marker", "key-marker", "version-id-marker", "start-after"}


def s3_needs(environ: dict[str, Any], body: bytes) -> list[Need]:
    """Return what a request needs.

    :param body: of the requests that name their objects in it.
    :raises AwsError: MalformedXML.
    """
    path = (environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")[0]
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if not bucket:
        return [Need("s3:ListAllMyBuckets")]
    if not key:
        return list(_bucket_needs(environ["REQUEST_METHOD"], bucket, query, body))
    return list(_object_needs(environ, bucket, key, query))


def _bucket_needs(method: str, bucket: str, query: dict[str, str], body: bytes) -> Iterator[Need]:
    if method == "POST" and "delete" in query:
        for key, version in _deleted(body):
            yield Need(f"s3:DeleteObject{'Version' if version else ''}", bucket_arn(f"{bucket}/{key}"))
        return
    action = _action("BUCKET", method, query, _OF_BUCKETS)
    if action in _LISTINGS:
        yield Need(f"s3:{action}", bucket_arn(bucket), list_need(bucket, query.get("prefix", "")).context)
    else:
        yield Need(f"s3:{action}", bucket_arn(bucket))


def _object_needs(environ: dict[str, Any], bucket: str, key: str, query: dict[str, str]) -> Iterator[Need]:
    action = _action("KEY", environ["REQUEST_METHOD"], query, _OF_OBJECTS)
    if action == "GetObject" and "versionId" in query:
        action = "GetObjectVersion"
    resource = bucket_arn(f"{bucket}/{key}")
    yield Need(f"s3:{action}", resource)
    if action == "GetObjectAttributes":
        yield Need("s3:GetObject", resource)
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        yield Need("s3:GetObject", bucket_arn(unquote(source).lstrip("/").partition("?versionId=")[0]))
    if "HTTP_X_AMZ_TAGGING" in environ:
        yield Need("s3:PutObjectTagging", resource)


def _action(kind: str, method: str, query: dict[str, str], more: dict[str, dict[str, str]]) -> str:
    """Return the action of a method and the parameter of the query that names a part of bucket or object."""
    actions = {**ACTION_MAP[kind].get(method, {}), **more.get(method, {})}
    found = [action for name, action in actions.items() if name in query]
    if found:
        return found[-1]
    unknown = [name for name, value in query.items() if not value and name not in _NO_PART_OF_IT]
    # No policy has this action, so none allows it.
    return f"{method.title()}{unknown[0]}" if unknown else actions.get("DEFAULT", f"{method.title()}Unknown")


def _deleted(body: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield keys and versions of a DeleteObjects request."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise AwsError("MalformedXML", "The XML you provided was not well-formed.") from error
    for each in root.findall("{*}Object"):
        yield each.findtext("{*}Key", ""), each.findtext("{*}VersionId")
