"""What readers have of a day, read again."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.features import MEDIA_TYPES
from include.core.schemas import TABLES
from include.publish.glue_catalog import Catalog
from include.store.objects import get, list_uris
from include.store.parquet import file_schema
from include.store.workspace import Workspace


def read_published(workspace: Workspace, table: str, columns: Sequence[str]) -> pa.Table:
    """Return columns of what is published of the run's day, images and videos, with column ``media_type``.

    A column that earlier versions did not write is null.
    """
    catalog = Catalog(workspace.aws.client("glue"), workspace.settings.database)
    parts = []
    for media_type in MEDIA_TYPES:
        location = catalog.location(table, [workspace.run.partition, media_type])
        rows = read_location(workspace, table, columns, location)
        parts.append(
            rows.append_column("media_type", pa.repeat(pa.scalar(media_type, pa.string()), len(rows)))
        )
    return pa.concat_tables(parts)


def read_location(workspace: Workspace, table: str, columns: Sequence[str], location: str | None) -> pa.Table:
    """Return columns of the files below a location of a table; without a location there are no rows."""
    whole = file_schema(TABLES[table])
    schema = pa.schema([whole.field(name) for name in columns])
    uris = list_uris(workspace.s3, location) if location else ()
    return pa.concat_tables([schema.empty_table(), *(_read(get(workspace.s3, uri), schema) for uri in uris)])


def _read(body: bytes, schema: pa.Schema) -> pa.Table:
    file = pq.ParquetFile(io.BytesIO(body))
    there = [name for name in schema.names if name in file.schema_arrow.names]
    rows = file.read(columns=there)
    found = {
        name: rows[name] if name in there else pa.nulls(len(rows), schema.field(name).type)
        for name in schema.names
    }
    return pa.table(found).cast(schema)
