"""Formats of the files that statements write: Parquet, delimited text and JSON.

Which of them INSERT takes is the list of "INSERT INTO", Athena user guide.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.athena_types import java_double
from local.aws.athena.catalog import PARQUET, Table

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import StorageDescriptorOutputTypeDef

LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
JSON_SERDE = "org.apache.hive.hcatalog.data.JsonSerDe"
TEXT: StorageDescriptorOutputTypeDef = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
}
_DELIMITER = "\x01"
_NULL = "\\N"

Options = dict[str, str | list[str]]


@dataclass(frozen=True)
class FileFormat:
    """How rows become a file.

    :param suffix: of the file's name.
    :param storage: the members of Glue's StorageDescriptor that describe the format.
    :param encode: returns the file of rows.
    """

    suffix: str
    storage: StorageDescriptorOutputTypeDef
    encode: Callable[[pa.Table], bytes]


def format_of_table(table: Table) -> FileFormat:
    """Return the format in which INSERT adds to a table.

    :raises QueryFailed: HIVE_UNSUPPORTED_FORMAT, if Athena does not write it.
    """
    serde = table.storage.get("SerdeInfo") or {}
    library = str(serde.get("SerializationLibrary", ""))
    parameters = serde.get("Parameters") or {}
    if "parquet" in library.lower():
        return parquet("snappy")
    if library == JSON_SERDE:
        return _json_lines()
    if library == LAZY_SIMPLE:
        headers = int(table.definition.get("Parameters", {}).get("skip.header.line.count", 0))
        if headers > 1:
            raise QueryFailed(
                "NOT_SUPPORTED: Inserting into Hive table with value of skip.header.line.count property "
                "greater than 1 is not supported"
            )
        return _delimited(parameters.get("field.delim") or _DELIMITER, has_header=headers == 1)
    raise QueryFailed(
        f"HIVE_UNSUPPORTED_FORMAT: Output format {table.storage.get('OutputFormat')} with SerDe {library} "
        "is not supported"
    )


def format_of_options(options: Options) -> FileFormat:
    """Return the format that CREATE TABLE AS or UNLOAD asks for.

    :raises QueryFailed: if it is none of Parquet, text and JSON.
    """
    name = str(options.get("format", "PARQUET")).upper()
    if name == "PARQUET":
        return parquet(_codec(options))
    if name == "JSON":
        return _json_lines()
    if name == "TEXTFILE":
        return _delimited(str(options.get("field_delimiter") or _DELIMITER))
    raise QueryFailed(
        f"NOT_SUPPORTED: the local Athena does not write {name}, but PARQUET, JSON and TEXTFILE"
    )


def parquet(codec: str) -> FileFormat:
    """Return Parquet with a codec, such as ``snappy``."""

    def encode(rows: pa.Table) -> bytes:
        buffer = io.BytesIO()
        pq.write_table(rows, buffer, compression=codec)
        return buffer.getvalue()

    return FileFormat(".parquet", PARQUET, encode)


def _codec(options: Options) -> str:
    named = (
        options.get("write_compression")
        or options.get("compression")
        or options.get("parquet_compression")
        or "GZIP"
    )
    return str(named).lower()


def _delimited(delimiter: str, has_header: bool = False) -> FileFormat:
    """Return delimited text as LazySimpleSerDe writes it: nothing is quoted, a null is ``\\N``."""

    def encode(rows: pa.Table) -> bytes:
        nested = next((field.name for field in rows.schema if pa.types.is_nested(field.type)), None)
        if nested:
            raise QueryFailed(f"NOT_SUPPORTED: the local Athena does not write column {nested} to text")
        lines = [delimiter.join(rows.column_names)] if has_header else []
        columns = [column.to_pylist() for column in rows.columns]
        lines += [delimiter.join(map(_text, row)) for row in zip(*columns, strict=True)]
        return gzip.compress("".join(line + "\n" for line in lines).encode(), mtime=0)

    parameters = {"field.delim": delimiter, "serialization.format": delimiter}
    return FileFormat(
        ".gz", {**TEXT, "SerdeInfo": {"SerializationLibrary": LAZY_SIMPLE, "Parameters": parameters}}, encode
    )


def _text(value: Any) -> str:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return str(value).lower()
    return java_double(value) if isinstance(value, float) else str(_plain(value))


def _json_lines() -> FileFormat:
    def encode(rows: pa.Table) -> bytes:
        lines = (json.dumps(row, default=_plain, ensure_ascii=False) + "\n" for row in rows.to_pylist())
        return gzip.compress("".join(lines).encode(), mtime=0)

    return FileFormat(".gz", {**TEXT, "SerdeInfo": {"SerializationLibrary": JSON_SERDE}}, encode)


def _plain(value: Any) -> Any:
    """Return a value as text files hold it."""
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "milliseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, Decimal) else value
