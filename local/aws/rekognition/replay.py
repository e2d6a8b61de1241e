"""Recorded replies of Amazon Rekognition, given again for the same bytes.

A folder holds files ``*.ndjson``, ``*.ndjson.gz`` or ``*.ndjson.zst`` in the form in which the pipeline
archives responses, with the SHA-256 of the media file added to each line::

    {"analysis_key": ..., "operation": "DetectModerationLabels", "response": {...}, "content_sha256": "..."}

A line stands for the analysis of that file by that operation (for a video the Get operation, one line per
page, in order). Where an analysis was recorded more than once, under several analysis keys, the latest one that
holds what is asked for counts. For CompareFaces the hash is that of the source's bytes followed by the target's.
Which collection a search was made in is not recorded: the reply stands for every one. Where the line's
``request`` names a model in ``ProjectVersionArn``, the reply is that model's and no other's; see
:attr:`Replay.models`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pyarrow as pa

logger = logging.getLogger(__name__)

# SHA-256 of the media, operation, and ARN of the Custom Labels model that was asked, if one was.
_Subject = tuple[str, str, str | None]

_PATTERNS = ("*.ndjson", "*.ndjson.gz", "*.ndjson.zst")


class Replay:
    """The recordings of a folder.

    :param folder: need not exist; files are read from all levels, in order of their names.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._analyses: dict[_Subject, list[list[dict[str, Any]]]] = {}
        self.reload()

    def reload(self) -> None:
        """Read the folder again.

        :raises ValueError: a file holds something else; the message names the line.
        """
        self._analyses = {}
        keys: dict[_Subject, Any] = {}
        for line in _lines(self.folder):
            subject = (line["content_sha256"], line["operation"], _model(line.get("request") or {}))
            analyses = self._analyses.setdefault(subject, [])
            if not analyses or keys[subject] != line.get("analysis_key"):
                analyses.append([])
                keys[subject] = line.get("analysis_key")
            analyses[-1].append(line["response"])
        logger.info("%s recorded analyses in %s", len(self), self.folder)

    def __len__(self) -> int:
        return sum(len(analyses) for analyses in self._analyses.values())

    @property
    def models(self) -> list[str]:
        """ARNs of the Custom Labels models that recorded replies are from."""
        return sorted({model for _, _, model in self._analyses if model})

    def pages(self, content_sha256: str, operation: str) -> list[dict[str, Any]] | None:
        """Return the pages of the latest recorded analysis of these bytes, or None."""
        analyses = self._analyses.get((content_sha256, operation, None))
        return analyses[-1] if analyses else None

    def reply(
        self,
        content_sha256: str,
        operation: str,
        fits: Callable[[dict[str, Any]], bool],
        params: Mapping[str, Any] = MappingProxyType({}),
    ) -> dict[str, Any] | None:
        """Return the latest recorded reply for these bytes that fits the request, or None.

        :param params: of the request; if they name a model, its replies go before those of which it is not known.
        """
        for model in dict.fromkeys((_model(params), None)):
            for pages in reversed(self._analyses.get((content_sha256, operation, model), [])):
                if fits(pages[-1]):
                    return pages[-1]
        return None

    def replies(self, operation: str) -> Iterator[dict[str, Any]]:
        """Yield every recorded reply of an operation, the latest first."""
        for (_, recorded, _), analyses in reversed(self._analyses.items()):
            if recorded == operation:
                for pages in reversed(analyses):
                    yield from pages


def _model(request: Mapping[str, Any]) -> str | None:
    return request.get("ProjectVersionArn")


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
