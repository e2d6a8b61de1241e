"""Prepared statements, by SQL, by API and by awswrangler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import awswrangler as wr
import pytest
from botocore.exceptions import ClientError

from local.aws.athena.prepared_statements import PreparedStatements
from local.aws.endpoint_errors import AwsError
from tests.local.aws.athena.checked_calls import CheckedCalls

Query = Callable[..., list[tuple[str | None, ...]]]
REGION, WORKGROUP = "us-east-1", "primary"


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        ("EXECUTE p USING 1, 'a, b'", [], "SELECT 1, 'a, b'"),
        ("execute p\n using ARRAY[1, 2], concat('a', 'b') ;", [], "SELECT ARRAY[1, 2], concat('a', 'b')"),
        ('EXECUTE "p"', ["1", "2"], "SELECT 1, 2"),
        ("SELECT ?", ["'x'"], "SELECT 'x'"),
        ("SELECT 1", [], "SELECT 1"),
    ],
)
def test_values_take_the_places_of_question_marks(sql: str, parameters: list[str], expected: str) -> None:
    prepared = PreparedStatements()
    prepared.create(REGION, WORKGROUP, "p", "SELECT ?, ?")
    assert prepared.resolve(sql, parameters, REGION, WORKGROUP) == expected


def test_what_is_not_prepared_is_not_executed() -> None:
    with pytest.raises(AwsError, match="PreparedStatement p was not found in workGroup primary") as caught:
        PreparedStatements().resolve("EXECUTE p", [], REGION, WORKGROUP)
    assert caught.value.code == "InvalidRequestException"


@pytest.mark.integration
def test_statements_are_prepared_executed_and_forgotten(
    query: Query, reason: Callable[..., str], execute: Callable[..., dict[str, Any]], bucket: str
) -> None:
    name = "p_" + bucket.removeprefix("test-")
    query(f"PREPARE {name} FROM SELECT x FROM UNNEST(sequence(1, 5)) AS t(x) WHERE x > ? AND x < ?")
    assert query(f"EXECUTE {name} USING 2, 5") == [("3",), ("4",)]
    assert query(f"EXECUTE {name}", ExecutionParameters=["3", "5"]) == [("4",)]
    assert execute(f"EXECUTE {name} USING 2, 5")["Query"] == f"EXECUTE {name} USING 2, 5"
    assert "already exists" in reason(f"PREPARE {name} FROM SELECT 1")
    with pytest.raises(ClientError, match="expected 2 but found 1"):
        execute(f"EXECUTE {name} USING 1")
    query(f"DEALLOCATE PREPARE {name}")
    assert f"PreparedStatement {name} was not found" in reason(f"DEALLOCATE PREPARE {name}")
    with pytest.raises(ClientError, match="was not found in workGroup primary"):
        execute(f"EXECUTE {name} USING 1, 2")


@pytest.mark.integration
def test_the_api_keeps_statements_by_workgroup(call: CheckedCalls, bucket: str) -> None:
    key = {"WorkGroup": bucket, "StatementName": "s_1"}
    call("CreatePreparedStatement", **key, QueryStatement="SELECT ?", Description="one")
    assert (
        call.error("CreatePreparedStatement", **key, QueryStatement="SELECT ?")[0]
        == "InvalidRequestException"
    )
    call("UpdatePreparedStatement", **key, QueryStatement="SELECT ?, ?")
    found = call("GetPreparedStatement", **key)["PreparedStatement"]
    assert (found["QueryStatement"], found["WorkGroupName"]) == ("SELECT ?, ?", bucket)
    names = ["s_1", "none"]
    both = call("BatchGetPreparedStatement", WorkGroup=bucket, PreparedStatementNames=names)
    assert both["PreparedStatements"] == [found]
    assert [item["StatementName"] for item in both["UnprocessedPreparedStatementNames"]] == ["none"]
    listed = call("ListPreparedStatements", WorkGroup=bucket)["PreparedStatements"]
    assert [item["StatementName"] for item in listed] == ["s_1"]
    call("DeletePreparedStatement", **key)
    for operation in ("GetPreparedStatement", "DeletePreparedStatement"):
        assert call.error(operation, **key) == (
            "ResourceNotFoundException",
            f"PreparedStatement s_1 was not found in workGroup {bucket}",
        )


@pytest.mark.integration
def test_awswrangler_prepares_statements(bucket: str, database: str) -> None:
    name = "w_" + bucket.removeprefix("test-")
    for sql in ("SELECT ? AS x", "SELECT ? + 1 AS x"):  # created, then updated
        wr.athena.create_prepared_statement(sql=sql, statement_name=name)
    frame = wr.athena.read_sql_query(
        f"EXECUTE {name}",
        database=database,
        params=["41"],
        paramstyle="qmark",
        ctas_approach=False,
        s3_output=f"s3://{bucket}/results/",
    )
    assert frame["x"].tolist() == [42]
    assert name in [item["StatementName"] for item in wr.athena.list_prepared_statements()]
    wr.athena.delete_prepared_statement(name)
    assert name not in [item["StatementName"] for item in wr.athena.list_prepared_statements()]
