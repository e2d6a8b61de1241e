"""Patterns of dates and times: MySQL's of date_format, Joda's of format_datetime, and Java's of format."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local.aws.athena.athena_errors import invalid_argument
from local.aws.athena.athena_types import java_double

# MySQL's specifiers, which date_format and date_parse take, where strftime has another.
_MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "x": "%G",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}
# Joda's pattern letters, which format_datetime takes, and strftime's codes. Longer runs come first.
_JODA = (
    ("yyyy", "%Y"),
    ("YYYY", "%Y"),
    ("xxxx", "%G"),
    ("yy", "%y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("M", "%-m"),
    ("dd", "%d"),
    ("d", "%-d"),
    ("EEEE", "%A"),
    ("EEE", "%a"),
    ("E", "%a"),
    ("HH", "%H"),
    ("H", "%-H"),
    ("hh", "%I"),
    ("h", "%-I"),
    ("mm", "%M"),
    ("m", "%-M"),
    ("ss", "%S"),
    ("SSS", "%g"),
    ("s", "%-S"),
    ("DDD", "%j"),
    ("D", "%-j"),
    ("ww", "%V"),
    ("w", "%-V"),
    ("e", "%u"),
    ("a", "%p"),
    ("ZZ", "%z"),
    ("Z", "%z"),
)


def mysql_to_strftime(pattern: str) -> str:
    """Translate a pattern of date_format.

    >>> mysql_to_strftime("%Y-%m-%d %H:%i")
    '%Y-%m-%d %H:%M'

    :raises QueryFailed: for a specifier that Trino refuses too.
    """

    def code(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in "DUuVwX":
            raise invalid_argument(f"%{letter} not supported in date format string")
        return _MYSQL.get(letter, letter)

    return re.sub(r"%(.)", code, pattern)


def joda_to_strftime(pattern: str) -> str:
    """Translate a pattern of format_datetime.

    >>> joda_to_strftime("yyyy-MM-dd'T'HH:mm")
    '%Y-%m-%dT%H:%M'

    :raises QueryFailed: if strftime has no code for a letter of the pattern.
    """
    out, position = "", 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest[0] == "'":
            quoted = rest[1:].partition("'")[0]
            out += quoted or "'"
            position += len(quoted) + 2
            continue
        letters, code = next(
            ((joda, code) for joda, code in _JODA if rest.startswith(joda)), (rest[0], rest[0])
        )
        if letters == code and letters.isalpha():
            raise invalid_argument(f"Invalid format: {pattern!r}")
        out += "%%" if code == "%" else code
        position += len(letters)
    return out


def date_format(moment: dt.datetime, pattern: str) -> str:
    """Trino's date_format."""
    return moment.strftime(mysql_to_strftime(pattern))


def date_parse(text: str, pattern: str) -> dt.datetime:
    """Trino's date_parse."""
    return _parse(text, mysql_to_strftime(pattern).replace("%-", "%"))


def format_datetime(moment: dt.datetime, pattern: str) -> str:
    """Trino's format_datetime."""
    form = joda_to_strftime(pattern).replace("%g", f"{moment.microsecond // 1000:03d}")
    return moment.strftime(form)


def parse_datetime(text: str, pattern: str) -> str:
    """Trino's parse_datetime: an ISO 8601 text with a zone, UTC if the text has none."""
    form = joda_to_strftime(pattern).replace("%-", "%").replace("%g", "%f")
    moment = _parse(text, form)
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).isoformat()


def _parse(text: str, form: str) -> dt.datetime:
    if not re.search(r"%[Yy]", form):
        text, form = f"1970 {text}", f"%Y {form}"
    try:
        return dt.datetime.strptime(text, form)
    except ValueError:
        raise invalid_argument(f'Invalid format: "{text}" is malformed') from None


def iso_date(text: str) -> str:
    """Trino's from_iso8601_date: also weeks and days of the year."""
    try:
        if re.fullmatch(r"\d{4}-?\d{3}", text):
            return dt.datetime.strptime(text.replace("-", ""), "%Y%j").date().isoformat()
        if re.fullmatch(r"\d{4}-\d{2}", text):
            return f"{text}-01"
        if re.fullmatch(r"\d{4}-?W\d{2}", text):
            text += "-1" if "-" in text else "1"
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise invalid_argument(f'Invalid format: "{text}"') from None


def iso_moment(text: str) -> str:
    """Trino's from_iso8601_timestamp: UTC if the text names no zone."""
    try:
        day, mark, time = text.partition("T")
        moment = dt.datetime.fromisoformat(f"{iso_date(day)}T{time}" if mark and time else iso_date(day))
    except ValueError:
        raise invalid_argument(f'Invalid format: "{text}"') from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).isoformat()


_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([bBhHsScCdoxXeEfgGn%]|[tT].)")


def format_values(*arguments: Any) -> str | None:
    """Trino's format, which is Java's String.format.

    :param arguments: the pattern and its values.
    """
    pattern, values = arguments[0], list(arguments[1:])
    if pattern is None:
        return None
    following = itertools.count()

    def write(match: re.Match[str]) -> str:
        explicit, flags, width, precision, kind = match.groups()
        if kind in "%n":
            return {"%": "%", "n": "\n"}[kind]
        index = int(explicit) - 1 if explicit else next(following)
        if index >= len(values):
            raise invalid_argument(f"Invalid format string: {pattern} (Format specifier '{match[0]}')")
        return _padded(_written(values[index], kind, flags, precision), flags, int(width or 0))

    return _SPECIFIER.sub(write, pattern)


def _padded(text: str, flags: str, width: int) -> str:
    if "-" in flags:
        return text.ljust(width)
    return text.zfill(width) if "0" in flags else text.rjust(width)


def _written(value: Any, kind: str, flags: str, precision: str | None) -> str:
    if value is None:
        return "null"
    if kind[0] in "tT":
        return _TIME_PARTS[kind[1]](value) if kind[1] in _TIME_PARTS else str(value)
    if kind in "di":
        text = f"{int(value):{',' if ',' in flags else ''}d}"
    elif kind in "xXo":
        text = f"{int(value):{kind}}"
    elif kind in "feEgG":
        number: Any = value if isinstance(value, Decimal) else float(value)
        text = f"{number:{',' if ',' in flags else ''}.{precision or 6}{kind}}"
    else:
        text = _plain(value)[: int(precision)] if precision else _plain(value)
    if "+" in flags and not text.startswith("-") and kind in "dfeEgG":
        text = "+" + text
    return text.upper() if kind in "SBX" else text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return java_double(value) if isinstance(value, float) else str(value)


_TIME_PARTS: dict[str, Callable[[Any], str]] = {
    "Y": lambda value: f"{value:%Y}",
    "y": lambda value: f"{value:%y}",
    "m": lambda value: f"{value:%m}",
    "d": lambda value: f"{value:%d}",
    "e": lambda value: str(value.day),
    "H": lambda value: f"{value:%H}",
    "M": lambda value: f"{value:%M}",
    "S": lambda value: f"{value:%S}",
    "A": lambda value: f"{value:%A}",
    "a": lambda value: f"{value:%a}",
    "B": lambda value: f"{value:%B}",
    "b": lambda value: f"{value:%b}",
    "F": lambda value: f"{value:%Y-%m-%d}",
    "T": lambda value: f"{value:%H:%M:%S}",
    "R": lambda value: f"{value:%H:%M}",
    "D": lambda value: f"{value:%m/%d/%y}",
}
