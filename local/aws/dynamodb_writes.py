"""Makes moto's conditional writes atomic, and its transactions of puts fast.

moto 5.2.5 answers requests in threads. Between checking a condition and writing, it lets another write in,
which DynamoDB never does, and it answers reads from maps that are being changed. For a transaction it copies
the whole table once per item; canceling puts the copy back and so undoes what others wrote meanwhile. It also
parses the condition of each item twice, at 2 ms each. This module parses a condition with the same values
once.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser, get_filter_expression
from moto.dynamodb.exceptions import (
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend

_MOST_ITEMS = 100
_lock = RLock()
_moto_transact_write_items = DynamoDBBackend.transact_write_items
_moto_parse = ConditionExpressionParser.parse
_parsed: OrderedDict[str, tuple[Any, list[str], list[str]]] = OrderedDict()
_MOST_PARSED = 64

# Code, message and item of an action that cancels its transaction; three times None for one that does not.
Reason = tuple[str | None, str | None, dict[str, Any] | None]


def install() -> None:
    """Put one lock around every write of every table, and around reading an item."""
    for name in ("get_item", "put_item", "update_item", "delete_item"):
        method = getattr(DynamoDBBackend, name)
        if not hasattr(method, "__wrapped__"):
            setattr(DynamoDBBackend, name, _one_at_a_time(method))
    DynamoDBBackend.transact_write_items = _transact_write_items  # type: ignore[method-assign]
    ConditionExpressionParser.parse = _parse  # type: ignore[method-assign]


def _one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a copy of the item, whose maps no later write changes while moto makes the answer."""

    @wraps(method)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return copy.deepcopy(method(*args, **kwargs))

    return locked


def _transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    with _lock:
        if all(list(item) == ["Put"] for item in transact_items):
            _put_all(self, [item["Put"] for item in transact_items])
        else:
            _moto_transact_write_items(self, transact_items)


def _parse(self: ConditionExpressionParser) -> Any:
    """Return the syntax tree of a condition.

    Trees are shared, as evaluating a condition does not change its tree.
    """
    key = repr([self.condition_expression, self.expression_attribute_names, self.expression_attribute_values])
    with _lock:
        if key not in _parsed:
            tree = _moto_parse(self)
            _parsed[key] = tree, self.expr_attr_names_found, self.expr_attr_values_found
            if len(_parsed) > _MOST_PARSED:
                _parsed.popitem(last=False)
        tree, names, values = _parsed[key]
    self.expr_attr_names_found, self.expr_attr_values_found = list(names), list(values)
    return tree


def _put_all(backend: DynamoDBBackend, puts: list[dict[str, Any]]) -> None:
    """Check every condition, then write every item."""
    if len(puts) > _MOST_ITEMS:
        raise TooManyTransactionsException
    keys = [_key(backend, put) for put in puts]
    if len({str((put["TableName"], key)) for put, key in zip(puts, keys, strict=True)}) < len(puts):
        raise MultipleTransactionsException
    reasons = [_reason(backend, put, key) for put, key in zip(puts, keys, strict=True)]
    if any(code for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)
    for put in puts:
        backend.put_item(put["TableName"], put["Item"], overwrite=True)


def _key(backend: DynamoDBBackend, put: dict[str, Any]) -> dict[str, Any]:
    table = backend.get_table(put["TableName"])
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    return {name: put["Item"][name] for name in names}


def _reason(backend: DynamoDBBackend, put: dict[str, Any], key: dict[str, Any]) -> Reason:
    condition = put.get("ConditionExpression")
    if condition is None:
        return None, None, None
    current = backend.get_item(put["TableName"], key)
    expression = get_filter_expression(
        condition, put.get("ExpressionAttributeNames"), put.get("ExpressionAttributeValues")
    )
    if expression.expr(current):
        return None, None, None
    wanted = put.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and current is not None
    item = current.to_json()["Attributes"] if wanted and current is not None else None
    return "ConditionalCheckFailed", "The conditional request failed", item
