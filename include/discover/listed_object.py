"""One object of a day, as it was found."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from include.core.lake import Source
from include.core.media_facts import Defect


@dataclass(frozen=True)
class Listed:
    """One object as the listing, the inventory or the event shows it.

    :param etag: without quotes.
    :param defect: why it need not be looked into, or None.
    """

    source: Source
    bucket: str
    key: str
    etag: str
    size: int
    last_modified: datetime
    defect: Defect | None = None

    @property
    def media_id(self) -> str:
        """Identity of this version of the object."""
        return hashlib.sha256(f"{self.bucket}\n{self.key}\n{self.etag}".encode()).hexdigest()[:32]

    @property
    def content_id(self) -> str:
        """Identity of the bytes. Equal ETag and size mean equal bytes: an ETag is the MD5 of a single-part upload, the
        digest of the parts' digests of a multipart one, and unique to the write under SSE-KMS
        (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html)."""
        return f"etag:{self.etag}:{self.size}"
