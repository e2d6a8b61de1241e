"""A database of DuckDB as the local Athena uses it, without tables."""

from __future__ import annotations

import duckdb
import pytest

from local.aws.athena.dialect import SESSION_SETTINGS, prepare_database


@pytest.fixture(scope="session")
def engine() -> duckdb.DuckDBPyConnection:
    """DuckDB with Trino's functions."""
    connection = duckdb.connect()
    prepare_database(connection)
    for statement in SESSION_SETTINGS:
        connection.execute(statement)
    return connection
