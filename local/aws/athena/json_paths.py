"""JSON paths: json_extract's (``$.a[0]``) and the SQL standard's (``lax $.a[*] ? (@.b > 1)``).

Sources: https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from local.aws.athena.athena_errors import QueryFailed, invalid_argument

_STEP = re.compile(
    r"\s*(?:\.(?P<method>type|size|keyvalue|double|ceiling|floor|abs)\(\)"
    r"|\.\.(?P<deep>\w+)"
    r"|\.\"(?P<quoted>(?:[^\"\\]|\\.)*)\""
    r"|\.(?P<member>\w[\w-]*|\*)"
    r"|\[\s*(?P<index>last(?:\s*-\s*\d+)?|-?\d+(?:\s+to\s+(?:last|\d+))?(?:\s*,\s*\d+)*|\*)\s*\]"
    r"|\[\s*(?P<mark>[\"'])(?P<name>.*?)(?P=mark)\s*\]"
    r"|\?\s*\((?P<filter>(?:[^()]|\([^()]*\))*)\))"
)
_COMPARISON = re.compile(r"\s*(@[^=<>!]*?)\s*(==|<>|!=|<=|>=|<|>)\s*(.+?)\s*")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "double": float,
    "ceiling": math.ceil,
    "floor": math.floor,
    "abs": abs,
}


class _PathFailed(Exception):
    """A strict path meets something that it does not fit."""


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _load(text: str) -> Any:
    return json.loads(text)


def extract(text: str, path: str) -> str | None:
    """json_extract: null if the text is no JSON or the path leads nowhere."""
    found = _found(text, path)
    return _write(found[0]) if found else None


def extract_scalar(text: str, path: str) -> str | None:
    """json_extract_scalar: null also for objects, arrays and JSON's null."""
    found = _found(text, path)
    if not found or found[0] is None or isinstance(found[0], (dict, list)):
        return None
    return found[0] if isinstance(found[0], str) else _write(found[0])


def size(text: str, path: str) -> int | None:
    """json_size: members of an object or array, 0 for a scalar."""
    found = _found(text, path)
    if not found:
        return None
    return len(found[0]) if isinstance(found[0], (dict, list)) else 0


def _found(text: str, path: str) -> list[Any]:
    if not path.startswith("$"):
        raise invalid_argument(f"Invalid JSON path: '{path}'")
    try:
        return _walk([_load(text)], path[1:], is_lax=False)
    except (ValueError, _PathFailed):
        return []


def array_contains(text: str, wanted: str) -> bool | None:
    """json_array_contains."""
    array = _array(text)
    if array is None:
        return None
    value = _load(wanted)
    return any(type(item) is type(value) and item == value for item in array)


def array_element(text: str, index: int) -> str | None:
    """json_array_get: negative indexes count from the end."""
    array = _array(text)
    if array is None or not -len(array) <= index < len(array):
        return None
    return _write(array[index])


def _array(text: str) -> list[Any] | None:
    try:
        found = _load(text)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def exists(text: str, path: str) -> bool:
    """json_exists: false if the text or the path fails."""
    try:
        return bool(_evaluate(text, path))
    except (ValueError, _PathFailed):
        return False


def value(text: str | None, path: str, on_empty: str | None, on_error: str | None) -> str | None:
    """json_value: a scalar as text.

    :param on_empty: ``NULL``, ``ERROR``, or ``DEFAULT`` and the value; None means NULL.
    :param on_error: the same for errors.
    """
    if text is None:
        return None
    try:
        found = _evaluate(text, path)
        if len(found) > 1 or (found and isinstance(found[0], (dict, list))):
            raise _PathFailed
    except (ValueError, _PathFailed):
        return _otherwise(on_error, "JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON")
    if not found:
        return _otherwise(on_empty, "JSON_VALUE_RESULT_ERROR: cannot extract SQL scalar from JSON: no items")
    if found[0] is None:
        return None
    return found[0] if isinstance(found[0], str) else _write(found[0])


def _otherwise(behavior: str | None, message: str) -> str | None:
    if behavior == "ERROR":
        raise QueryFailed(message)
    return behavior.removeprefix("DEFAULT ") if behavior and behavior.startswith("DEFAULT ") else None


def query(text: str | None, path: str, wrapper: str | None, quotes: str | None) -> str | None:
    """json_query: JSON as text.

    :param wrapper: ``WITH`` or ``WITH CONDITIONAL`` to put the items into an array; None for none.
    :param quotes: ``OMIT`` to return a text without its quotes.
    """
    if text is None:
        return None
    try:
        found = _evaluate(text, path)
    except (ValueError, _PathFailed):
        return None
    if wrapper == "WITH" or (wrapper and not (len(found) == 1 and isinstance(found[0], (dict, list)))):
        found = [found] if found else []
    if len(found) != 1:
        return None
    return found[0] if quotes == "OMIT" and isinstance(found[0], str) else _write(found[0])


def _evaluate(text: str, path: str) -> list[Any]:
    """Evaluate a path of the SQL standard; it is lax unless it says strict."""
    found = re.fullmatch(r"\s*(lax|strict)?\s*(\$.*)", path, re.DOTALL)
    if not found:
        raise QueryFailed(f"INVALID_PATH: '{path}' is not a valid JSON path")
    return _walk([_load(text)], found[2][1:], is_lax=found[1] != "strict")


def _walk(items: list[Any], path: str, is_lax: bool) -> list[Any]:
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            if not path[position:].strip():
                break
            raise invalid_argument(f"Invalid JSON path: '${path}'")
        items = [found for item in items for found in _step(item, step, is_lax)]
        position = step.end()
    return items


def _step(item: Any, step: re.Match[str], is_lax: bool) -> list[Any]:
    if step["method"]:
        return _method(item, step["method"], is_lax)
    if step["index"]:
        return _elements(item, step["index"], is_lax)
    if step["filter"] is not None:
        candidates = item if is_lax and isinstance(item, list) else [item]
        return [candidate for candidate in candidates if _holds(candidate, step["filter"], is_lax)]
    if step["deep"]:
        return list(_descendants(item, step["deep"]))
    name = step["quoted"] if step["quoted"] is not None else step["member"] or step["name"]
    return _members(item, name, is_lax, any_name=step["member"] == "*")


def _members(item: Any, name: str, is_lax: bool, any_name: bool) -> list[Any]:
    holders = item if is_lax and isinstance(item, list) else [item]
    found: list[Any] = []
    for holder in holders:
        if isinstance(holder, dict) and any_name:
            found += holder.values()
        elif isinstance(holder, dict) and name in holder:
            found.append(holder[name])
        elif not is_lax:
            raise _PathFailed
    return found


def _descendants(item: Any, name: str) -> list[Any]:
    if isinstance(item, dict):
        own = [item[name]] if name in item else []
        return own + [found for child in item.values() for found in _descendants(child, name)]
    return [found for child in item for found in _descendants(child, name)] if isinstance(item, list) else []


def _elements(item: Any, index: str, is_lax: bool) -> list[Any]:
    if not isinstance(item, list):
        if not is_lax:
            raise _PathFailed
        item = [item]
    if index == "*":
        return list(item)
    positions = [position for part in index.split(",") for position in _positions(part.strip(), len(item))]
    found = [item[position] for position in positions if 0 <= position < len(item)]
    if len(found) < len(positions) and not is_lax:
        raise _PathFailed
    return found


def _positions(part: str, length: int) -> range:
    first, _, last = part.partition(" to ")
    start = _position(first.strip(), length)
    return range(start, (_position(last.strip(), length) if last else start) + 1)


def _position(text: str, length: int) -> int:
    if not text.startswith("last"):
        return int(text)
    return length - 1 - int(text[4:].replace("-", "").strip() or 0)


def _method(item: Any, name: str, is_lax: bool) -> list[Any]:
    if name == "type":
        return [_kind(item)]
    if name == "size":
        return [len(item) if isinstance(item, list) else 1]
    if name == "keyvalue":
        return [{"name": key, "value": held, "id": 0} for key, held in item.items()]
    values = item if is_lax and isinstance(item, list) else [item]
    if not all(isinstance(number, (int, float, str)) for number in values):
        raise _PathFailed
    return [_NUMBERS[name](number) for number in values]


def _kind(item: Any) -> str:
    if isinstance(item, bool):
        return "boolean"
    kinds = {dict: "object", list: "array", str: "string", int: "number", float: "number"}
    return kinds.get(type(item), "null")


def _holds(item: Any, condition: str, is_lax: bool) -> bool:
    for word, combine in (("||", any), ("&&", all)):
        if word in condition:
            return combine(_holds(item, part, is_lax) for part in condition.split(word))
    condition = condition.strip()
    if found := re.fullmatch(r"exists\s*\(\s*@(.*)\)", condition):
        return bool(_walk([item], found[1].strip(), is_lax))
    compared = _COMPARISON.fullmatch(condition)
    if not compared:
        raise invalid_argument(f"Invalid JSON path filter: '{condition}'")
    left = _walk([item], compared[1].strip()[1:], is_lax)
    right = _load(compared[3].replace("'", '"'))
    return any(_compare(value, compared[2], right) for value in left)


def _compare(left: Any, sign: str, right: Any) -> bool:
    both_numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
    if not both_numbers and type(left) is not type(right):
        return False
    return _OPERATORS[sign](left, right)
