"""Gives objects under SSE-KMS ETags of their own, as S3 does: for moto 5.2.5 every ETag is of the bytes."""

from __future__ import annotations

import uuid
from typing import Any

from moto.s3.models import FakeKey, S3Backend

_moto_put_object = S3Backend.put_object


def install() -> None:
    """Change what moto's S3 keeps from now on."""
    S3Backend.put_object = _put_object  # type: ignore[method-assign]


def _put_object(self: S3Backend, *args: Any, **kwargs: Any) -> FakeKey:
    key = _moto_put_object(self, *args, **kwargs)
    if key.encryption not in (None, "AES256"):
        of_parts = key.etag.strip('"').partition("-")[1:]
        key._etag = uuid.uuid4().hex + "".join(of_parts)
    return key
