"""Which contents were erased, as items of the ledger's table: they are not analyzed again until allowed.

An item tells nothing of a content: its key is a hash of the content's identity. The archive keeps the keys
too, in the order of what happened to them, so that a ledger that was lost can be told again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.store.objects import get_ndjson, list_uris, put_ndjson

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# How the pseudonym of what was erased begins, where money keeps its row.
ERASED_NAME = "erased-"

# Whether there is, or was, any such item.
ANYTHING_ERASED = "erased#any"

ERASED = (
    "Erased",
    "the content was erased on purpose and is not analyzed again; `make erase ... ALLOW=yes` allows it",
)


def erased_key(content_id: str) -> str:
    """Return the key of the item of an erased content."""
    return f"erased#{hashlib.sha256(content_id.encode()).hexdigest()}"


def erased_items(content_ids: Iterable[str], erasure_id: str) -> Iterator[dict[str, Any]]:
    """Yield the items that say that contents were erased.

    :param erasure_id: as table ``erasures`` names it.
    """
    for key in (ANYTHING_ERASED, *sorted(map(erased_key, content_ids))):
        yield erased_item(key, erasure_id)


def erased_item(key: str, erasure_id: str) -> dict[str, Any]:
    """Return one of these items."""
    return {"key": {"S": key}, "erasure_id": {"S": erasure_id}}


def note_bars(
    s3: S3Client, bucket: str, at: datetime, erasure_id: str, content_ids: Collection[str], *, barred: bool
) -> None:
    """Note in the archive that contents are barred, or allowed again, from some time on (UTC).

    Later notes count. Noting the same again changes nothing.
    """
    if content_ids:
        lines = ({"erased_key": key, "barred": barred} for key in sorted(map(erased_key, content_ids)))
        put_ndjson(s3, f"{bars_uri(bucket)}{at:%Y%m%dT%H%M%S%f}-{erasure_id}.ndjson.gz", lines)


def noted_bars(s3: S3Client, bucket: str) -> dict[str, str]:
    """Return the contents that are barred as the archive has it: key of the item to the erasure's id."""
    barred: dict[str, str] = {}
    for uri in list_uris(s3, bars_uri(bucket)):
        erasure_id = uri.rsplit("-", 1)[1].removesuffix(".ndjson.gz")
        for line in get_ndjson(s3, uri):
            if line["barred"]:
                barred[line["erased_key"]] = erasure_id
            else:
                barred.pop(line["erased_key"], None)
    return barred


def bars_uri(bucket: str) -> str:
    """Prefix of what the archive has of erased contents, oldest first."""
    return f"s3://{bucket}/responses/erased/"
