"""Athena SQL from ``sql/``, the only place where SQL lives.

A placeholder such as ``${database}`` takes the name of a database or bucket. Values are Athena's ``?``
parameters.
"""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from itertools import takewhile
from pathlib import Path
from string import Template

from include.core.errors import TerminalError

SQL = Path(__file__).parents[2] / "sql"

# Names of Glue databases and S3 buckets; nothing that could end a quoted identifier or a string.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_REFERENCE = re.compile(r'"\$\{database\}"\.(\w+)')


class SqlError(TerminalError, ValueError):
    """A statement cannot be made; the text says why."""


def read_sql(name: str) -> str:
    """Return the file ``sql/<name>.sql`` as it is, for instance ``views/video_moments``.

    :raises SqlError: if it does not exist.
    """
    try:
        return (SQL / f"{name}.sql").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        known = ", ".join(sql_names())
        raise SqlError(f"sql/{name}.sql does not exist; choose from {known}") from error


def load_sql(name: str, **names: str) -> str:
    """Return a statement without its comment lines, ready for Athena.

    :param names: names of the placeholders, for instance ``database="media_lake"``.
    :raises SqlError: if the file does not exist, or a name is missing, unused or not plain.
    """
    template = Template(_without_comments(read_sql(name)))
    wanted = set(template.get_identifiers())
    if wanted != set(names):
        raise SqlError(f"sql/{name}.sql needs {_listed(wanted)}, but was given {_listed(set(names))}")
    for placeholder, value in names.items():
        if not _NAME.fullmatch(value):
            raise SqlError(
                f"{placeholder} {value!r} is not a name of lower-case letters, digits, '-', '_', '.'"
            )
    return template.substitute(names)


def load_view(name: str, database: str, account: str) -> str:
    """Return the statement that makes a view.

    :param name: such as ``views/focus_costs``.
    :param account: number of the AWS account that holds the lake.
    """
    names = {"database": database, "account": account}
    wanted = Template(_without_comments(read_sql(name))).get_identifiers()
    return load_sql(name, **{placeholder: names[placeholder] for placeholder in wanted})


def sql_names(folder: str = "") -> list[str]:
    """Return the names of all statements, or of those in a folder, in alphabetical order."""
    return sorted(path.relative_to(SQL).with_suffix("").as_posix() for path in (SQL / folder).rglob("*.sql"))


def view_names() -> list[str]:
    """Return the names of the views' statements, each after those it reads."""
    return [name for level in view_levels() for name in level]


def view_levels() -> list[list[str]]:
    """Return the names of the views' statements in levels: a view reads those of earlier levels alone."""
    reads = {name: names_read(name) for name in sql_names("views")}
    order = TopologicalSorter(
        {name: [other for other in reads if Path(other).name in read] for name, read in reads.items()}
    )
    order.prepare()
    levels = []
    while order.is_active():
        levels.append(sorted(order.get_ready()))
        order.done(*levels[-1])
    return levels


def names_read(name: str) -> set[str]:
    """Return the tables and views that a view's statement reads."""
    return set(_REFERENCE.findall(read_sql(name))) - {Path(name).name}


def description(name: str) -> str:
    """Return the first paragraph of the comment that a statement starts with, as one line.

    The notice of a generated file is left out.
    """
    first = takewhile(lambda line: line.startswith("-- "), read_sql(name).splitlines())
    comment = [line.removeprefix("--").strip() for line in first]
    return " ".join(line for line in comment if not line.startswith("Generated from "))


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--")).strip()


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "no names"
