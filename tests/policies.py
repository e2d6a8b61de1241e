"""Decides what IAM policies allow, for statements without denials and conditions on strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

Document = dict[str, Any]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements(documents: Iterable[Document]) -> Iterator[Document]:
    for document in documents:
        assert document["Version"] == "2012-10-17"
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
            assert set(statement.get("Condition", {})) <= {"StringLike", "StringEquals"}
            yield statement


def may(documents: Iterable[Document], action: str, resource: str, **context: str) -> bool:
    """Whether policies allow an action.

    :param context: values of condition keys, by what is behind their colon.
    """
    return any(
        any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        and all(
            any(fnmatchcase(context.get(key.partition(":")[2], ""), pattern) for pattern in listed(patterns))
            for keys in statement.get("Condition", {}).values()
            for key, patterns in keys.items()
        )
        for statement in statements(documents)
    )
