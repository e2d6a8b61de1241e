"""Run a statement through the Athena API and print its rows.

``python -m tools.query "SELECT ..." [--format table|json|csv]`` uses the workgroup and database of the
settings, at whatever endpoint boto3 is configured for.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TextIO

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tabulate import tabulate  # type: ignore[import-untyped]
from tenacity import Retrying, retry_if_result, wait_exponential

from include.core.printable import escaped
from include.core.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from mypy_boto3_athena.client import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

Value = str | int | float | bool | None

_INTEGERS = {"tinyint", "smallint", "integer", "bigint"}
_REALS = {"double", "float", "real", "decimal"}
_UNPRINTABLE = re.compile(r"[^ -~]+")
_FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0


class QueryError(RuntimeError):
    """Athena did not run the statement; the text is its reason."""


@dataclass(frozen=True)
class Result:
    """What a statement gave.

    :param columns: names of the columns; a statement such as CREATE VIEW has none.
    :param rows: values in the order of ``columns``, fetched page by page as they are read.
    """

    columns: tuple[str, ...]
    rows: Iterator[list[Value]]


def run_query(athena: AthenaClient, sql: str, database: str, workgroup: str) -> Result:
    """Run a statement, wait for its end and return its result.

    :raises QueryError: if it failed or was cancelled.
    """
    query_id = athena.start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": database}, WorkGroup=workgroup
    )["QueryExecutionId"]
    try:
        execution = _wait(athena, query_id)
    except KeyboardInterrupt:
        with suppress(ClientError):
            athena.stop_query_execution(QueryExecutionId=query_id)
        raise
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        raise QueryError(status.get("StateChangeReason") or f"the query ended as {status['State']}")
    return _result(athena, query_id)


def _wait(athena: AthenaClient, query_id: str) -> QueryExecutionTypeDef:
    """Wait until a query has ended; awswrangler can too, but its import takes longer than most queries."""
    poll = Retrying(
        retry=retry_if_result(lambda execution: execution["Status"]["State"] not in _FINAL),
        wait=wait_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE),
    )
    return poll(lambda: athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"])


def _result(athena: AthenaClient, query_id: str) -> Result:
    pages = iter(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id))
    first = next(pages)
    infos = first["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
    columns = tuple(info["Name"] for info in infos)
    types = [info["Type"] for info in infos]
    texts = (
        [cell.get("VarCharValue") for cell in row.get("Data", [])]
        for page in chain([first], pages)
        for row in page["ResultSet"]["Rows"]
    )
    return Result(columns, (_typed(row, types) for row in _without_header(texts, columns)))


def _without_header(rows: Iterable[list[str | None]], columns: Sequence[str]) -> Iterator[list[str | None]]:
    """Leave out the first row where it repeats the names of the columns, as it does for queries."""
    rest = iter(rows)
    head = list(islice(rest, 1))
    return chain([row for row in head if row != list(columns)], rest)


def _typed(row: Sequence[str | None], types: Sequence[str]) -> list[Value]:
    return [_value(text, type_) for text, type_ in zip(row, types, strict=False)]


def _value(text: str | None, type_: str) -> Value:
    if text is None:
        return None
    if type_ in _INTEGERS:
        return int(text)
    if type_ in _REALS:
        return float(text)
    return text == "true" if type_ == "boolean" else text


def print_table(result: Result, out: TextIO) -> None:
    """Print rows in aligned columns and their number; what a terminal would obey is escaped."""
    rows = [[escaped(value) if isinstance(value, str) else value for value in row] for row in result.rows]
    if result.columns:
        headers = [escaped(name) for name in result.columns]
        out.write(tabulate(rows, headers=headers, disable_numparse=_texts_of(rows), missingval="") + "\n")
        out.write(f"({len(rows)} row{'' if len(rows) == 1 else 's'})\n")


def _texts_of(rows: Sequence[Sequence[Value]]) -> list[int]:
    """Return the columns that hold text, which must not be shown as numbers even where it looks like some."""
    width = max(map(len, rows), default=0)
    return [index for index in range(width) if any(isinstance(row[index], str) for row in rows)]


def print_json(result: Result, out: TextIO) -> None:
    """Print a list of objects, one a line; what JSON cannot hold, such as NaN, is null."""
    out.write("[")
    for number, row in enumerate(result.rows):
        values = {name: _finite(value) for name, value in zip(result.columns, row, strict=True)}
        text = json.dumps(values, ensure_ascii=False, allow_nan=False)
        out.write((",\n " if number else "") + _UNPRINTABLE.sub(_as_json, text))
    out.write("]\n")


def _as_json(found: re.Match[str]) -> str:
    """Escape characters that JSON may hold as they are, but that a terminal would obey."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in found[0])


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def print_csv(result: Result, out: TextIO) -> None:
    """Print a header and rows as CSV, exactly; null is an empty field."""
    out.write(_csv_line(result.columns))
    for row in result.rows:
        out.write(_csv_line([str(value).lower() if isinstance(value, bool) else value for value in row]))


def _csv_line(row: Sequence[Value]) -> str:
    """Return a line of CSV. Only with this end of lines does the writer quote both of its characters."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue().removesuffix("\r\n") + "\n"


FORMATS = {"table": print_table, "json": print_json, "csv": print_csv}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.query",
        description="Run SQL through the Athena API.",
        epilog="Keys of S3 may hold any character. A table shows what a terminal would obey as escapes, such "
        "as \\n; JSON and CSV are exact. A CSV cell that begins with =, +, - or @ is a formula to a "
        "spreadsheet: to import it as text is the reader's matter.",
    )
    parser.add_argument("sql", help="the statement")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="how rows are printed (default: table)"
    )
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        athena = boto3.client("athena", region_name=settings.region)
        result = run_query(athena, options.sql, settings.database, settings.workgroup)
        FORMATS[options.format](result, sys.stdout)
    except (QueryError, SettingsError, ClientError, BotoCoreError) as error:
        print("\n".join(map(escaped, f"error: {error}".splitlines())), file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
