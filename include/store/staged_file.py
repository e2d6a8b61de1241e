"""One staged file, which has the columns and types of its table or is refused."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.errors import TerminalError


class UnfitFileError(TerminalError, ValueError):
    """A staged file is no Parquet, or has not the columns and types of its table.

    :ivar uri: the file.
    :ivar columns: the columns that it has; empty if it is no Parquet.
    :ivar mistakes: column to what is wrong with it, in words.
    """

    def __init__(self, uri: str, columns: list[str], mistakes: dict[str, str]) -> None:
        self.uri = uri
        self.columns = columns
        self.mistakes = mistakes
        words = ", ".join(f"{name}: {mistake}" for name, mistake in mistakes.items())
        super().__init__(f"{uri} does not fit its table ({words}); clear task `normalize` of the run")


def open_staged(uri: str, body: bytes, schema: pa.Schema) -> pq.ParquetFile:
    """Open a file.

    :param schema: of the table's files; columns of a file may be declared to be without nulls.
    :raises UnfitFileError: if the file does not fit.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(body))
    except pa.ArrowInvalid as error:
        raise UnfitFileError(uri, [], {"the file": str(error)}) from error
    names = file.schema_arrow.names
    mistakes = {name: "this column is missing" for name in schema.names if name not in names}
    mistakes |= {name: "the table has no such column" for name in names if name not in schema.names}
    for field in file.schema_arrow:
        if field.name in schema.names and not _fits(field.type, schema.field(field.name).type):
            mistakes[field.name] = f"{field.type} and not {schema.field(field.name).type}"
    if not mistakes and names != schema.names:
        mistakes = {"all columns": "they are in another order"}
    if mistakes:
        raise UnfitFileError(uri, names, mistakes)
    return file


def encode_texts(file: pq.ParquetFile, body: bytes) -> pq.ParquetFile:
    """Open a file again so that its texts, alone and in lists, are read as dictionaries."""
    texts = {field.name for field in file.schema_arrow if pa.types.is_string(_member_type(field.type))}
    paths = (file.schema.column(number).path for number in range(len(file.schema)))
    encoded = [path for path in paths if path.split(".")[0] in texts]
    return pq.ParquetFile(io.BytesIO(body), metadata=file.metadata, read_dictionary=encoded)


def _member_type(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if pa.types.is_list(type_) else type_


def _fits(type_: pa.DataType, wanted: pa.DataType) -> bool:
    """Timestamps may have any unit."""
    return bool(type_ == wanted or (pa.types.is_timestamp(type_) and pa.types.is_timestamp(wanted)))
