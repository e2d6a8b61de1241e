"""Every view says what it answers, which columns it has, and gives an example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from include.core.schemas import TABLES
from include.store import sql
from local.aws.athena.athena_types import hive_to_duckdb
from local.aws.athena.dialect import parse_query, prepare_database, to_duckdb
from tests.lake_views import VIEWS, query_of
from tools.statement_headers import read_header


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables of the lake, and its views."""
    with duckdb.connect() as connection:
        prepare_database(connection)
        for table in TABLES.values():
            types = {**table.column_types, **dict.fromkeys((*table.partition_keys, "$path"), "string")}
            columns = ", ".join(f'"{name}" {hive_to_duckdb(kind)}' for name, kind in types.items())
            connection.execute(f"CREATE TABLE {table.name} ({columns})")
        for view in VIEWS:
            translated = to_duckdb(parse_query(query_of(view)))
            text = translated.replace("assets.*", 'assets.* EXCLUDE ("$path")')
            connection.execute(f"CREATE VIEW {view} AS {text}")
        yield connection


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_columns_that_its_header_names(database: duckdb.DuckDBPyConnection, view: str) -> None:
    header = read_header(VIEWS[view])
    named = [name for names, meaning in header.columns for name in names if meaning]
    found = [row[0] for row in database.execute(f"DESCRIBE {view}").fetchall()]
    assert sorted(named) == sorted(found)
    assert "?" in header.about


@pytest.mark.parametrize("view", VIEWS)
def test_an_example_is_a_query_of_its_view(database: duckdb.DuckDBPyConnection, view: str) -> None:
    example = read_header(VIEWS[view]).example
    assert f"FROM {view}" in example
    assert database.execute(to_duckdb(parse_query(example))).fetchall() == []


def test_a_header_that_lacks_something_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "SQL", tmp_path)
    (tmp_path / "a.sql").write_text("-- What is it?\n--\n-- Columns:\n--   a: a letter\nSELECT 1 AS a\n")
    with pytest.raises(ValueError, match=r"sql/a\.sql has no paragraph 'Columns:' or 'Example:'"):
        read_header("a")
