"""What is no SQL of Trino's although another grammar takes it, and names of functions that do not exist.

Both are looked up in the statement's tokens, which know their lines and columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from local.aws.athena.athena_errors import MalformedQuery, QueryFailed
from local.aws.athena.function_list import OFFERED_NAMES, REFUSED_NAMES

_SIGNS = ":: ->> == // << >> <=> := & | ^ ~ !~ ~~ @ @> <@ # $ { } :"
_WORDS = "ilike glob rlike regexp similar qualify pivot unpivot asof positional div minus exclude"
# Words that a bracket may follow although they are no functions.
_KEYWORDS = (
    "all and any array as between by case cube distinct else except exists filter from group having if in "
    "intersect interval is join lateral like limit not offset on or order over partition recursive rollup "
    "select sets some table then union using values when where window with within escape "
    "for returning default end system bernoulli "
    "bigint boolean char date decimal double integer int json real row smallint time timestamp tinyint "
    "varbinary varchar uuid ipaddress numeric"
)
_FOREIGN_SIGNS = frozenset(_SIGNS.split())
_FOREIGN_WORDS = frozenset(_WORDS.split())
_CLAUSES = frozenset(_KEYWORDS.split())
_NAMES_BEFORE = frozenset((TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.ALIAS))


def refuse_foreign_syntax(sql: str) -> None:
    """Refuse signs and clauses that Trino's grammar does not have.

    :raises MalformedQuery: with line and column of the first.
    """
    tokens = tokenize(sql)
    has_members = "json_object" in sql.lower()
    for position, token in enumerate(tokens):
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER):
            continue
        if _is_foreign(tokens, position) and not (has_members and token.text == ":"):
            raise MalformedQuery(f"line {place(sql, token.start)}: mismatched input '{token.text}'")


def _is_foreign(tokens: list[Token], position: int) -> bool:
    text = tokens[position].text.lower()
    if text in _FOREIGN_SIGNS:
        return True
    before, after = _text(tokens, position - 1), _text(tokens, position + 1)
    if text == "*":
        return before == "*"
    if text == "[":
        return position == 0 or not _may_be_indexed(tokens[position - 1])
    if text == ",":
        return after in ("", "from", ")", "]", ",")
    if text == "from":
        return before in ("", "(")
    if text == "offset":
        return _text(tokens, position - 2) == "limit"
    if text == "on":
        return before == "distinct"
    return text in _FOREIGN_WORDS and _is_clause(before, after)


def _text(tokens: list[Token], position: int) -> str:
    """Return a token's text in lower case, a quotation mark for a text, nothing outside the statement."""
    if not 0 <= position < len(tokens):
        return ""
    token = tokens[position]
    return "'" if token.token_type == TokenType.STRING else token.text.lower()


def _may_be_indexed(token: Token) -> bool:
    text = token.text.lower()
    if token.token_type == TokenType.IDENTIFIER or text in (")", "]", "array"):
        return True
    return text.isidentifier() and (token.token_type == TokenType.VAR or text not in _CLAUSES)


def _is_clause(before: str, after: str) -> bool:
    """Return whether a word stands where a clause or operator does, and not where a name does."""
    is_first = before in ("", ",", "(", ".", "select", "as", "by")
    return not is_first and after not in ("", ",", ")", ".", "=", ";")


@lru_cache(maxsize=64)
def tokenize(sql: str) -> list[Token]:
    """Split a statement into tokens.

    :raises MalformedQuery: if a text, name or comment does not end.
    """
    try:
        return list(sqlglot.tokenize(sql, read="trino"))
    except SqlglotError as error:
        raise MalformedQuery(f"line 1:1: {str(error).splitlines()[0]}") from error


def place(sql: str, start: int) -> str:
    """Return line and column, both from 1, of an offset in a text."""
    before = sql[:start]
    return f"{before.count(chr(10)) + 1}:{start - before.rfind(chr(10))}"


def require_known_functions(query: str, statement: str) -> None:
    """Refuse functions that Athena does not have, or has but the local Athena does not offer.

    :param query: a query's text.
    :param statement: the whole statement, in which the function's place is counted.
    :raises QueryFailed: FUNCTION_NOT_FOUND, or NOT_SUPPORTED.
    """
    offset = max(statement.find(query), 0)
    for token in called(tokenize(query)):
        name = token.text.lower()
        if name in OFFERED_NAMES:
            continue
        where = place(statement if query in statement else query, offset + token.start)
        if name in REFUSED_NAMES:
            raise QueryFailed(f"NOT_SUPPORTED: line {where}: the local Athena does not offer function {name}")
        raise QueryFailed(f"FUNCTION_NOT_FOUND: line {where}: Function '{name}' not registered")


def called(tokens: list[Token]) -> Iterator[Token]:
    """Yield the names of functions that a query calls."""
    for position, token in enumerate(tokens[:-1]):
        if tokens[position + 1].token_type == TokenType.L_PAREN and _is_call(tokens, position):
            yield token


def _is_call(tokens: list[Token], position: int) -> bool:
    token = tokens[position]
    is_quoted = token.token_type == TokenType.IDENTIFIER
    if not is_quoted and (not token.text.isidentifier() or token.text.lower() in _CLAUSES):
        return False
    before = tokens[position - 1] if position else None
    if before is None:
        return True
    if before.token_type in _NAMES_BEFORE or before.text.lower() in ("with", "recursive"):
        return False
    return before.text != "," or not _is_named_query(tokens, position + 1)


def _is_named_query(tokens: list[Token], opening: int) -> bool:
    """Return whether brackets hold the columns of a WITH query: AS and another bracket follow them."""
    depth = 0
    for position in range(opening, len(tokens) - 2):
        depth += {"(": 1, ")": -1}.get(tokens[position].text, 0)
        if depth == 0:
            return tokens[position + 1].text.lower() == "as" and tokens[position + 2].text == "("
    return False
