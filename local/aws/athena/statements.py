"""The kinds of statements: the pattern of each, its names in Athena, and the function that runs it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from local.aws.athena import alterations, definitions, explain, partitions, show, writes
from local.aws.athena.athena_errors import MalformedQuery, QueryFailed
from local.aws.athena.dialect import parse_query
from local.aws.athena.left_out import modify_rows, refuse_statement
from local.aws.athena.results import run_select, silent
from local.aws.athena.session import Session

_NAME = r"(?P<name>(?:[\w-]+|`[^`]+`|\"[^\"]+\")(?:\s*\.\s*(?:[\w-]+|`[^`]+`|\"[^\"]+\")){0,2})"
_EXISTS_OK = r"(?P<exists_ok>IF\s+NOT\s+EXISTS\s+)?"
_MISSING_OK = r"(?P<missing_ok>IF\s+EXISTS\s+)?"
_IN = r"(?:\s+(?:IN|FROM)\s+(?P<database>[\w`\"-]+))?(?:\s+(?:LIKE\s+)?'(?P<pattern>[^']*)')?"
_LEADING_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_COMMENT = r"|--[^\n]*|/\*.*?\*/"
_TRINO_TEXT = re.compile(r"(?P<quoted>'[^']*'|\"[^\"]*\"|`[^`]*`)" + _COMMENT, re.DOTALL)
# Hive's texts escape by backslashes.
_HIVE_TEXT = re.compile(r"(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`)" + _COMMENT, re.DOTALL)
_HIVE_WORDS = re.compile(
    r"(?:ALTER|CREATE\s+(?:EXTERNAL|DATABASE|SCHEMA)|DROP|MSCK|SHOW|DESC|DESCRIBE)\b", re.IGNORECASE
)
_PROPERTIES = r"\s*\((?P<properties>.*)\)"
_COLUMNS = r"\s*\((?P<columns>.*)\)"
_STATEMENT_NAME = r"(?P<name>[\w@:]+|\"[^\"]+\")"


@dataclass(frozen=True)
class StatementKind:
    """A kind of statement.

    :param pattern: matches the whole text of such a statement.
    :param output_suffix: where in the output folder its result goes.
    :param query_of: the pattern's group that holds a query, None if there is none.
    """

    pattern: re.Pattern[str]
    statement_type: str
    substatement_type: str
    output_suffix: str
    run: Callable[[Session, re.Match[str]], None]
    query_of: str | None = None

    @property
    def holds_statement(self) -> bool:
        """Whether another statement is part of it, in the group ``statement``."""
        return "statement" in self.pattern.groupindex


@dataclass(frozen=True)
class Statement:
    """A recognized statement."""

    kind: StatementKind
    match: re.Match[str]

    def run(self, session: Session) -> None:
        self.kind.run(session, self.match)


def _kind(
    pattern: str,
    substatement_type: str,
    run: Callable[[Session, re.Match[str]], None],
    statement_type: str = "DDL",
    output_suffix: str = "{id}.txt",
    query_of: str | None = None,
) -> StatementKind:
    compiled = re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE | re.DOTALL)
    return StatementKind(compiled, statement_type, substatement_type, output_suffix, run, query_of)


def _show(
    pattern: str, substatement_type: str, run: Callable[[Session, re.Match[str]], None]
) -> StatementKind:
    return _kind(pattern, substatement_type, run, statement_type="UTILITY")


def _modify(substatement_type: str, pattern: str) -> StatementKind:
    return _kind(
        rf"{pattern}\b.*", substatement_type, modify_rows, statement_type="DML", output_suffix="{id}"
    )


def _prepare(session: Session, match: re.Match[str]) -> None:
    execution = session.execution
    name = match["name"].strip('"')
    session.prepared.create(execution.region, execution.workgroup, name, match["statement"])


def _deallocate(session: Session, match: re.Match[str]) -> None:
    execution = session.execution
    session.prepared.delete(execution.region, execution.workgroup, match["name"].strip('"'))


def _explain(session: Session, match: re.Match[str]) -> None:
    statement = recognize(match["statement"])
    is_select = statement.kind.substatement_type == "SELECT"
    if statement.kind.query_of is None or (match["analyze"] and not is_select):
        raise QueryFailed(
            f"NOT_SUPPORTED: the local Athena does not explain {statement.kind.substatement_type}"
        )
    query = statement.match[statement.kind.query_of]
    explain.explain(session, match["options"] or "", query, bool(match["analyze"]))


_KINDS = (
    _kind(
        rf"CREATE TABLE {_EXISTS_OK}{_NAME}(?: WITH\s*\((?P<options>.*?)\))? "
        r"AS\b\s*(?P<query>.*?)(?P<no_data> WITH NO DATA)?",
        "CREATE_TABLE_AS_SELECT",
        writes.create_table_as,
        output_suffix="tables/{id}",
        query_of="query",
    ),
    _kind(
        rf"CREATE(?P<replace> OR REPLACE)? VIEW {_NAME} AS\b\s*(?P<query>.*)",
        "CREATE_VIEW",
        definitions.create_view,
        query_of="query",
    ),
    _kind(rf"CREATE EXTERNAL TABLE {_EXISTS_OK}{_NAME}.*", "CREATE_TABLE", definitions.create_external_table),
    _kind(
        rf"CREATE (?:DATABASE|SCHEMA) {_EXISTS_OK}{_NAME}(?: COMMENT '(?P<comment>[^']*)')?"
        r"(?: LOCATION '(?P<location>[^']+)')?(?: WITH DBPROPERTIES.*)?",
        "CREATE_DATABASE",
        definitions.create_database,
    ),
    _kind(
        rf"DROP (?:DATABASE|SCHEMA) {_MISSING_OK}{_NAME}(?: (?:(?P<cascade>CASCADE)|RESTRICT))?",
        "DROP_DATABASE",
        definitions.drop_database,
    ),
    _kind(rf"DROP TABLE {_MISSING_OK}{_NAME}", "DROP_TABLE", definitions.drop_table),
    _kind(rf"DROP VIEW {_MISSING_OK}{_NAME}", "DROP_VIEW", definitions.drop_table),
    _kind(
        rf"ALTER TABLE {_NAME} ADD {_EXISTS_OK}(?P<partitions>PARTITION.*)",
        "ALTER_TABLE",
        partitions.add_partitions,
    ),
    _kind(
        rf"ALTER TABLE {_NAME} DROP {_MISSING_OK}(?P<partitions>PARTITION.*)",
        "ALTER_TABLE",
        partitions.drop_partitions,
    ),
    _kind(
        rf"ALTER TABLE {_NAME}(?: PARTITION\s*\((?P<values>[^)]*)\))? SET LOCATION '(?P<location>[^']+)'",
        "ALTER_TABLE",
        partitions.set_location,
    ),
    _kind(
        rf"ALTER TABLE {_NAME} PARTITION\s*\((?P<values>[^)]*)\) "
        r"RENAME TO PARTITION\s*\((?P<renamed>[^)]*)\)",
        "ALTER_TABLE",
        partitions.rename_partition,
    ),
    _kind(
        rf"ALTER TABLE {_NAME} SET TBLPROPERTIES{_PROPERTIES}",
        "ALTER_TABLE",
        alterations.set_table_properties,
    ),
    _kind(
        rf"ALTER TABLE {_NAME}(?: PARTITION\s*\([^)]*\))? ADD COLUMNS{_COLUMNS}",
        "ALTER_TABLE",
        alterations.add_columns,
    ),
    _kind(
        rf"ALTER TABLE {_NAME}(?: PARTITION\s*\([^)]*\))? REPLACE COLUMNS{_COLUMNS}",
        "ALTER_TABLE",
        alterations.replace_columns,
    ),
    _kind(
        rf"ALTER (?:DATABASE|SCHEMA) {_NAME} SET DBPROPERTIES{_PROPERTIES}",
        "ALTER_DATABASE",
        alterations.set_database_properties,
    ),
    _kind(rf"MSCK REPAIR TABLE {_NAME}", "MSCK_REPAIR_TABLE", partitions.repair_table),
    _kind(
        rf"INSERT INTO {_NAME}\s*"
        r"(?:\((?P<columns>\s*(?!SELECT\b|WITH\b|VALUES\b)[\w\s,\"`]+)\))?\s*(?P<query>.*)",
        "INSERT",
        writes.insert_into,
        statement_type="DML",
        output_suffix="{id}",
        query_of="query",
    ),
    _modify("DELETE", rf"DELETE FROM {_NAME}"),
    _modify("UPDATE", rf"UPDATE {_NAME} SET"),
    _modify("MERGE", rf"MERGE INTO {_NAME}"),
    _kind(
        r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<location>[^']+)'\s*(?:WITH\s*\((?P<options>.*)\))?",
        "UNLOAD",
        writes.unload,
        statement_type="DML",
        output_suffix="{id}",
        query_of="query",
    ),
    _show(
        r"SHOW (?:DATABASES|SCHEMAS)(?: (?:LIKE )?'(?P<pattern>[^']*)')?",
        "SHOW_DATABASES",
        show.show_databases,
    ),
    _show(
        rf"SHOW TBLPROPERTIES {_NAME}(?:\s*\(\s*['\"](?P<key>[^'\"]+)['\"]\s*\))?",
        "SHOW_TBLPROPERTIES",
        show.show_table_properties,
    ),
    _show(rf"SHOW TABLES{_IN}", "SHOW_TABLES", show.show_tables),
    _show(rf"SHOW VIEWS{_IN}", "SHOW_VIEWS", show.show_views),
    _show(rf"SHOW PARTITIONS {_NAME}", "SHOW_PARTITIONS", show.show_partitions),
    _show(rf"SHOW COLUMNS (?:IN|FROM) {_NAME}", "SHOW_COLUMNS", show.show_columns),
    _show(rf"SHOW CREATE (?:TABLE|VIEW) {_NAME}", "SHOW_CREATE_TABLE", show.show_create),
    _show(
        r"EXPLAIN(?P<analyze> ANALYZE)?(?:\s*\((?P<options>\s*(?:FORMAT|TYPE)\b[\w\s,]*)\))?"
        r"\s+(?P<statement>.*)",
        "EXPLAIN",
        _explain,
    ),
    _kind(rf"PREPARE {_STATEMENT_NAME} FROM\s+(?P<statement>.*)", "PREPARE", silent(_prepare)),
    _kind(rf"DEALLOCATE PREPARE {_STATEMENT_NAME}", "DEALLOCATE_PREPARE", silent(_deallocate)),
    _show(rf"(?:DESCRIBE|DESC)(?: FORMATTED| EXTENDED)? {_NAME}", "DESCRIBE_TABLE", show.describe),
)
_SELECT = _kind(
    r"(?P<query>.*)",
    "SELECT",
    lambda session, match: run_select(session, match["query"]),
    statement_type="DML",
    output_suffix="{id}.csv",
    query_of="query",
)
_DEFINITION_WORDS = re.compile(r"(?!(?:SELECT|WITH|VALUES|TABLE)\b)[A-Z]+\b", re.IGNORECASE)


def recognize(sql: str) -> Statement:
    """Recognize the statement of a query text.

    :raises MalformedQuery: if the text is not exactly one statement, or its query does not parse.
    """
    text = sql[_leading_comments(sql) :].strip()
    is_definition = bool(_DEFINITION_WORDS.match(text))
    is_hive = is_definition and ("`" in text or bool(_HIVE_WORDS.match(text)))
    text = _single(text, is_hive)
    if not text:
        raise MalformedQuery("line 1:1: mismatched input '<EOF>'. Expecting: a statement")
    if is_definition:
        pattern = _HIVE_TEXT if is_hive else _TRINO_TEXT
        text = pattern.sub(lambda found: found["quoted"] or " ", text).strip()
    for kind in _KINDS if is_definition else (_SELECT,):
        if match := kind.pattern.fullmatch(text):
            _check(kind, match)
            return Statement(kind, match)
    refuse_statement(text)
    raise MalformedQuery(f"line 1:1: mismatched input '{text.split()[0]}': Athena has no such statement")


def _check(kind: StatementKind, match: re.Match[str]) -> None:
    """Parse the query or the statement within a statement.

    :raises MalformedQuery: if it does not parse.
    """
    if kind.query_of:
        parse_query(match[kind.query_of])
    if kind.holds_statement:
        recognize(match["statement"])


def _leading_comments(sql: str) -> int:
    match = _LEADING_COMMENTS.match(sql)
    return match.end() if match else 0


def _single(text: str, is_hive: bool) -> str:
    """Return a statement without the semicolon at its end.

    :raises MalformedQuery: if another statement follows, or a quoted text or a comment does not end.
    """
    try:
        tokens = sqlglot.tokenize(text, read="hive" if is_hive else "trino")
    except SqlglotError as error:
        raise MalformedQuery(f"line 1:1: {str(error).splitlines()[0]}") from error
    ends = [token.start for token in tokens if token.token_type == TokenType.SEMICOLON]
    if not ends:
        return text
    if any(token.start > ends[0] and token.token_type != TokenType.SEMICOLON for token in tokens):
        raise MalformedQuery("Only one sql statement is allowed. Got: " + text)
    return text[: ends[0]].strip()
