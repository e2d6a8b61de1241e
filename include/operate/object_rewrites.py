"""What becomes of one object of the lake from which something goes: bytes in, bytes out.

Rows of others stay as they are, to the byte where an object has lines.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.schemas import TABLES
from include.core.schemas.table import MEDIA_ID
from include.core.text_encoding import encoding_of
from include.operate.erased_identity import Identity, holds, pruned
from include.store.objects import Row
from include.store.parquet import write_parquet


class Rewritten(NamedTuple):
    """What an object becomes.

    :param rows: that went, or had names taken out.
    :param body: None if nothing is left of it, so that it goes.
    """

    rows: int
    body: bytes | None


# None: the object stays as it is.
Rewrite = Callable[[bytes], Rewritten | None]
# What a line becomes: itself if it stays as it is, None if it goes.
LineEdit = Callable[[Row], Row | None]


def tells_names(table: str) -> bool:
    """Whether rows of a table are about runs or money: they stay, and names are taken out of them."""
    columns = TABLES[table].column_types
    return MEDIA_ID.name not in columns or "usd" in columns


def rewrite_rows(identity: Identity, for_athena: bool = True) -> Rewrite:
    """Return what takes rows out of a Parquet file. One without rows stays: its version has that file."""

    def rewrite(body: bytes) -> Rewritten | None:
        return _kept_rows(body, lambda rows: pc.invert(_named_rows(rows, identity)), for_athena)

    return rewrite


def keep_rows(keep: Callable[[pa.Table], Any], for_athena: bool = True) -> Rewrite:
    """Return what takes out of a Parquet file the rows that a function has no True for."""
    return lambda body: _kept_rows(body, keep, for_athena)


def _kept_rows(body: bytes, keep: Callable[[pa.Table], Any], for_athena: bool) -> Rewritten | None:
    file = pq.ParquetFile(io.BytesIO(body))
    groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
    kept = [rows.filter(keep(rows)) for rows in groups]
    gone = file.metadata.num_rows - sum(rows.num_rows for rows in kept)
    if not gone:
        return None
    left = [rows for rows in kept if rows.num_rows]
    return Rewritten(gone, _parquet(file.schema_arrow, left, for_athena))


def _named_rows(rows: pa.Table, identity: Identity) -> Any:
    """Return True for each row that has an identifier in one of its texts."""
    named = pa.repeat(False, rows.num_rows)
    for name in _text_columns(rows.schema):
        is_named = _is_name_of_face if name == "external_image_id" else Identity.is_id
        found = [text for text in pc.unique(rows[name]).to_pylist() if text and is_named(identity, text)]
        if found:
            named = pc.or_(named, pc.is_in(rows[name], pa.array(found, pa.string())))
    return named


def _is_name_of_face(identity: Identity, text: str) -> bool:
    return text in identity.external_image_ids


def _text_columns(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if pa.types.is_string(field.type)]


def rename_in_rows(identity: Identity, salt: str) -> Rewrite:
    """Return what takes names out of the texts of a Parquet file."""

    def rewrite(body: bytes) -> Rewritten | None:
        file = pq.ParquetFile(io.BytesIO(body))
        groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
        renamed = [_renamed(rows, identity, salt) for rows in groups]
        count = sum(rows for _, rows in renamed)
        if not count:
            return None
        return Rewritten(count, _parquet(file.schema_arrow, [rows for rows, _ in renamed], for_athena=True))

    return rewrite


def _renamed(rows: pa.Table, identity: Identity, salt: str) -> tuple[pa.Table, int]:
    """Return rows with names taken out, and how many rows had one."""
    changed: set[int] = set()
    for name in _text_columns(rows.schema):
        texts = pc.unique(rows[name]).to_pylist()
        others = {text: identity.without(text, salt) for text in texts if text and identity.is_named_in(text)}
        if others:
            values = rows[name].to_pylist()
            changed.update(number for number, text in enumerate(values) if text in others)
            place = rows.schema.get_field_index(name)
            renamed = pa.array([others.get(text, text) for text in values], pa.string())
            rows = rows.set_column(place, rows.schema.field(place), renamed)
    return rows, len(changed)


def _parquet(schema: pa.Schema, groups: Iterable[pa.Table], for_athena: bool) -> bytes:
    file = io.BytesIO()
    write_parquet(file, schema, groups, for_athena)
    return file.getvalue()


def rewrite_lines(edit: LineEdit) -> Rewrite:
    """Return what edits the lines of compressed NDJSON; an object without lines goes.

    A line that is no JSON object stays.
    """

    def rewrite(body: bytes) -> Rewritten | None:
        kept, rows = [], 0
        for text in _lines(body):
            line = _json(text)
            edited = edit(line) if line is not None else line
            rows += edited is not line
            if edited is line:
                kept.append(text)
            elif edited is not None:
                kept.append(orjson.dumps(edited, option=orjson.OPT_APPEND_NEWLINE))
        if not rows:
            return None
        return Rewritten(rows, gzip.compress(b"".join(kept), compresslevel=5, mtime=0) if kept else None)

    return rewrite


def _lines(body: bytes) -> Iterator[bytes]:
    """Yield the lines of an object, as UTF-8 where another tool wrote UTF-16."""
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
        encoding = encoding_of(file.peek(2))
        if encoding.startswith("utf-16"):
            yield from (line.encode() for line in io.TextIOWrapper(file, encoding))
        else:
            yield from file


def _json(text: bytes) -> Row | None:
    try:
        line = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def archive_edit(identity: Identity) -> LineEdit:
    """Responses about what is erased go; of a face, its matches in responses about other assets."""

    def edit(line: Row) -> Row | None:
        payer = line.get("payer") or {}
        named = {line.get("analysis_key"), line.get("content_id"), payer.get("media_id")}
        if not named.isdisjoint(identity.ids):
            return None
        if (identity.faces or identity.external_image_ids) and holds(line.get("response"), identity):
            return {**line, "response": pruned(line["response"], identity)}
        return line

    return edit


def plan_edit(identity: Identity) -> LineEdit:
    """Assets that are erased are planned no longer."""
    return lambda line: None if line["asset"]["media_id"] in identity.media_ids else line


def event_edit(identity: Identity) -> LineEdit:
    """Events about objects that are erased go."""

    def edit(line: Row) -> Row | None:
        bucket, key, etag = (str(line.get(name) or "") for name in ("bucket", "key", "etag"))
        return None if identity.has_object(bucket, key, etag) else line

    return edit


def message_edit(identity: Identity) -> LineEdit:
    """Messages that were put aside go if their text names what is erased."""
    return lambda line: None if identity.is_named_in(str(line.get("body"))) else line


def usage_edit(identity: Identity, salt: str) -> LineEdit:
    """What was used stays, for it was paid; of what, is taken out."""

    def edit(line: Row) -> Row | None:
        others = {
            name: identity.without(value, salt)
            for name, value in line.items()
            if isinstance(value, str) and identity.is_id(value)
        }
        return line | others if others else line

    return edit


def drop_if_named(identity: Identity) -> Rewrite:
    """Return what takes away a whole result of a query or a report that names what is erased."""

    def rewrite(body: bytes) -> Rewritten | None:
        return Rewritten(1, None) if identity.is_named_in(_text(body)) else None

    return rewrite


def _text(body: bytes) -> str:
    """Return everything that an object says, whatever its form."""
    if body.startswith(b"PAR1"):
        return orjson.dumps(pq.read_table(io.BytesIO(body)).to_pylist(), default=str).decode()
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    return body.decode("utf-8", "replace")
