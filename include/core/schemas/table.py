"""What a table and a column are, and the Arrow types that their Athena types stand for."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column.

    :param type: Athena (Hive) type, in lower case.
    :param meaning: what a reader of the data dictionary sees.
    :param required: null is an error.
    :param minimum: least value allowed, if there is one; ``maximum`` likewise.
    :param values: the only values allowed, if there is such a list.
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()


def catalog_comment(meaning: str) -> str:
    """Return a meaning as the catalog has it: some readers of DDL end a statement at any semicolon."""
    return meaning.replace(";", ",")


@dataclass(frozen=True)
class Moment:
    """How rows of a table appear in views of all findings, such as ``asset_findings`` and ``video_moments``.

    :param kind: what the views call them.
    :param what: SQL expression that names one of them; with ``per_time`` an aggregate over those of one time.
    :param where: SQL condition that they meet; empty for all rows.
    :param score: column with their confidence; None for the table's ``score``.
    :param per_time: whether all rows of one time are one moment.
    """

    kind: str
    what: str
    where: str = ""
    score: str | None = None
    per_time: bool = False


@dataclass(frozen=True)
class Table:
    """One table, stored as Parquet with zstd.

    :param partition_keys: names of the partition columns, all of type string.
    :param unique: columns that together identify a row within a partition; empty if rows have no key.
    :param sensitive: findings about identifiable people: readers are granted apart from the other tables.
    :param finance: about the money of the whole account: readers are granted apart from the other tables.
    :param score: column that ``min_confidence`` of the lake applies to; None if rows have none.
    :param grows: files are only ever added to a partition, which has one place and no versions.
    :param moments: how its rows appear in views of all findings; if empty, by the name of the table alone.
    :param sort_keys: columns of texts or whole numbers by which the rows of a partition lie in order: what
        people filter on comes first. Empty if rows lie as they were written.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    partition_keys: tuple[str, ...] = ("dt", "media_type")
    unique: tuple[str, ...] = ()
    sensitive: bool = False
    finance: bool = False
    score: str | None = "confidence"
    moments: tuple[Moment, ...] = ()
    grows: bool = False
    sort_keys: tuple[str, ...] = ()

    @property
    def column_types(self) -> dict[str, str]:
        """Column name to Athena type, without partition keys, as awswrangler's ``dtype`` takes it."""
        return {column.name: column.type for column in self.columns}

    @property
    def arrow_schema(self) -> pa.Schema:
        """The Parquet schema of a data file."""
        return pa.schema(
            pa.field(column.name, arrow_type(column.type), nullable=not column.required)
            for column in self.columns
        )


_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}


def arrow_type(athena_type: str) -> pa.DataType:
    """Translate an Athena type into its Arrow type.

    >>> str(arrow_type("array<struct<x:double,y:double>>"))
    'list<element: struct<x: double, y: double>>'
    """
    if athena_type in _ARROW:
        return _ARROW[athena_type]
    outer, _, inner = athena_type.removesuffix(">").partition("<")
    if outer == "array":
        return pa.list_(pa.field("element", arrow_type(inner)))
    if outer == "struct":
        members = (member.partition(":") for member in inner.split(","))
        return pa.struct([(name, arrow_type(member_type)) for name, _, member_type in members])
    raise ValueError(f"unknown Athena type {athena_type!r}")


# The column by which the tables of one media asset join.
MEDIA_ID = Column("media_id", "string", "the media asset; joins with media_assets.media_id", required=True)
