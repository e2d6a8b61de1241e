"""Trino's functions that DuckDB cannot express, in Python. macros.sql gives them their Trino names."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import itertools
import math
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable
from decimal import Decimal
from statistics import NormalDist
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlsplit

import duckdb
import numpy as np

from local.aws.athena import json_paths, time_patterns
from local.aws.athena.athena_errors import invalid_argument
from local.aws.athena.athena_types import java_double
from local.aws.athena.type_names import trino_type_name

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTHS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32}
_SIZE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_DURATION_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SOUNDEX = {
    letter: digit
    for letters, digit in (("BFPV", "1"), ("CGJKQSXZ", "2"), ("DT", "3"), ("L", "4"), ("MN", "5"), ("R", "6"))
    for letter in letters
}


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _real_text(value: float) -> str:
    return java_double(value, str(np.float32(value)))


def _cbrt(value: float) -> float:
    """Be exact where Java is: C's cbrt is not everywhere."""
    root = math.cbrt(value)
    return float(round(root)) if math.isfinite(root) and round(root) ** 3 == value else root


def _from_base(text: str, radix: int) -> int:
    _require_radix(radix)
    try:
        return int(text, radix)
    except ValueError:
        raise invalid_argument(f"Not a valid base-{radix} number: {text}") from None


def _to_base(value: int, radix: int) -> str:
    _require_radix(radix)
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, radix)
        digits = _DIGITS[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")


def _require_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise invalid_argument("Radix must be between 2 and 36")


def _bit_count(value: int, bits: int) -> int:
    if not 2 <= bits <= 64:
        raise invalid_argument(f"Bits specified in bit_count must be between 2 and 64, got {bits}")
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if not low <= value <= high:
        raise invalid_argument(
            f"Number must be representable with the bits specified. {value} cannot be represented with "
            f"{bits} bits"
        )
    return (value & ((1 << bits) - 1)).bit_count()


def _left_shift(value: int, shift: int, kind: str) -> int:
    bits = _WIDTHS.get(kind, 64)
    return _signed(value << shift, bits) if shift < bits else 0


def _right_shift(value: int, shift: int, kind: str) -> int:
    bits = _WIDTHS.get(kind, 64)
    return _signed((value & ((1 << bits) - 1)) >> shift, bits) if shift < bits else 0


def _data_size(text: str) -> Decimal:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kMGTPEZY]?B)", text)
    if not found:
        raise invalid_argument(f"Invalid data size: '{text}'")
    return Decimal(int(Decimal(found[1]) * 1024 ** _SIZE_UNITS.index(found[2])))


def _format_number(value: float) -> str:
    for unit, size in (("Q", 1e15), ("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= size:
            return f"{float(f'{value / size:.3g}'):g}{unit}"
    return f"{float(f'{value:.3g}'):g}"


def _luhn(text: str) -> bool:
    if not text.isdigit():
        raise invalid_argument("Input contains non-digit characters")
    total = sum(
        sum(divmod(2 * int(digit), 10)) if position % 2 else int(digit)
        for position, digit in enumerate(reversed(text))
    )
    return total % 10 == 0


def _soundex(text: str) -> str:
    letters = [letter for letter in text.upper() if letter.isalpha()]
    if not letters:
        return ""
    code, previous = letters[0], _SOUNDEX.get(letters[0], "")
    for letter in letters[1:]:
        digit = _SOUNDEX.get(letter, "")
        if digit and digit != previous:
            code += digit
        if letter not in "HW":
            previous = digit
    return (code + "000")[:4]


def _split(text: str, delimiter: str, limit: int) -> list[str]:
    if limit <= 0:
        raise invalid_argument("Limit must be positive")
    return text.split(delimiter, limit - 1)


def _strpos(text: str, part: str, instance: int) -> int:
    if instance == 0:
        raise invalid_argument("'instance' must be a positive or negative number.")
    starts = [start for start in range(len(text) - len(part) + 1) if text.startswith(part, start)]
    if abs(instance) > len(starts):
        return 0
    return starts[instance - 1 if instance > 0 else instance] + 1


def _substr_bytes(value: bytes, start: int, length: int) -> bytes:
    if start == 0 or length <= 0 or -start > len(value):
        return b""
    first = start - 1 if start > 0 else len(value) + start
    return value[first : first + length]


def _from_utf8(value: bytes, replacement: str) -> str:
    return value.decode("utf-8", "replace").replace("\ufffd", replacement)


def _char_hex(text: str) -> str:
    return text.encode("utf-16-be").hex().upper()


def _replace_empty(text: str, replacement: str) -> str:
    return replacement + "".join(letter + replacement for letter in text)


def _regexp_position(text: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1 or occurrence < 1:
        raise invalid_argument("start position and occurrence cannot be smaller than 1")
    matches = list(re.compile(pattern).finditer(text, start - 1))
    return matches[occurrence - 1].start() + 1 if len(matches) >= occurrence else -1


def _regexp_split(text: str, pattern: str) -> list[str]:
    pieces, end = [], 0
    for match in re.finditer(pattern, text):
        pieces.append(text[end : match.start()])
        end = match.end()
    return [*pieces, text[end:]]


_ENCODINGS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "base32": (base64.b32encode, base64.b32decode),
    "base64": (base64.b64encode, base64.b64decode),
    "base64url": (base64.urlsafe_b64encode, base64.urlsafe_b64decode),
}


def _encode(value: bytes, encoding: str) -> str:
    return _ENCODINGS[encoding][0](value).decode()


def _decode(text: str, encoding: str) -> bytes:
    block = 8 if encoding == "base32" else 4
    try:
        return _ENCODINGS[encoding][1]((text + "=" * (-len(text) % block)).encode())
    except ValueError as error:
        raise invalid_argument(f"Illegal {encoding} text: {error}") from None


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise invalid_argument(f"Invalid input: '{text}' is not hexadecimal") from None


def _pack_whole(value: int, size: int) -> bytes:
    return _signed(value, 8 * size).to_bytes(size, "big", signed=True)


def _unpack_whole(value: bytes, size: int) -> int:
    _require_length(value, size)
    return int.from_bytes(value, "big", signed=True)


def _unpack_real(value: bytes, form: str) -> float:
    _require_length(value, struct.calcsize(form))
    return float(struct.unpack(form, value)[0])


def _require_length(value: bytes, size: int) -> None:
    if len(value) != size:
        raise invalid_argument(f"expected {size}-byte input, but got instead: {len(value)}")


def _url_part(url: str, part: str) -> str | None:
    try:
        pieces = urlsplit(url)
        found = getattr(pieces, part)
    except ValueError:
        return None
    if not pieces.scheme and not pieces.netloc and " " in url:
        return None
    return str(found) if found is not None else None


def _url_parameter(url: str, name: str) -> str | None:
    values = parse_qs(urlsplit(url).query, keep_blank_values=True).get(name)
    return values[0] if values else None


def _combinations(length: int, size: int) -> list[list[int]]:
    if not 0 <= size <= 5:
        raise invalid_argument(f"combination size must not exceed 5: {size}")
    chosen = itertools.combinations(range(1, length + 1), size)
    # Trino counts the first positions fastest.
    return sorted((list(positions) for positions in chosen), key=lambda positions: positions[::-1])


def _duration(text: str) -> int:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)\s*", text)
    if not found:
        raise invalid_argument(f"duration is not a valid data duration string: {text}")
    return round(float(found[1]) * _DURATION_SECONDS[found[2]] * 1000)


def _readable_seconds(seconds: float) -> str:
    rest, parts = round(seconds), []
    for unit, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return ", ".join(parts) or "0 seconds"


def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    _require_deviation(deviation)
    return 0.5 * (1 + math.erf((value - mean) / (deviation * math.sqrt(2))))


def _inverse_normal_cdf(mean: float, deviation: float, probability: float) -> float:
    _require_deviation(deviation)
    if not 0 < probability < 1:
        raise invalid_argument("p must be 0 > p > 1")
    return NormalDist(mean, deviation).inv_cdf(probability)


def _require_deviation(deviation: float) -> None:
    if deviation <= 0:
        raise invalid_argument("standardDeviation must be > 0")


_FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "arithmetic_shift": (lambda value, shift: value >> min(shift, 63), ["BIGINT", "BIGINT"], "BIGINT"),
    "bit_count": (_bit_count, ["BIGINT", "BIGINT"], "BIGINT"),
    "cbrt": (_cbrt, ["DOUBLE"], "DOUBLE"),
    "char_hex": (_char_hex, ["VARCHAR"], "VARCHAR"),
    "combinations": (_combinations, ["BIGINT", "BIGINT"], "BIGINT[][]"),
    "crc32": (lambda value: zlib.crc32(value), ["BLOB"], "BIGINT"),
    "data_size": (_data_size, ["VARCHAR"], "DECIMAL(38,0)"),
    "date_format": (time_patterns.date_format, ["TIMESTAMP", "VARCHAR"], "VARCHAR"),
    "date_parse": (time_patterns.date_parse, ["VARCHAR", "VARCHAR"], "TIMESTAMP"),
    "decode": (_decode, ["VARCHAR", "VARCHAR"], "BLOB"),
    "digest": (lambda value, name: hashlib.new(name, value).digest(), ["BLOB", "VARCHAR"], "BLOB"),
    "double_text": (lambda value: java_double(value), ["DOUBLE"], "VARCHAR"),
    "duration": (_duration, ["VARCHAR"], "BIGINT"),
    "encode": (_encode, ["BLOB", "VARCHAR"], "VARCHAR"),
    "format_datetime": (time_patterns.format_datetime, ["TIMESTAMP", "VARCHAR"], "VARCHAR"),
    "format_number": (_format_number, ["DOUBLE"], "VARCHAR"),
    "from_base": (_from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "from_hex": (_from_hex, ["VARCHAR"], "BLOB"),
    "from_utf8": (_from_utf8, ["BLOB", "VARCHAR"], "VARCHAR"),
    "hmac": (lambda value, key, name: hmac.digest(key, value, name), ["BLOB", "BLOB", "VARCHAR"], "BLOB"),
    "inverse_normal_cdf": (_inverse_normal_cdf, ["DOUBLE"] * 3, "DOUBLE"),
    "iso_date": (time_patterns.iso_date, ["VARCHAR"], "VARCHAR"),
    "iso_moment": (time_patterns.iso_moment, ["VARCHAR"], "VARCHAR"),
    "json_contains": (json_paths.array_contains, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "json_element": (json_paths.array_element, ["VARCHAR", "BIGINT"], "VARCHAR"),
    "json_exists": (json_paths.exists, ["VARCHAR", "VARCHAR"], "BOOLEAN"),
    "json_extract": (json_paths.extract, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "json_query": (json_paths.query, ["VARCHAR"] * 4, "VARCHAR"),
    "json_scalar": (json_paths.extract_scalar, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "json_size": (json_paths.size, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "json_value": (json_paths.value, ["VARCHAR"] * 4, "VARCHAR"),
    "left_shift": (_left_shift, ["BIGINT", "BIGINT", "VARCHAR"], "BIGINT"),
    "luhn": (_luhn, ["VARCHAR"], "BOOLEAN"),
    "normal_cdf": (_normal_cdf, ["DOUBLE"] * 3, "DOUBLE"),
    "normalize": (lambda text, form: unicodedata.normalize(form, text), ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "pack_real": (lambda value, form: struct.pack(form, value), ["DOUBLE", "VARCHAR"], "BLOB"),
    "pack_whole": (_pack_whole, ["BIGINT", "BIGINT"], "BLOB"),
    "parse_datetime": (time_patterns.parse_datetime, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "readable_seconds": (_readable_seconds, ["DOUBLE"], "VARCHAR"),
    "real_text": (_real_text, ["FLOAT"], "VARCHAR"),
    "regexp_position": (_regexp_position, ["VARCHAR", "VARCHAR", "BIGINT", "BIGINT"], "BIGINT"),
    "regexp_split": (_regexp_split, ["VARCHAR", "VARCHAR"], "VARCHAR[]"),
    "replace_empty": (_replace_empty, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "reverse_bytes": (lambda value: value[::-1], ["BLOB"], "BLOB"),
    "right_shift": (_right_shift, ["BIGINT", "BIGINT", "VARCHAR"], "BIGINT"),
    "soundex": (_soundex, ["VARCHAR"], "VARCHAR"),
    "split": (_split, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[]"),
    "strpos": (_strpos, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    "substr_bytes": (_substr_bytes, ["BLOB", "BIGINT", "BIGINT"], "BLOB"),
    "to_base": (_to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    "type_name": (trino_type_name, ["VARCHAR"], "VARCHAR"),
    "unpack_real": (_unpack_real, ["BLOB", "VARCHAR"], "DOUBLE"),
    "unpack_whole": (_unpack_whole, ["BLOB", "BIGINT"], "BIGINT"),
    "url_decode": (lambda text: unquote_plus(text), ["VARCHAR"], "VARCHAR"),
    "url_encode": (lambda text: quote_plus(text, safe="*-._"), ["VARCHAR"], "VARCHAR"),
    "url_parameter": (_url_parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "url_part": (_url_part, ["VARCHAR", "VARCHAR"], "VARCHAR"),
}
_TAKES_NULL = {"json_value", "json_query"}


def _null_for_null(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to DuckDB, each under its name with ``athena_`` before it."""
    for name, (function, parameters, result) in _FUNCTIONS.items():
        # DuckDB's own handling of nulls lets no function return null.
        called = function if name in _TAKES_NULL else _null_for_null(function)
        _create(connection, name, called, parameters, result)
    _create(connection, "format", time_patterns.format_values, None, "VARCHAR")


def _create(connection: Any, name: str, function: Any, parameters: list[str] | None, result: str) -> None:
    connection.create_function(f"athena_{name}", function, parameters, result, null_handling="special")
