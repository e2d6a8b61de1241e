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
    day, settings = workspace.run.partition, workspace.settings
    catalog = Catalog(workspace.aws.client("glue"), settings.database)
    whole = file_schema(TABLES[table])
    schema = pa.schema([whole.field(name) for name in columns])
    parts = [schema.append(pa.field("media_type", pa.string())).empty_table()]
    for media_type in MEDIA_TYPES:
        location = catalog.location(table, [day, media_type])
        for uri in list_uris(workspace.s3, location) if location else ():
            rows = _read(get(workspace.s3, uri), schema)
            parts.append(rows.append_column("media_type", pa.repeat(media_type, len(rows))))
    return pa.concat_tables(parts)


def _read(body: bytes, schema: pa.Schema) -> pa.Table:
    file = pq.ParquetFile(io.BytesIO(body))
    there = [name for name in schema.names if name in file.schema_arrow.names]
    rows = file.read(columns=there)
    found = {
        name: rows[name] if name in there else pa.nulls(len(rows), schema.field(name).type)
        for name in schema.names
    }
    return pa.table(found).cast(schema)
