"""What the archive has of analyses, read again: each object once, a page at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.core.features import FRAME_OPERATIONS, MediaType
from include.store.objects import Row
from include.store.response_archive import DamagedArchiveError, page_of, read_lines
from include.validate.archived_places import Place
from include.validate.response_counts import count_rows, is_countable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

READABLE = "the_archive_has_the_response"
ORIGIN = "the_response_is_of_the_operation"
PAGES = "pages_of_a_job_are_complete"

# Findings of an analysis whose responses are kept, to be normalized again.
KEPT_FINDINGS = 500

_OBJECT_OF_PAGES = re.compile(r".*/pages-([0-9]+)\.ndjson\.gz")

# A line of the archive, with the object that it is in.
_Line = tuple[str, Row]


@dataclass
class Answer:
    """What the archive has of an analysis.

    :ivar analysis: its row of ``analyses``.
    :ivar counts: rows that each table should have of it; None if it cannot be counted.
    :ivar pages: its first responses, if they were asked for; ``whole`` says whether they are all.
    :ivar mistakes: rule to what is wrong.
    """

    analysis: Row
    counts: Counter[str] | None = None
    pages: list[Row] = field(default_factory=list)
    whole: bool = True
    mistakes: dict[str, str] = field(default_factory=dict)


class AnswerReader:
    """Reads answers, and looks for what is wrong with them.

    :param thresholds: feature to the least confidence (percent) that tables show.
    :param kept: keys of the analyses whose responses are kept.
    """

    def __init__(
        self, s3: S3Client, media_type: MediaType, thresholds: Mapping[str, float], kept: set[str]
    ) -> None:
        self._s3 = s3
        self._media_type = media_type
        self._thresholds = thresholds
        self._kept = kept

    def read(self, place: Place, analyses: Mapping[str, Row]) -> Iterator[Answer]:
        """Yield the answer to each analysis that is archived in a place.

        :param analyses: rows of ``analyses`` by analysis key.
        """
        left = dict(analyses)
        reason = f"{place.uri} has no line of it"
        try:
            for key, lines in self._lines_by_key(place, left):
                answer = self._answer(left[key], lines)
                del left[key]
                yield answer
        except (DamagedArchiveError, FileNotFoundError) as error:
            reason = str(error)
        for analysis in left.values():
            yield Answer(analysis, mistakes={READABLE: reason})

    def _lines_by_key(self, place: Place, left: Mapping[str, Row]) -> Iterator[tuple[str, Iterable[_Line]]]:
        """Yield the lines of each analysis that is left: of an image one, of a job all that are there."""
        lines = ((uri, line) for uri in sorted(place.objects) for line in read_lines(self._s3, uri))
        if place.uri.endswith("/"):
            yield next(iter(left)), lines
            return
        for uri, line in lines:
            if line["analysis_key"] in left:
                yield line["analysis_key"], [(uri, line)]

    def _answer(self, analysis: Row, lines: Iterable[_Line]) -> Answer:
        answer = Answer(analysis)
        keeps = analysis["analysis_key"] in self._kept
        by_frames = self._media_type == "video" and analysis["operation"] in FRAME_OPERATIONS
        pages = _Frames() if by_frames else _Pages()
        for uri, line in lines:
            if not isinstance(line["response"], dict):
                answer.mistakes[READABLE] = f"{uri}: a response is no object"
                continue
            if pages.add(uri, line):
                self._add(answer, uri, line, keeps=keeps)
        if self._media_type == "video" and (mistake := pages.mistake(analysis["units"])):
            answer.mistakes[PAGES] = mistake
        return answer

    def _add(self, answer: Answer, uri: str, line: Row, *, keeps: bool) -> None:
        """Add a line to an answer, and its response if responses are kept."""
        if wrong := _wrong_origin(answer.analysis, line):
            answer.mistakes[ORIGIN] = f"{uri}: {wrong}"
        found = answer.counts.total() if answer.counts else 0
        self._count(answer, line)
        if keeps and found < KEPT_FINDINGS:
            answer.pages.append(page_of(line))
        else:
            answer.whole = False

    def _count(self, answer: Answer, line: Row) -> None:
        operation = line["operation"]
        if is_countable(operation):
            least = self._thresholds.get(answer.analysis["feature"], 0.0)
            answer.counts = answer.counts or Counter()
            answer.counts.update(count_rows(operation, line["response"], least))


def _wrong_origin(analysis: Row, line: Row) -> str | None:
    """Say what of a line is not of its analysis; archives of version 0.1 name no model in later pages."""
    for name in ("analysis_key", "operation"):
        if line[name] != analysis[name]:
            return f"{name} {line[name]} and not {analysis[name]}"
    version = line.get("model_version")
    if version is not None and version != analysis["model_version"]:
        return f"model_version {version} and not {analysis['model_version']}"
    return None


class _Frames:
    """The frames of a video, as they come. What was paid for twice is two units; its findings count once."""

    def __init__(self) -> None:
        self._lines = 0
        self._times: set[int | None] = set()

    def add(self, uri: str, line: Row) -> bool:
        """Add a frame, and return whether its findings count."""
        time = line.get("timestamp_ms")
        is_new = time not in self._times
        self._times.add(time)
        self._lines += 1
        return is_new

    def mistake(self, units: float | None) -> str | None:
        """Return what is wrong, now that there is no other frame.

        :param units: frames that were paid for.
        """
        if None in self._times:
            return "the response to a frame does not tell its time"
        missing = (units or 0) - self._lines
        return f"the responses to {missing:g} of {units:g} frames are missing" if missing > 0 else None


class _Pages:
    """The pages of a job, as they come: whether each leads to the next."""

    def __init__(self) -> None:
        self._mistakes: list[str] = []
        self._uri = ""
        self._objects = 0
        self._pages = 0
        self._next: str | None = None

    def add(self, uri: str, line: Row) -> bool:
        """Add the next page, and return whether its findings count."""
        response = line["response"]
        # Archives of version 0.1 do not say by which token a page was asked for.
        asked_by = (line.get("request") or {}).get("NextToken")
        within, self._uri = uri == self._uri, uri
        if not within:
            self._begin(uri)
        if asked_by is not None and (within or not self._pages) and asked_by != self._next:
            self._mistakes.append(f"{uri}: a page is missing before the one asked for by token {asked_by}")
        if self._pages and self._next is None:
            self._mistakes.append(f"{uri}: a page follows the last one")
        if response.get("JobStatus") != "SUCCEEDED":
            self._mistakes.append(f"{uri}: a page has JobStatus {response.get('JobStatus')}")
        self._next = response.get("NextToken")
        self._pages += 1
        return True

    def _begin(self, uri: str) -> None:
        numbered = _OBJECT_OF_PAGES.fullmatch(uri)
        if numbered and int(numbered[1]) != self._objects:
            self._mistakes.append(f"{uri}: an object of pages is missing before it")
        self._objects += 1

    def mistake(self, units: float | None) -> str | None:
        """Return the first thing that is wrong, now that there is no other page.

        :param units: what the analysis was billed as.
        """
        if self._next is not None:
            self._mistakes.append(f"{self._uri}: its last page leads to another, which is missing")
        return self._mistakes[0] if self._mistakes else None
