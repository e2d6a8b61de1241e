"""Names of types: Trino's for DuckDB's, as typeof and errors show them."""

from __future__ import annotations

import re

_NAMES = {
    "FLOAT": "real",
    "BLOB": "varbinary",
    "TIMESTAMP": "timestamp(3)",
    "TIMESTAMP WITH TIME ZONE": "timestamp(3) with time zone",
    "TIME": "time(3)",
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "INTEGER_LITERAL": "integer",
    "STRING_LITERAL": "varchar",
    '"NULL"': "unknown",
    "INTERVAL": "interval day to second",
}


def trino_type_name(duckdb_name: str) -> str:
    """Translate the name of a DuckDB type.

    >>> trino_type_name("STRUCT(a INTEGER, b VARCHAR[])")
    'row(a integer, b array(varchar))'
    """
    text = duckdb_name.strip()
    if text.endswith("[]"):
        return f"array({trino_type_name(text[:-2])})"
    nested = re.fullmatch(r"(MAP|STRUCT|TUPLE)\((.*)\)", text)
    if nested is None:
        return _NAMES.get(text, text.replace(" ", "").lower() if text.startswith("DECIMAL") else text.lower())
    members = _split(nested[2])
    if nested[1] == "STRUCT":
        fields = (member.partition(" ") for member in members)
        named = (f"{name.strip(chr(34))} {trino_type_name(kind)}" for name, _, kind in fields)
        return f"row({', '.join(named)})"
    inner = ", ".join(map(trino_type_name, members))
    return f"map({inner})" if nested[1] == "MAP" else f"row({inner})"


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets."""
    members, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            members.append(text[start:position])
            start = position + 1
    return [member.strip() for member in [*members, text[start:]]]
