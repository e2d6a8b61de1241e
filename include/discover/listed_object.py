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
    :param may_have_checksum: False if S3 is known to have no checksum of the whole object.
    """

    source: Source
    bucket: str
    key: str
    etag: str
    size: int
    last_modified: datetime
    defect: Defect | None = None
    may_have_checksum: bool = True

    @property
    def media_id(self) -> str:
        """Identity of this version of the object."""
        return hashlib.sha256(f"{self.bucket}\n{self.key}\n{self.etag}".encode()).hexdigest()[:32]
