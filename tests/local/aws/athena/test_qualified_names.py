"""Columns that name their table's database."""

from __future__ import annotations

import pytest

from local.aws.athena.dialect import parse_query
from local.aws.athena.qualified_names import shorten


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT lake.labels.name FROM lake.labels", 'SELECT "labels".name FROM lake.labels'),
        ("SELECT lake.labels.name FROM labels", 'SELECT "labels".name FROM labels'),
        (
            "SELECT awsdatacatalog.Lake.LABELS.name FROM lake.labels",
            'SELECT "labels".name FROM lake.labels',
        ),
        ("SELECT lake.labels.* FROM lake.labels", 'SELECT "labels".* FROM lake.labels'),
        ("SELECT lake.labels.box.low.x FROM labels", 'SELECT "labels".box.low.x FROM labels'),
        (
            "SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE lake.a.x = lake.b.x)",
            'SELECT 1 FROM a WHERE EXISTS(SELECT 1 FROM b WHERE "a".x = "b".x)',
        ),
        (
            "SELECT old.t.x, new.t.x FROM old.t JOIN new.t ON old.t.id = new.t.id",
            'SELECT "t".x, "new.t".x FROM old.t JOIN new.t AS "new.t" ON "t".id = "new.t".id',
        ),
        # A field of a row, and a table that has another name here.
        ("SELECT l.box.low FROM lake.labels AS l", "SELECT l.box.low FROM lake.labels AS l"),
        ("SELECT lake.labels.name FROM lake.labels AS l", "SELECT lake.labels.name FROM lake.labels AS l"),
    ],
)
def test_a_table_is_enough_to_name_a_column(sql: str, expected: str) -> None:
    query = parse_query(sql)
    shorten(query, "lake")
    assert query.sql("trino") == expected
