"""Recorded replies of Amazon Rekognition, replayed for the same bytes.

A folder holds files ``*.ndjson``, ``*.ndjson.gz`` or ``*.ndjson.zst`` in the format in which the pipeline
archives responses, with the SHA-256 of the media file added to each line. Text is UTF-8, or UTF-16 with its
mark::

    {"analysis_key": ..., "operation": "DetectModerationLabels", "response": {...}, "content_sha256": "..."}

A line holds the result of the operation on that file. For a video the operation is the Get operation, and
each page has a line, in order. If an analysis was recorded several times under different analysis keys, the
latest one counts that has what a request asks for. For CompareFaces the hash covers the source's bytes
followed by the target's. Recordings do not say which collection was searched: such a reply is given for every
collection. If the line's ``request`` names a model in ``ProjectVersionArn``, only that model gives the reply;
see :attr:`Replay.models`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pyarrow as pa

from include.core.text_encoding import encoding_of

logger = logging.getLogger(__name__)

# SHA-256 of the media, operation, and ARN of the Custom Labels model, None for other operations.
_Subject = tuple[str, str, str | None]
_Pages = list[dict[str, Any]]

_PATTERNS = ("*.ndjson", "*.ndjson.gz", "*.ndjson.zst")


class Replay:
    """The recordings of a folder.

    :param folder: it need not exist. Files are read from it and its subfolders, in the order of their names.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._analyses: dict[_Subject, list[_Pages]] = {}
        self.reload()

    def reload(self) -> None:
        """Read the folder again.

        :raises ValueError: if a line is not a recorded response, or a file no text; the message names it.
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
        """ARNs of the Custom Labels models that gave recorded replies."""
        return sorted({model for _, _, model in self._analyses if model})

    def pages(self, content_sha256: str, operation: str) -> _Pages | None:
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

        :param fits: whether a recorded reply answers the request.
        :param params: of the request. If they name a model, its replies take precedence over those without a
            model.
        """
        for model in dict.fromkeys((_model(params), None)):
            analyses: list[_Pages] = self._analyses.get((content_sha256, operation, model), [])
            for pages in reversed(analyses):
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
        for number, text in enumerate(_text(path).splitlines(), start=1):
            try:
                line = orjson.loads(text)
                if line.get("content_sha256"):
                    assert isinstance(line["operation"], str)
                    assert isinstance(line["response"], dict)
                    yield line
            except (ValueError, KeyError, AttributeError, AssertionError) as error:
                raise ValueError(f"{path}:{number} is not a recorded response: {error!r}") from error


def _text(path: Path) -> bytes:
    """Return the content of a file in UTF-8."""
    with pa.input_stream(str(path), compression="detect") as stream:
        content: bytes = stream.read()
    try:
        return content.decode(encoding_of(content)).encode()
    except UnicodeError as error:
        raise ValueError(
            f"{path} is not text in UTF-8, or in UTF-16 with its mark: save it as UTF-8 ({error})"
        ) from error
