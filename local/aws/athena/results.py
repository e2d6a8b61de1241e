"""Writes result files to S3 as Athena does, and reads pages of results back from them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from local.aws.athena.athena_types import format_rows, result_type
from local.aws.athena.session import Session

Change = Callable[[Session, re.Match[str]], None]

_METADATA = b"\x0a\x00"
_ROWS_AT_ONCE = 10_000
_IN_MEMORY = 16 * 2**20
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)")?([,\n])')


def column_info(name: str, kind: str, precision: int = 0, scale: int = 0) -> dict[str, Any]:
    """Return the ColumnInfo of a column in GetQueryResults."""
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def run_select(session: Session, sql: str) -> None:
    """Run a query and store its rows as CSV: every value in quotes, a null as an empty field."""
    execution = session.execution
    cursor = session.connection.execute(session.translate(sql, shows_zones=True))
    names, kinds = [column[0] for column in cursor.description], [column[1] for column in cursor.description]
    execution.columns = [
        column_info(name, *result_type(kind)) for name, kind in zip(names, kinds, strict=True)
    ]
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        file.write(_csv_line(names))
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            execution.output_rows += len(rows)
            file.writelines(map(_csv_line, format_rows(rows, kinds)))
        file.seek(0)
        session.storage.write(execution.location, file.read())
    session.storage.write(execution.location + ".metadata", _METADATA)


def _csv_line(values: Sequence[str | None]) -> bytes:
    texts = ("" if value is None else '"' + value.replace('"', '""') + '"' for value in values)
    return (",".join(texts) + "\n").encode()


def read_csv_rows(text: str, start: int) -> Iterator[tuple[list[str | None], int]]:
    """Yield rows of a result's CSV, each with the position where the next row starts.

    :param start: position to start from: 0, or one that came with an earlier row.
    """
    row: list[str | None] = []
    for match in _FIELD.finditer(text, start):
        value, end = match.groups()
        row.append(None if value is None else value.replace('""', '"'))
        if end == "\n":
            yield row, match.end()
            row = []


def silent(change: Change) -> Change:
    """Turn a change into a statement with an empty result."""

    def run(session: Session, match: re.Match[str]) -> None:
        change(session, match)
        write_text_result(session, [], [])

    return run


def write_text_result(session: Session, columns: list[str], rows: list[list[str | None]]) -> None:
    """Store the result of a SHOW, DESCRIBE or DDL statement: tab-separated text without a header."""
    execution = session.execution
    execution.columns = [column_info(name, "string") for name in columns]
    execution.rows = rows
    lines = ("\t".join(value or "" for value in row) for row in rows)
    session.storage.write(execution.location, "\n".join(lines).encode())
    session.storage.write(execution.location + ".metadata", _METADATA)


def write_manifest(session: Session, files: list[str], rows: int) -> None:
    """Store the list of files that a CREATE TABLE AS, INSERT or UNLOAD wrote."""
    execution = session.execution
    execution.columns = [column_info("rows", "bigint", 19)]
    execution.rows = []
    execution.update_count = rows
    execution.manifest = execution.location + "-manifest.csv"
    session.storage.write(execution.manifest, "\n".join(files).encode())
    session.storage.write(execution.location + ".metadata", _METADATA)
