"""Named queries, which workgroups keep."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from local.aws.athena.caller import Caller, Operations, Request
from local.aws.athena.list_pages import page
from local.aws.endpoint_errors import AwsError


class NamedQueries:
    """The named queries of all workgroups.

    :ivar operations: Athena's operations on them.
    """

    def __init__(self) -> None:
        self._queries: dict[str, tuple[str, dict[str, Any]]] = {}
        self._tokens: dict[str, str] = {}
        self.operations: Operations = {
            "CreateNamedQuery": self._create,
            "UpdateNamedQuery": self._update,
            "GetNamedQuery": self._get,
            "BatchGetNamedQuery": self._batch_get,
            "ListNamedQueries": self._list,
            "DeleteNamedQuery": self._delete,
        }

    def _create(self, request: Request, caller: Caller) -> dict[str, Any]:
        token = request.get("ClientRequestToken")
        if token in self._tokens:
            return {"NamedQueryId": self._tokens[token]}
        query_id = str(uuid4())
        members = ("Name", "Description", "Database", "QueryString")
        query = {name: request[name] for name in members if name in request}
        query |= {"NamedQueryId": query_id, "WorkGroup": request.get("WorkGroup", "primary")}
        self._queries[query_id] = caller.region, query
        if token:
            self._tokens[token] = query_id
        return {"NamedQueryId": query_id}

    def _update(self, request: Request, caller: Caller) -> dict[str, Any]:
        query = self._find(request, caller)
        query |= {name: request[name] for name in ("Name", "Description", "QueryString") if name in request}
        return {}

    def _get(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {"NamedQuery": self._find(request, caller)}

    def _batch_get(self, request: Request, caller: Caller) -> dict[str, Any]:
        asked = request["NamedQueryIds"]
        missing = [query_id for query_id in asked if self._queries.get(query_id, ("",))[0] != caller.region]
        return {
            "NamedQueries": [self._queries[query_id][1] for query_id in asked if query_id not in missing],
            "UnprocessedNamedQueryIds": [
                {
                    "NamedQueryId": query_id,
                    "ErrorCode": "NOT_FOUND",
                    "ErrorMessage": f"NamedQuery {query_id} was not found",
                }
                for query_id in missing
            ],
        }

    def _list(self, request: Request, caller: Caller) -> dict[str, Any]:
        workgroup = request.get("WorkGroup", "primary")
        ids = [
            query_id
            for query_id, (place, query) in self._queries.items()
            if (place, query["WorkGroup"]) == (caller.region, workgroup)
        ]
        return page(ids, request, "NamedQueryIds", 50)

    def _delete(self, request: Request, caller: Caller) -> dict[str, Any]:
        del self._queries[self._find(request, caller)["NamedQueryId"]]
        return {}

    def _find(self, request: Request, caller: Caller) -> dict[str, Any]:
        query_id = request["NamedQueryId"]
        place, query = self._queries.get(query_id, ("", {}))
        if place != caller.region:
            raise AwsError("InvalidRequestException", f"NamedQuery {query_id} was not found")
        return query
