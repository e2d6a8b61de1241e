"""Print the rows of archived responses as lines of JSON, each with its table.

``python -m include.normalize OPERATION FILE [FILE ...]``: each file holds one response (the pages of a video
job in order), or NDJSON of responses, of archive lines or of a results manifest; ``-`` is standard input.
Text is UTF-8, or UTF-16 with its byte-order mark.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby
from typing import Any, TextIO, cast

from include.core.text_encoding import encoding_of
from include.normalize import NORMALIZERS, UnknownOperationError, normalize
from include.normalize.members import MANIFEST_SOURCE
from include.store.response_archive import page_of

# What `json` raises: RecursionError for what is nested too deeply.
_NO_JSON = (ValueError, RecursionError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 2 if an operation or a file cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m include.normalize",
        description=__doc__,
        epilog=f"Operations: {', '.join(sorted(NORMALIZERS))}.",
    )
    parser.add_argument(
        "operation", metavar="OPERATION", help="API operation that gave the responses; see below"
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="response or NDJSON; - is standard input")
    options = parser.parse_args(arguments)
    anomalies: Counter[str] = Counter()
    try:
        normalize(options.operation, [])  # an unknown operation is the first thing to say
        _print_rows(options.operation, options.files, anomalies)
    except (UnknownOperationError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for anomaly, count in sorted(anomalies.items()):
        print(f"note: {anomaly}: {count}", file=sys.stderr)
    return 0


def _print_rows(operation: str, files: Sequence[str], anomalies: Counter[str]) -> None:
    responses = (response for file in files for response in _responses(file, operation, anomalies))
    for origin, pages in groupby(responses, lambda response: response[0]):
        for table, row in normalize(operation, (page for _, page in pages), anomalies):
            print(json.dumps({"table": table, **origin, **row}, ensure_ascii=False))


def _responses(
    file: str, operation: str, anomalies: Counter[str]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield ``(columns that say where it is from, response)``.

    Lines of other operations in an archive are passed over and counted.
    """
    for document in _documents(file):
        if MANIFEST_SOURCE in document:
            yield {"source_ref": document[MANIFEST_SOURCE]}, document
        elif "response" not in document:
            yield {}, document
        elif document.get("operation", operation) == operation:
            yield {"analysis_key": document.get("analysis_key")}, page_of(document)
        else:
            anomalies[f"line of operation {document['operation']} passed over"] += 1


def _documents(file: str) -> Iterator[dict[str, Any]]:
    name = "standard input" if file == "-" else file
    with _opened(file) as lines:
        try:
            for document in _parsed(lines, name):
                if not isinstance(document, dict) or not isinstance(document.get("response", {}), dict):
                    raise ValueError(f"{name} holds something that is not a response object")
                yield document
        except UnicodeError:
            raise ValueError(
                f"{name} is not text in UTF-8, or in UTF-16 with its mark: save it as UTF-8, or decompress it"
            ) from None


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    with nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb") as stream:
        lines = io.TextIOWrapper(stream, encoding_of(cast("io.BufferedReader", stream).peek(2)))
        yield lines
        lines.detach()  # or it would close standard input


def _parsed(lines: TextIO, name: str) -> Iterator[Any]:
    """Yield the document of each line, or the only one of the file if its first line is not a document."""
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise ValueError(f"{name} is empty")
    try:
        document = json.loads(first)
    except _NO_JSON:
        whole = first + lines.read()
        try:
            yield json.loads(whole)
        except _NO_JSON as error:
            raise ValueError(
                f"{name} is neither JSON nor NDJSON: save the response again, as JSON ({error})"
            ) from None
        return
    yield document
    for line in lines:
        if line.strip():
            try:
                yield json.loads(line)
            except _NO_JSON as error:
                raise ValueError(
                    f"{name} has a line that is not JSON: save it again ({error}: {line[:60]!r})"
                ) from None


if __name__ == "__main__":
    sys.exit(main())
