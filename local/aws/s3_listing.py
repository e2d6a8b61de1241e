"""Makes moto's ListObjectsV2 fast for buckets with many keys.

For each page of 1,000 keys, moto 5.2.5 filters and sorts all keys of the bucket and renders the page through
a general serializer: listing 100,000 keys takes about a minute. Here each bucket keeps its key names sorted.
A page is found by bisection, and its XML is written directly. moto still answers requests with a delimiter.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from threading import Lock
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import moto.s3.models
from moto.s3.exceptions import InvalidContinuationToken
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey
from moto.s3.responses import S3Response
from moto.s3.utils import _VersionedKeyStore

_OWNER = "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>"
_moto_list_objects_v2 = S3Response.list_objects_v2


class SortedKeyStore(_VersionedKeyStore):
    """moto's store of a bucket's keys, with the key names sorted as S3 sorts them: by code points."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._names_lock = Lock()

    def __setitem__(self, key: str, value: Any) -> None:
        with self._names_lock:
            self._add_name(key)
            super().__setitem__(key, value)

    def setlist(self, key: str, list_: Any) -> None:
        """Replace all versions of a key."""
        with self._names_lock:
            self._add_name(key)
            super().setlist(key, list_)

    def pop(self, key: str) -> None:  # type: ignore[override]
        """Remove a key with all its versions."""
        with self._names_lock:
            super().pop(key)
            del self._names[bisect_left(self._names, key)]

    def _add_name(self, key: str) -> None:
        if key not in self:
            insort(self._names, key)

    def page(self, prefix: str, after: str, limit: int) -> list[FakeKey]:
        """Return the first current objects whose name starts with ``prefix`` and sorts after ``after``."""
        with self._names_lock:
            start = max(bisect_left(self._names, prefix), bisect_right(self._names, after) if after else 0)
            return list(self._objects_from(start, prefix, limit))

    def _objects_from(self, start: int, prefix: str, limit: int) -> Iterator[FakeKey]:
        found = 0
        for position in range(start, len(self._names)):
            name = self._names[position]
            if found == limit or not name.startswith(prefix):
                return
            current = self[name]
            if not isinstance(current, FakeDeleteMarker):
                found += 1
                yield current


def install() -> None:
    """Give sorted key stores to the buckets that moto creates from now on, and list from them."""
    moto.s3.models._VersionedKeyStore = SortedKeyStore  # type: ignore[assignment,attr-defined]
    S3Response.list_objects_v2 = _list_objects_v2  # type: ignore[method-assign]


def _list_objects_v2(self: S3Response) -> Any:
    bucket = self.backend.get_bucket(self.bucket_name)
    query = {name: values[0] for name, values in self._get_querystring(self.request, self.uri).items()}
    if query.get("delimiter") or not isinstance(bucket.keys, SortedKeyStore):
        return _moto_list_objects_v2(self)
    return 200, {"Content-Type": "application/xml"}, _page_document(bucket, query)


def _page_document(bucket: FakeBucket, query: dict[str, str]) -> str:
    """Write one page of ListObjectsV2.

    :param query: decoded parameters of the request.
    :raises InvalidContinuationToken: if no earlier page can have given the token.
    """
    prefix, limit = query.get("prefix", ""), min(int(query.get("max-keys", 1000)), 1000)
    token = query.get("continuation-token")
    after = _name_of(token) if token is not None else query.get("start-after", "")
    found = bucket.keys.page(prefix, after, limit + 1) if limit else []  # type: ignore[attr-defined]
    keys, truncated = found[:limit], len(found) > limit
    encode = (lambda text: quote(text)) if query.get("encoding-type") == "url" else escape
    owner = _OWNER if query.get("fetch-owner") == "true" else ""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
        f"<Name>{escape(bucket.name)}</Name><Prefix>{encode(prefix)}</Prefix><MaxKeys>{limit}</MaxKeys>",
        f"<KeyCount>{len(keys)}</KeyCount><IsTruncated>{str(truncated).lower()}</IsTruncated>",
    ]
    if "encoding-type" in query:
        parts.append("<EncodingType>url</EncodingType>")
    if token is not None:
        parts.append(f"<ContinuationToken>{token}</ContinuationToken>")
    elif after:
        parts.append(f"<StartAfter>{encode(after)}</StartAfter>")
    if truncated:
        parts.append(f"<NextContinuationToken>{_token_of(keys[-1].name)}</NextContinuationToken>")
    parts.extend(
        f"<Contents><Key>{encode(key.name)}</Key><LastModified>{key.last_modified_ISO8601}</LastModified>"
        f"<ETag>{escape(key.etag)}</ETag>{_checksum(key)}<Size>{key.size}</Size>"
        f"<StorageClass>{key.storage_class}</StorageClass>{owner}</Contents>"
        for key in keys
    )
    return "".join([*parts, "</ListBucketResult>"])


def _checksum(key: FakeKey) -> str:
    return (
        f"<ChecksumAlgorithm>{key.checksum_algorithm}</ChecksumAlgorithm>" if key.checksum_algorithm else ""
    )


def _token_of(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _name_of(token: str) -> str:
    try:
        name = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        name = ""
    if not name:
        raise InvalidContinuationToken()
    return name
