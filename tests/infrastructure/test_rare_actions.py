"""Reasons for what roles may do and rarely do."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from include.core.settings import Settings
from infrastructure.place import Place
from infrastructure.rare_actions import RARE, granted_actions, reason, unexplained
from infrastructure.roles import ROLES, role_policies

PLACE = Place("aws", "us-east-1", "123456789012")
GRANTED = {
    role: granted_actions(documents)
    for role, documents in role_policies(
        Settings(bill_source="cost-explorer"), PLACE, PLACE.arn("sns", "alerts")
    ).items()
}


@pytest.mark.parametrize("role", ROLES)
def test_reasons_are_for_what_is_granted(role: str) -> None:
    left = [name for name in RARE[role] if not any(fnmatchcase(action, name) for action in GRANTED[role])]
    assert left == []


def test_what_is_granted_not_used_and_without_a_reason_is_found() -> None:
    granted = ["dynamodb:DeleteTable", "dynamodb:Scan", "s3:Get*", "s3:PutObject"]
    assert unexplained("tasks", granted, ["s3:GetObject"]) == ["dynamodb:DeleteTable", "s3:PutObject"]
    assert reason("tasks", "dynamodb:Scan")
    assert reason("readers", "dynamodb:Scan") is None
