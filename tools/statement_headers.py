"""The comment that a view's statement begins with: the question, the columns, an example."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from include.store.sql import description, read_sql


@dataclass(frozen=True)
class Header:
    """What the comment of a view says.

    :param about: the question that the view answers, and how to read it.
    :param columns: names of columns and what they are; several columns may share one meaning.
    :param example: a query.
    """

    about: str
    columns: tuple[tuple[tuple[str, ...], str], ...]
    example: str


def read_header(name: str) -> Header:
    """Return the header of a statement such as ``views/label_spans``.

    :raises ValueError: if it lacks the columns or the example.
    """
    lines = [line.removeprefix("--") for line in read_sql(name).splitlines() if line.startswith("--")]
    text = textwrap.dedent("\n".join(line for line in lines if "Generated from" not in line))
    parts = re.fullmatch(r".*\n\nColumns:\n(.*)\nExample:\n(.*)", text, flags=re.DOTALL)
    if parts is None:
        raise ValueError(f"sql/{name}.sql has no paragraph 'Columns:' or 'Example:' in its first comment")
    entries = re.split(r"\n(?=  \S)", parts[1])
    return Header(
        description(name), tuple(_columns(entry) for entry in entries), textwrap.dedent(parts[2]).strip()
    )


def _columns(entry: str) -> tuple[tuple[str, ...], str]:
    names, _, meaning = " ".join(entry.split()).partition(": ")
    return tuple(names.split(", ")), meaning
