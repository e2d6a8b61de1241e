"""A lake whose tables a test writes, and whose statements it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from include.store.sql import load_sql
from local.questions.written_lake import Row, WrittenLake

Query = Callable[..., list[tuple[str | None, ...]]]

__all__ = ["Lake", "Query", "Row"]


class Lake(WrittenLake):
    """Tables made by ``sql/ddl`` in a bucket and database of the test's own."""

    def __init__(self, s3: Any, bucket: str, database: str, query: Query) -> None:
        super().__init__(s3, bucket, database, query)
        self._query = query

    def run(self, name: str, **options: Any) -> list[tuple[str | None, ...]]:
        """Run a statement of ``sql`` and return its rows."""
        return self._query(load_sql(name, database=self._database), **options)
