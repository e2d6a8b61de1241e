"""What rules between tables need of them: a few columns of every row, gathered part by part.

Of findings, texts are kept once each, as dictionaries of Arrow, and a row's values as one number: a million
take about 60 MB. Of assets and analyses, all is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.schemas import FINDING_TABLES, TABLES, Table
from include.store.parquet import file_schema
from include.validate.arrow_masks import codes, encoded, floats, is_text

Hashes = NDArray[np.uint64]

# The column with a number for all values of a row but its keys: rows with one number are alike.
ROW_HASH = "row_hash"

_KEPT = (
    "media_id", "analysis_key", "model_version", "timestamp_ms", "start_ms", "end_ms", "type",
    "text_id", "parent_id", "face_index", "shot_index",
)  # fmt: skip
_KEYS = ("media_id", "analysis_key")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass
class KeyColumns:
    """The kept columns of the tables of a run.

    :ivar parts: table to its parts.
    """

    parts: dict[str, list[pa.Table]] = field(default_factory=dict)

    def add(self, table: Table, rows: pa.Table) -> None:
        """Keep what the rules need of a part of a table."""
        kept = rows
        if table.name in FINDING_TABLES:
            kept = pa.table({name: _compact(rows[name]) for name in _kept_columns(table)})
            kept = kept.append_column(ROW_HASH, pa.array(row_hashes(rows)))
        self.parts.setdefault(table.name, []).append(kept)

    def of(self, name: str) -> pa.Table:
        """Return the kept columns of a table, over all its parts; a table without a part has no rows."""
        if name not in self.parts:
            self.add(TABLES[name], file_schema(TABLES[name]).empty_table())
        whole = pa.concat_tables(self.parts[name]).combine_chunks()
        self.parts[name] = [whole]
        return whole


def _kept_columns(table: Table) -> list[str]:
    return [name for name in table.column_types if name in _KEPT or name == table.score]


def _compact(column: pa.ChunkedArray) -> Any:
    return encoded(column) if is_text(column.type) else column


def row_hashes(rows: pa.Table) -> Hashes:
    """Return a number for the values of each row but its keys; rows with equal values have equal ones."""
    hashes = np.zeros(len(rows), np.uint64)
    for name in rows.column_names:
        if name not in _KEYS:
            hashes = mixed(hashes, value_hashes(rows[name].combine_chunks()))
    return hashes


def mixed(one: Hashes, other: Hashes) -> Hashes:
    """Return one number for two."""
    product = one ^ other
    product *= _FACTOR
    product ^= product >> _SHIFT
    return product


def value_hashes(values: Any) -> Hashes:
    """Return a number for each value of an array; equal values have equal ones, and null has its own."""
    if pa.types.is_list(values.type):
        return _hashes_of_lists(values)
    if pa.types.is_struct(values.type):
        members = (value_hashes(member) for member in _members(values))
        hashes = np.zeros(len(values), np.uint64)
        for member in members:
            hashes = mixed(hashes, member)
        return hashes
    if is_text(values.type):
        words = encoded(values)
        known = np.array([*words.dictionary.to_pylist(), None], dtype=object)
        return np.asarray(pd.util.hash_array(known, categorize=False)[codes(words)], np.uint64)
    if pa.types.is_timestamp(values.type):
        values = pc.cast(values, pa.int64())
    if values.null_count == len(values):
        return np.full(len(values), np.nan).view(np.uint64)
    return (floats(values) + 0.0).view(np.uint64)


def _members(structs: Any) -> Iterator[Any]:
    for number in range(structs.type.num_fields):
        yield pc.struct_field(structs, [number])


def _hashes_of_lists(lists: Any) -> Hashes:
    """Return, for each list, a number for its members in their order."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    ends = np.cumsum(lengths, dtype=np.uint64)
    starts = ends - lengths.astype(np.uint64)
    members = value_hashes(pc.list_flatten(lists))
    places = np.arange(len(members), dtype=np.uint64) - np.repeat(starts, lengths)
    sums = np.zeros(len(members) + 1, np.uint64)
    np.cumsum(mixed(members, places), out=sums[1:])
    return np.asarray(sums[ends] - sums[starts], np.uint64)
