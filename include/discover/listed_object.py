"""One object of a day, as it was found."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from include.core.lake import Source
from include.core.media_facts import Defect


@dataclass(frozen=True)
class ListedObject:
    """One object as the listing, the inventory or the event shows it.

    :param etag: without quotes.
    :param defect: why the object cannot be used, if that is known without reading it.
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
        """Identity of the bytes: objects with the same ETag and size have the same bytes.

        The ETag of a single-part upload is the MD5 of the bytes, that of a multipart upload the digest of the
        parts' digests. Under SSE-KMS each write has an ETag of its own
        (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
        """
        return f"etag:{self.etag}:{self.size}"
