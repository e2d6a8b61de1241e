"""Recorded replies of Amazon Rekognition, given again for the same bytes.

A folder holds files ``*.ndjson``, ``*.ndjson.gz`` or ``*.ndjson.zst`` in the form in which the pipeline
archives responses, with the SHA-256 of the media file added to each line::

    {"analysis_key": ..., "operation": "DetectModerationLabels", "response": {...}, "content_sha256": "..."}

A line stands for the analysis of that file by that operation (for a video the Get operation, one line per
page, in order). Where an analysis was recorded twice, under two analysis keys, the later one counts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

logger = logging.getLogger(__name__)

_PATTERNS = ("*.ndjson", "*.ndjson.gz", "*.ndjson.zst")


class Replay:
    """The recordings of a folder.

    :param folder: need not exist; files are read from all levels, in order of their names.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pages: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.reload()

    def reload(self) -> None:
        """Read the folder again.

        :raises ValueError: a file holds something else; the message names the line.
        """
        self._pages = {}
        keys: dict[tuple[str, str], Any] = {}
        for line in _lines(self.folder):
            subject = (line["content_sha256"], line["operation"])
            if subject not in self._pages or keys[subject] != line.get("analysis_key"):
                self._pages[subject] = []
                keys[subject] = line.get("analysis_key")
            self._pages[subject].append(line["response"])
        logger.info("%s recorded analyses in %s", len(self._pages), self.folder)

    def __len__(self) -> int:
        return len(self._pages)

    def pages(self, content_sha256: str, operation: str) -> list[dict[str, Any]] | None:
        """Return the recorded replies for these bytes, or None."""
        return self._pages.get((content_sha256, operation))


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    paths = sorted(path for pattern in _PATTERNS for path in folder.rglob(pattern))
    for path in paths:
        with pa.input_stream(str(path), compression="detect") as stream:
            for number, raw in enumerate(stream.read().splitlines(), start=1):
                try:
                    line = orjson.loads(raw)
                    if line.get("content_sha256"):
                        assert isinstance(line["operation"], str)
                        assert isinstance(line["response"], dict)
                        yield line
                except (ValueError, KeyError, AttributeError, AssertionError) as error:
                    raise ValueError(f"{path}:{number} is not a recorded response: {error!r}") from error
