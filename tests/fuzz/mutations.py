"""Changes bytes, texts and JSON values by chance, as damage and ill will do."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

_NUMBERS = (0, 1, 7, 8, 255, 256, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 1, 2**63 - 1, 2**64 - 1)

# Values that surprise readers of JSON.
ODD_VALUES: Sequence[Any] = (
    None, True, False, "", "NULL", "x", "\ud800", "\0", "\n", "é" * 600, "9" * 5000, [], [None], {},
    {"": None}, -1, 0, 1, 2**31, 2**63, 10**40, -(10**40), 1.5, 1e308, -1e-7, float("inf"), float("nan"),
    "1e999", "٣", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
)  # fmt: skip
_ODD_TEXTS = (
    "\0", "\n", "\r", "\t", "\x1b[2J", "\x85", "\u202e", "\ufeff", "\U0001f4f7", "é", "٣", "%", "%FF", "&",
    "*", "'", '"', "{", "}", "[", "]", ":", "- ", "  ", "!!python/object:os.system", "<<: *a",
    "1e999", ".inf", "~",
)  # fmt: skip


def changed_bytes(data: bytes, random: Random) -> bytes:
    """Return a copy with bytes and numbers changed, cut out, put in and repeated, mostly near its start."""
    copy = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        _change(copy, random)
    return bytes(copy)


def _change(data: bytearray, random: Random) -> None:
    place = random.randrange(min(len(data), random.choice((600, len(data)))) or 1)
    match random.choice(("byte", "byte", "number", "number", "cut", "cut off", "noise", "repeat")):
        case "byte":
            data[place : place + 1] = random.randbytes(1)
        case "number":
            width = random.choice((2, 4, 4, 8))
            number = random.choice(_NUMBERS) % 256**width
            data[place : place + width] = number.to_bytes(width, random.choice(("big", "little")))
        case "cut":
            del data[place : place + random.randrange(1, 64)]
        case "cut off":
            if random.random() < 0.2:
                del data[place:]
        case "noise":
            data[place:place] = random.randbytes(random.randrange(1, 16))
        case "repeat":
            start = random.randrange(len(data) or 1)
            data[place:place] = data[start : start + random.randrange(1, 400)]


def changed_text(text: str, random: Random) -> str:
    """Return a copy with characters and lines changed, left out, put in, repeated and moved."""
    for _ in range(random.choice((1, 1, 2, 4))):
        place, other = random.randrange(len(text) + 1), random.randrange(len(text) + 1)
        match random.choice(("odd", "odd", "cut", "repeat", "lines")):
            case "odd":
                text = text[:place] + random.choice(_ODD_TEXTS) + text[place + random.randrange(3) :]
            case "cut":
                text = text[:place] + text[place + random.randrange(1, 30) :]
            case "repeat":
                text = text[:place] + text[other : other + random.randrange(1, 200)] + text[place:]
            case "lines":
                lines = text.split("\n")
                line = lines.pop(random.randrange(len(lines)))
                lines.insert(random.randrange(len(lines) + 1), " " * random.randrange(3) + line)
                text = "\n".join(lines)
    return text


def changed_value(value: Any, random: Random, rate: float = 0.05) -> Any:
    """Return a copy of a JSON value with members gone, odd, renamed or repeated at any depth."""
    if random.random() < rate:
        return odd_value(random)
    if isinstance(value, dict):
        changed = {
            str(random.choice(ODD_VALUES)) if random.random() < rate / 4 else name: changed_value(
                inner, random, rate
            )
            for name, inner in value.items()
            if random.random() > rate / 2
        }
        return changed
    if isinstance(value, list):
        changed_list = [changed_value(inner, random, rate) for inner in value]
        return changed_list * 3 if random.random() < rate / 2 else changed_list
    return value


def odd_value(random: Random) -> Any:
    """Return a value that nobody expects, at times nested."""
    value = random.choice(ODD_VALUES)
    for _ in range(random.choice((0, 0, 0, 1, 3, 60))):
        value = [value] if random.random() < 0.5 else {"a": value}
    return value
