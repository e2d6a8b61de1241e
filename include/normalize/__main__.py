"""Print the rows of archived responses as lines of JSON.

``python -m include.normalize OPERATION FILE [FILE ...]``: each file holds one response (the pages of a video job in
order), or NDJSON of archive lines; ``-`` is standard input.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from include.normalize import UnknownOperation, normalize


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 2 if an operation or a file cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m include.normalize", description=__doc__)
    parser.add_argument("operation", help="API operation, such as DetectLabels")
    parser.add_argument("files", nargs="+", help="response or NDJSON of archive lines; - is standard input")
    options = parser.parse_args(arguments)
    oddities: Counter[str] = Counter()
    try:
        normalize(options.operation, [])  # an unknown operation is the first thing to say
        _print_rows(options.operation, options.files, oddities)
    except (UnknownOperation, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for oddity, count in sorted(oddities.items()):
        print(f"note: {oddity}: {count}", file=sys.stderr)
    return 0


def _print_rows(operation: str, files: Sequence[str], oddities: Counter[str]) -> None:
    responses = (response for file in files for response in _responses(file, operation, oddities))
    for key, pages in groupby(responses, lambda response: response[0]):
        added = {} if key is None else {"analysis_key": key}
        for table, row in normalize(operation, (page for _, page in pages), oddities):
            print(json.dumps({"table": table, **added, **row}, ensure_ascii=False))


def _responses(
    file: str, operation: str, oddities: Counter[str]
) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield ``(analysis key, response)``; lines of other operations in an archive are passed over and counted."""
    for document in _documents(file):
        if "response" not in document:
            yield None, document
        elif document.get("operation", operation) == operation:
            yield document.get("analysis_key"), document["response"]
        else:
            oddities[f"line of operation {document['operation']} passed over"] += 1


def _documents(file: str) -> Iterator[dict[str, Any]]:
    name = "standard input" if file == "-" else file
    content = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    try:
        documents = [json.loads(content)]
    except json.JSONDecodeError as error:
        try:
            documents = [json.loads(line) for line in content.splitlines() if line.strip()]
        except json.JSONDecodeError:
            raise ValueError(f"{name} is neither JSON nor NDJSON: {error}") from None
        if not documents:
            raise ValueError(f"{name} is empty") from None
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("response", {}), dict):
            raise ValueError(f"{name} holds something that is no response object")
        yield document


if __name__ == "__main__":
    sys.exit(main())
