"""Columns of Arrow as masks and numbers, and the members of their lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# For each row, whether something is true of it.
Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Members:
    """The members of all lists of a column, one after the other.

    :param parents: the row that each member is of.
    :param rows: how many rows the column has.
    """

    values: Any
    parents: NDArray[np.int64]
    rows: int

    def rows_with(self, members: Mask) -> Mask:
        """Return which rows have one of these members."""
        found = np.zeros(self.rows, bool)
        found[self.parents[members]] = True
        return found


def members_of(column: pa.ChunkedArray) -> Members:
    """Return the members of a column of lists."""
    lists = column.combine_chunks()
    return Members(pc.list_flatten(lists), np.asarray(pc.list_parent_indices(lists)), len(column))


def any_member(column: pa.ChunkedArray, wrong: Callable[[Any], Mask]) -> Mask:
    """Return which rows have a member that is wrong."""
    members = members_of(column)
    return members.rows_with(wrong(members.values))


def is_text(type_: pa.DataType) -> bool:
    """Whether values are texts, encoded or not."""
    return bool(pa.types.is_string(type_.value_type if pa.types.is_dictionary(type_) else type_))


def encoded(texts: Any) -> Any:
    """Return texts as a dictionary of the different ones, and for each text its number there."""
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)


def codes(texts: Any) -> NDArray[np.int64]:
    """Return the numbers of encoded texts in their dictionary; null is the one after the last."""
    return np.asarray(pc.fill_null(texts.indices, len(texts.dictionary)), np.int64)


def texts_that(wrong: Callable[[Any], Mask], texts: Any) -> Mask:
    """Return which texts are wrong: each different one is looked at once, and null is not wrong."""
    known = encoded(texts)
    found = np.append(wrong(known.dictionary), False)
    return found[codes(known)] if found.any() else np.zeros(len(known), bool)


def as_mask(truths: Any) -> Mask:
    """Return the outcome of comparisons of arrays, whose type numpy does not state."""
    return np.asarray(truths, dtype=bool)


def mask(values: Any) -> Mask:
    """Return truth values; null is false."""
    return np.asarray(pc.fill_null(values, False), dtype=bool)


def floats(values: Any) -> Numbers:
    """Return numbers; null is NaN."""
    return np.asarray(pc.fill_null(pc.cast(values, pa.float64(), safe=False), np.nan), dtype=float)


def is_null(values: Any) -> Mask:
    """Return which values are null."""
    return np.asarray(pc.is_null(values), dtype=bool)


def differ(one: Any, other: Any) -> Mask:
    """Return which values differ; null is a value like any other."""
    different = pc.fill_null(pc.not_equal(one, other), False)
    lacks_one = pc.xor(pc.is_null(one), pc.is_null(other))
    return np.asarray(pc.or_(different, lacks_one), dtype=bool)


def outside(numbers: Numbers, least: float, most: float) -> Mask:
    """Return which numbers are not within bounds; NaN, infinite and absent ones are not."""
    with np.errstate(invalid="ignore"):
        return ~((numbers >= least) & (numbers <= most))
