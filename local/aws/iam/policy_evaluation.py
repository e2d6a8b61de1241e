"""Decides what IAM policies allow: policies of identities, with wildcards, denials and conditions on texts.

moto's own evaluator is for less: it takes an Allow whose condition is not met for a denial, a dot of an ARN
for any character, and looks at no resource. Rules: "Policy evaluation logic" and "IAM JSON policy elements"
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from local.aws.iam.need import Need

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}
_OPERATORS = {"StringEquals", "StringLike"}


@lru_cache(maxsize=10_000)
def allows(documents: tuple[str, ...], need: Need) -> bool:
    """Return whether policies allow something: a statement allows it, and none denies it.

    :param documents: policy documents as JSON.
    :raises NotImplementedError: if a policy has an element that is not known here.
    """
    effects = {
        statement["Effect"]
        for document in documents
        for statement in _statements(document)
        if _concerns(statement, need)
    }
    return effects == {"Allow"}


@lru_cache(maxsize=1000)
def _statements(document: str) -> list[dict[str, Any]]:
    found = json.loads(document)["Statement"]
    statements = [found] if isinstance(found, dict) else found
    for statement in statements:
        unknown = {*statement} - _ELEMENTS | {*statement.get("Condition", {})} - _OPERATORS
        if unknown or "${" in json.dumps(statement):
            raise NotImplementedError(f"policies with {', '.join(sorted(unknown)) or 'variables'}")
    return list(statements)


def _concerns(statement: dict[str, Any], need: Need) -> bool:
    return (
        _matches(statement["Action"], need.action, re.IGNORECASE)
        and _matches(statement["Resource"], need.resource)
        and _is_met(statement.get("Condition", {}), dict(need.context))
    )


def _is_met(conditions: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    """Return whether every condition holds; one on a key that the call lacks does not."""
    for operator, keys in conditions.items():
        for key, wanted in keys.items():
            value = context.get(key)
            if value is None:
                return False
            if not (_matches(wanted, value) if operator == "StringLike" else value in _listed(wanted)):
                return False
    return True


def _matches(patterns: str | list[str], value: str, flags: int = 0) -> bool:
    return any(_pattern(each, flags).fullmatch(value) for each in _listed(patterns))


def _listed(value: str | list[str]) -> Iterable[str]:
    return [value] if isinstance(value, str) else value


@lru_cache(maxsize=10_000)
def _pattern(text: str, flags: int) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(part, re.escape(part)) for part in text), flags | re.DOTALL)
