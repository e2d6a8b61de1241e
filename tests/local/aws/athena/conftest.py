"""What the tests of Athena share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from local.aws.athena.dialect import SESSION_SETTINGS, prepare_database
from tests.local.aws.athena.checked_calls import CheckedCalls


@pytest.fixture(scope="session")
def engine() -> duckdb.DuckDBPyConnection:
    """DuckDB with Trino's functions, without tables."""
    connection = duckdb.connect()
    prepare_database(connection)
    for statement in SESSION_SETTINGS:
        connection.execute(statement)
    return connection


@pytest.fixture(scope="module")
def call(endpoint_url: str) -> CheckedCalls:
    """Call an operation of Athena's; its reply is checked against the API's model."""
    return CheckedCalls(endpoint_url)


@pytest.fixture
def reason(execute: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Run a statement that must fail and give the reason."""

    def run(sql: str, **options: Any) -> str:
        execution = execute(sql, **options)
        assert execution["Status"]["State"] == "FAILED"
        return str(execution["Status"]["StateChangeReason"])

    return run
