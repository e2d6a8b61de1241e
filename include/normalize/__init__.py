"""Normalize: archived responses of Rekognition become typed rows of tables.

>>> page = {"Labels": [{"Name": "Dog", "Confidence": 98.5}], "LabelModelVersion": "3.0"}
>>> [(table, row["name"], row["confidence"]) for table, row in normalize("DetectLabels", [page])]
[('labels', 'Dog', 98.5)]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from include.core.errors import TerminalError
from include.normalize.limits import fit
from include.normalize.members import JsonObject, count_unknown_members, mapping, whole
from include.normalize.normalizer_registry import TableRow
from include.normalize.normalizers import NORMALIZERS
from include.store.response_archive import FRAME_TIME

__all__ = ["NORMALIZERS", "UnknownOperationError", "normalize"]


class UnknownOperationError(TerminalError, ValueError):
    """An operation has no normalizer."""


def normalize(
    operation: str, responses: Iterable[JsonObject], anomalies: Counter[str] | None = None
) -> Iterator[TableRow]:
    """Yield ``(table, row)`` for every finding of one analysis, reading one page at a time.

    Rows have the columns of their table except ``media_id`` and ``analysis_key``, and fit its schema. A
    member that is absent, null, of a wrong type or outside the column's limits gives a null; lists are never
    null.

    :param operation: API operation that gave the responses, such as ``DetectLabels``.
    :param responses: its response, or for a video job its pages in order; of frames of a video the response
        to each, with its time (:func:`include.store.response_archive.page_of`); for GetMediaAnalysisJob the
        lines of its results manifest.
    :param anomalies: counts paths of members that the API does not document, such as
        ``Labels[].Instances[].HasVest``, values outside a column's limits, such as ``texts with type out of
        range``, and findings left out because they lack a required column, such as ``labels without name``.
    :raises UnknownOperationError: at the call, not at the first row.
    """
    if operation not in NORMALIZERS:
        known = ", ".join(sorted(NORMALIZERS))
        raise UnknownOperationError(f"operation {operation!r} has no normalizer; known: {known}")
    return _rows(operation, responses, Counter() if anomalies is None else anomalies)


def _rows(operation: str, responses: Iterable[JsonObject], anomalies: Counter[str]) -> Iterator[TableRow]:
    for timestamp_ms, of_frame in groupby(responses, _frame_time):
        pages = count_unknown_members(operation, of_frame, anomalies)
        for table, row in NORMALIZERS[operation](pages):
            if timestamp_ms is not None:
                row["timestamp_ms"] = timestamp_ms
            if fit(table, row, anomalies):
                yield table, row


def _frame_time(page: JsonObject) -> int | None:
    """Return the time of a frame; None for an image or a page of a job."""
    return whole(mapping(page).get(FRAME_TIME))
