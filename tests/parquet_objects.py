"""Parquet objects of S3, written and read by plain pyarrow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.store.objects import Row, get, put


def put_parquet(s3: Any, uri: str, rows: Sequence[Row], schema: pa.Schema) -> None:
    """Write rows as one object."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), file)
    put(s3, uri, file.getvalue())


def get_parquet(s3: Any, uri: str) -> pa.Table:
    """Read one object.

    :raises FileNotFoundError: if there is none.
    """
    return pq.read_table(io.BytesIO(get(s3, uri)))
