"""The functions and operators of Athena's documentation give Trino's values, as far as we know them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from local.aws.athena.athena_errors import QueryFailed, failure_reason
from local.aws.athena.dialect import parse_query, to_duckdb
from local.aws.athena.function_list import OFFERED_NAMES
from local.aws.athena.grammar import tokenize

FOLDER = Path(__file__).parent / "conformance"
FAMILIES = sorted(path.stem for path in FOLDER.glob("*.yaml"))

_CASE = re.compile(r"^(\S.*?)\s+=>(?: ([^\n]*))?$", re.MULTILINE | re.DOTALL)

Case = tuple[str, str]


def cases(family: str) -> Iterator[Case]:
    """Yield expressions and their values; a case may take several lines."""
    functions = yaml.safe_load((FOLDER / f"{family}.yaml").read_text(encoding="utf-8"))
    for text in functions.values():
        for expression, value in _CASE.findall(text):
            yield " ".join(expression.split("\n")), value


def values_of(family: str) -> list[Case]:
    return [case for case in cases(family) if not case[1].startswith("!")]


ERRORS = [case for family in FAMILIES for case in cases(family) if case[1].startswith("!")]


@pytest.mark.parametrize("family", FAMILIES)
def test_values(query: Callable[..., list[tuple[str | None, ...]]], family: str) -> None:
    expected = values_of(family)
    columns = ", ".join(f"{expression} AS c{number}" for number, (expression, _) in enumerate(expected))
    [row] = query(f"SELECT {columns}")
    found = [
        (expression, "NULL" if value is None else value)
        for (expression, _), value in zip(expected, row, strict=True)
    ]
    assert found == expected


@pytest.mark.parametrize(("expression", "error"), ERRORS)
def test_errors(engine: duckdb.DuckDBPyConnection, expression: str, error: str) -> None:
    sql = f"SELECT {expression}"
    with pytest.raises((duckdb.Error, QueryFailed)) as caught:
        engine.sql(to_duckdb(parse_query(sql))).fetchall()
    assert failure_reason(caught.value, sql).startswith(error.removeprefix("!") + ": ")


def test_there_are_cases_for_every_function() -> None:
    everything = [case for family in FAMILIES for case in cases(family)]
    words = {token.text.lower() for expression, _ in everything for token in tokenize(expression)}
    assert OFFERED_NAMES - words == set()
    assert len(set(everything)) >= 600
