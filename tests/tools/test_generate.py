"""Generated files are fresh, complete, and --check tells when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from include.core.schemas import TABLES
from include.store.sql import load_sql
from tools import generate


def test_the_files_in_the_project_are_fresh() -> None:
    assert generate.stale() == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_ddl_has_every_column_and_partition_key_with_type_and_comment(table: generate.Table) -> None:
    statement = sqlglot.parse_one(load_sql(f"ddl/{table.name}", database="d", bucket="b"), read="athena")
    found = {
        column.name: (
            column.kind.sql("hive").lower().replace(" ", "").replace("`", ""),
            next(item.this.name for item in column.find_all(exp.CommentColumnConstraint)),
        )
        for column in statement.find_all(exp.ColumnDef)
        if column.find(exp.CommentColumnConstraint)
    }
    assert {name: type_ for name, (type_, _) in found.items()} == {
        **table.column_types,
        **dict.fromkeys(table.partition_keys, "string"),
    }
    assert {column.name: column.meaning.replace(";", ",") for column in table.columns}.items() <= {
        name: comment for name, (_, comment) in found.items()
    }.items()


def test_the_dictionary_explains_every_table_column_and_view() -> None:
    page = generate.data_dictionary()
    for table in TABLES.values():
        section = page.split(f"\n## {table.name}\n")[1].split("\n## ")[0]
        for column in table.columns:
            assert f"| `{column.name}` | `{column.type}` |" in section
            assert column.meaning in section
    assert "| `video_moments` |" in page
    assert page.count("**Sensitive**") == sum(table.sensitive for table in TABLES.values())


def test_check_names_stale_files_and_write_mends_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate.stale, "__defaults__", (tmp_path,))
    monkeypatch.setattr(generate.write, "__defaults__", (tmp_path,))
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / "docs/DATA.md").write_text("old")
    (tmp_path / "sql/ddl/labels.sql").unlink()
    (tmp_path / "sql/ddl/gone.sql").write_text("a table of yesterday")
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in told] == ["docs/DATA.md", "sql/ddl/gone.sql", "sql/ddl/labels.sql"]
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    assert not (tmp_path / "sql/ddl/gone.sql").exists()
