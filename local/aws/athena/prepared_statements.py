"""Prepared statements: those of workgroups, made by API or by PREPARE, and EXECUTE, which runs them."""

from __future__ import annotations

import re
import time
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from local.aws.athena.athena_errors import MalformedQuery
from local.aws.athena.caller import Caller, Operations, Request
from local.aws.athena.dialect import bind_parameters
from local.aws.athena.list_pages import page
from local.aws.endpoint_errors import AwsError

_EXECUTE = re.compile(
    r"EXECUTE\s+(?P<name>[\w@:]+|\"[^\"]+\")(?:\s+USING\s+(?P<values>.*?))?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET)


class PreparedStatements:
    """The prepared statements of all workgroups.

    :ivar operations: Athena's operations on them.
    """

    def __init__(self) -> None:
        self._statements: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.operations: Operations = {
            "CreatePreparedStatement": self._create,
            "UpdatePreparedStatement": self._update,
            "GetPreparedStatement": self._get,
            "BatchGetPreparedStatement": self._batch_get,
            "ListPreparedStatements": self._list,
            "DeletePreparedStatement": self._delete,
        }

    def create(self, region: str, workgroup: str, name: str, text: str, description: str = "") -> None:
        """Keep a new statement.

        :raises AwsError: InvalidRequestException, if there is one of the name.
        """
        if (region, workgroup, name) in self._statements:
            raise AwsError(
                "InvalidRequestException",
                f"PreparedStatement {name} already exists in WorkGroup {workgroup}",
            )
        self._save(region, workgroup, name, text, description)

    def find(self, region: str, workgroup: str, name: str) -> dict[str, Any]:
        """Return Athena's PreparedStatement.

        :raises AwsError: ResourceNotFoundException.
        """
        found = self._statements.get((region, workgroup, name))
        if found is None:
            raise _not_found(workgroup, name)
        return found

    def delete(self, region: str, workgroup: str, name: str) -> None:
        """Forget a statement.

        :raises AwsError: ResourceNotFoundException.
        """
        if self._statements.pop((region, workgroup, name), None) is None:
            raise _not_found(workgroup, name)

    def resolve(self, sql: str, parameters: list[str], region: str, workgroup: str) -> str:
        """Return the statement that a query text means, with values in place of question marks.

        :param parameters: ExecutionParameters; EXECUTE takes them if it has no USING.
        :raises QueryFailed: if the number of values differs from that of the question marks.
        :raises MalformedQuery: if the values of USING cannot be read.
        :raises AwsError: if EXECUTE names a statement that the workgroup lacks.
        """
        match = _EXECUTE.fullmatch(sql.strip())
        if match is None:
            return bind_parameters(sql, parameters) if parameters else sql
        try:
            found = self.find(region, workgroup, match["name"].strip('"'))
        except AwsError as error:
            raise AwsError("InvalidRequestException", error.message) from error
        given = _split_values(match["values"]) if match["values"] else parameters
        return bind_parameters(found["QueryStatement"], given)

    def _save(self, region: str, workgroup: str, name: str, text: str, description: str) -> None:
        self._statements[region, workgroup, name] = {
            "StatementName": name,
            "QueryStatement": text,
            "WorkGroupName": workgroup,
            "LastModifiedTime": time.time(),
            **({"Description": description} if description else {}),
        }

    def _create(self, request: Request, caller: Caller) -> dict[str, Any]:
        self.create(caller.region, *_key(request), request["QueryStatement"], request.get("Description", ""))
        return {}

    def _update(self, request: Request, caller: Caller) -> dict[str, Any]:
        self.find(caller.region, *_key(request))
        self._save(caller.region, *_key(request), request["QueryStatement"], request.get("Description", ""))
        return {}

    def _get(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {"PreparedStatement": self.find(caller.region, *_key(request))}

    def _batch_get(self, request: Request, caller: Caller) -> dict[str, Any]:
        workgroup = request["WorkGroup"]
        found = {
            name: self._statements.get((caller.region, workgroup, name))
            for name in request["PreparedStatementNames"]
        }
        return {
            "PreparedStatements": [statement for statement in found.values() if statement],
            "UnprocessedPreparedStatementNames": [
                {
                    "StatementName": name,
                    "ErrorCode": "STATEMENT_NOT_FOUND",
                    "ErrorMessage": _not_found(workgroup, name).message,
                }
                for name, statement in found.items()
                if statement is None
            ],
        }

    def _list(self, request: Request, caller: Caller) -> dict[str, Any]:
        found = [
            {name: statement[name] for name in ("StatementName", "LastModifiedTime")}
            for (place, workgroup, _), statement in sorted(self._statements.items())
            if (place, workgroup) == (caller.region, request["WorkGroup"])
        ]
        return page(found, request, "PreparedStatements", 50)

    def _delete(self, request: Request, caller: Caller) -> dict[str, Any]:
        self.delete(caller.region, *_key(request))
        return {}


def _key(request: Request) -> tuple[str, str]:
    return request["WorkGroup"], request["StatementName"]


def _not_found(workgroup: str, name: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException",
        f"PreparedStatement {name} was not found in workGroup {workgroup}",
        fields={"ResourceName": name},
    )


def _split_values(text: str) -> list[str]:
    """Split at the commas outside brackets and literals."""
    try:
        tokens = sqlglot.tokenize(text, read="trino")
    except SqlglotError as error:
        raise MalformedQuery(f"line 1:1: {str(error).splitlines()[0]}") from error
    values, depth, start = [], 0, 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type == TokenType.COMMA and depth == 0:
            values.append(text[start : token.start].strip())
            start = token.end + 1
    return [*values, text[start:].strip()]
