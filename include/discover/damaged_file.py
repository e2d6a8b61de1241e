"""The error of a file whose headers are not what its first bytes promise."""

from __future__ import annotations

from include.core.media_facts import Defect


class DamagedFileError(Exception):
    """A file cannot be used.

    :ivar defect: what is wrong with it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.defect = Defect(code, message)
