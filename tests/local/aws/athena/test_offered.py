"""What the page says of statements and operations is what the endpoint does."""

from __future__ import annotations

import pytest

from local.aws.athena import statements
from local.aws.athena.athena_errors import MalformedQuery
from local.aws.athena.left_out import BY_MOTO, REASONS, STATEMENTS, LeftOutStatement
from local.aws.athena.offered import STATEMENTS as OFFERED
from local.aws.athena.offered import section
from local.aws.athena.statements import recognize
from tests.local.aws.athena.checked_calls import CheckedCalls, api_model


def test_every_kind_of_statement_is_on_the_page_and_recognized() -> None:
    kinds = {recognize(example).kind for example in OFFERED.values()}
    modifying = {kind for kind in statements._KINDS if kind.substatement_type in ("UPDATE", "MERGE")}
    assert kinds | modifying == {*statements._KINDS, statements._SELECT}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_a_statement_that_is_left_out_is_refused_with_the_reason(statement: LeftOutStatement) -> None:
    with pytest.raises(MalformedQuery, match=f"does not offer {statement.name}: {statement.reason}"):
        recognize(statement.example)
    assert f"| {statement.name} | {statement.reason} |" in section()


@pytest.mark.integration
def test_every_operation_of_the_api_is_answered_or_refused_with_a_reason(call: CheckedCalls) -> None:
    operations = set(api_model().operation_names)
    assert set(REASONS) | set(BY_MOTO) <= operations
    assert not set(REASONS) & set(BY_MOTO)
    for operation in operations - set(BY_MOTO):
        status, document = call.send(operation, {})
        assert status in (200, 400)
        assert document.get("__type", "InvalidRequestException") == "InvalidRequestException"
        if operation in REASONS:
            assert document["message"].endswith(f"does not offer {operation}: {REASONS[operation]}")
            assert operation in section()
