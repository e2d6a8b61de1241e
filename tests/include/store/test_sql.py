"""Statements: placeholders, safety, order, and that Athena's dialect reads every file."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from include.core.features import FEATURES
from include.core.schemas import TABLES
from include.store import sql
from include.store.sql import SqlError, description, load_sql, names_read, sql_names, view_names

NAMES = {"database": "media_lake", "bucket": "media-lake"}
OTHERS = {"account": "123456789012", "bill_database": "billing", "bill_table": "cur2"}


def load(name: str) -> str:
    """Load a statement with whichever of the usual names it has."""
    text = sql.read_sql(name)
    return load_sql(name, **{key: value for key, value in (NAMES | OTHERS).items() if f"${{{key}}}" in text})


@pytest.mark.parametrize("name", sql_names())
def test_every_file_is_one_statement_in_athenas_dialect(name: str) -> None:
    statement = load(name)
    assert not statement.startswith("--")
    assert ";" not in statement
    assert "${" not in statement
    assert len(sqlglot.parse(statement, read="athena")) == 1


@pytest.mark.parametrize("name", view_names())
def test_a_view_creates_what_its_file_is_called_and_says_what_it_is_for(name: str) -> None:
    assert load(name).startswith(f'CREATE OR REPLACE VIEW "media_lake".{Path(name).name} AS\n')
    assert len(description(name)) > 40


def test_comments_are_left_out_and_names_put_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "SQL", tmp_path)
    (tmp_path / "a.sql").write_text(
        '-- What it is,\n-- in two lines.\nSELECT 1\n  -- aside\nFROM "${database}".t\n'
    )
    assert load_sql("a", database="my-lake_2") == 'SELECT 1\nFROM "my-lake_2".t'
    assert description("a") == "What it is, in two lines."


@pytest.mark.parametrize("value", ['x".t; DROP TABLE y --', "a b", "", "UPPER", "a'b", "a`b", "é", "x\n"])
def test_what_is_no_name_is_refused(value: str) -> None:
    with pytest.raises(SqlError, match="is not a name"):
        load_sql("views/cost_by_team_day", database=value)


def test_missing_and_unknown_names_and_files_are_told() -> None:
    with pytest.raises(SqlError, match=r"views/cost_by_team_day\.sql needs database, but was given no names"):
        load_sql("views/cost_by_team_day")
    with pytest.raises(SqlError, match="needs database, but was given bucket, database"):
        load_sql("views/cost_by_team_day", **NAMES)
    with pytest.raises(SqlError, match=r"sql/views/none\.sql does not exist; choose .*views/video_moments"):
        load_sql("views/none", database="x")
    with pytest.raises(SqlError, match=r"sql/\.\./include/x\.sql does not exist"):
        load_sql("../include/x", database="x")


def test_views_come_after_the_views_they_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "SQL", tmp_path)
    (tmp_path / "views").mkdir()
    for name, reads in (("a", "b"), ("b", "c"), ("c", "labels")):
        text = f'CREATE OR REPLACE VIEW "${{database}}".{name} AS SELECT * FROM "${{database}}".{reads}'
        (tmp_path / "views" / f"{name}.sql").write_text(text)
    assert view_names() == ["views/c", "views/b", "views/a"]


def test_names_read_are_those_of_tables_and_views() -> None:
    queue = {"moderation_labels", "moderation_reviews", "current_assets"}
    assert names_read("views/moderation_queue") == queue
    views = {Path(name).name for name in view_names()}
    assert set().union(*(names_read(name) for name in sql_names() if "ddl/" not in name)) <= {*TABLES, *views}


def test_the_count_of_rows_leaves_no_table_out() -> None:
    assert names_read("reports/table_rows") == set(TABLES)


def test_findings_by_file_has_a_column_for_each_feature_of_the_registry() -> None:
    (statement,) = sqlglot.parse(load("views/findings_by_file"), read="athena")
    assert statement is not None
    columns = {
        column.alias: [literal.this for literal in column.find_all(sqlglot.exp.Literal)]
        for column in statement.expression.expressions
        if isinstance(column, sqlglot.exp.Alias)
    }
    assert columns == {name: [name] for name in FEATURES}
