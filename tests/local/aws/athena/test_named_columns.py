"""Views and new tables want names for their columns."""

from __future__ import annotations

from collections.abc import Callable

import awswrangler as wr
import pytest
from awswrangler.exceptions import InvalidArgumentValue, InvalidCtasApproachQuery

Query = Callable[..., list[tuple[str | None, ...]]]


@pytest.mark.integration
def test_clients_understand_the_refusal(
    bucket: str, database: str, query: Query, reason: Callable[..., str]
) -> None:
    assert reason("CREATE VIEW v AS SELECT 1").startswith("MISSING_COLUMN_NAME: ")
    assert reason("CREATE TABLE t AS SELECT NULL AS a").startswith("COLUMN_TYPE_UNKNOWN: ")
    for sql, words in (
        ("SELECT 1 AS a, 2 AS a", "define distinct names"),
        ("SELECT 1", "define all columns names"),
        ("SELECT NULL AS a", "undefined columns types"),
    ):
        with pytest.raises((InvalidArgumentValue, InvalidCtasApproachQuery), match=words):
            wr.athena.read_sql_query(sql, database=database, s3_output=f"s3://{bucket}/results/")
    assert query("SHOW TABLES") == []
