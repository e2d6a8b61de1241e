"""
``crowded_bucket.py KEYS NEW``: the local AWS endpoint (``LOCAL_AWS_PORT``) with a bucket of many keys.

A million PUT requests take longer than what is measured. So the keys are put into moto's store directly, as
copies of one object that share its bytes. Each has an ETag of its own, so it is another content to the
pipeline. From then on everything is read over HTTP as always.
"""

from __future__ import annotations

import gc
import hashlib
import io
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from moto.s3.models import FakeKey, s3_backends
from PIL import Image

from local.aws import __main__ as local_aws
from local.aws import s3_listing

ACCOUNT, REGION = "123456789012", "us-east-1"
BUCKET = "crowded"
DAY = datetime(2026, 11, 20)


def keys(count: int, new: int) -> Iterator[tuple[str, datetime, str]]:
    """Yield key, time and ETag: new ones spread over the day, the others over the thousand days before."""
    for number in range(count):
        when = DAY + timedelta(seconds=number * 86_400 / new)
        if number >= new:
            when = DAY - timedelta(days=1 + number % 1000, seconds=number % 3600)
        name = f"raw/{when:%Y/%m/%d}/{number:07d}.jpg"
        yield name, when, hashlib.md5(name.encode()).hexdigest()


def picture() -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(7).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def fill(count: int, new: int) -> None:
    s3_listing.install()
    bucket = s3_backends[ACCOUNT]["aws"].create_bucket(BUCKET, REGION)
    template = FakeKey("", picture(), account_id=ACCOUNT, region_name=REGION, bucket_name=BUCKET)
    store = bucket.keys
    assert isinstance(store, s3_listing.SortedKeyStore)
    for name, when, etag in keys(count, new):
        key = object.__new__(FakeKey)
        key.__dict__ = vars(template) | {"name": name, "last_modified": when, "_etag": etag}
        dict.__setitem__(store, name, [key])
    store._names = sorted(store)
    gc.freeze()  # or each full collection would go through a million keys


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
    local_aws.main()
