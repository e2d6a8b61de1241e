"""Athena's API: the operations on queries and metadata. moto answers the others, such as on workgroups."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any

import botocore.loaders
import duckdb
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from moto.athena.models import athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from local.aws.athena.athena_errors import MalformedQuery, QueryFailed, failure_reason
from local.aws.athena.caller import Caller, Operations, Request
from local.aws.athena.catalog import Catalog
from local.aws.athena.dialect import SESSION_SETTINGS, prepare_database
from local.aws.athena.execution import TERMINAL, Execution
from local.aws.athena.left_out import REASONS
from local.aws.athena.list_pages import page, position
from local.aws.athena.metadata import Metadata
from local.aws.athena.named_queries import NamedQueries
from local.aws.athena.prepared_statements import PreparedStatements
from local.aws.athena.results import read_csv_rows
from local.aws.athena.session import Session
from local.aws.athena.statements import Statement, recognize
from local.aws.athena.storage import ScanFileSystem, Storage
from local.aws.endpoint_errors import AwsError
from local.aws.iam.need import Need, bucket_arn
from local.aws.moto_clients import MotoClients

logger = logging.getLogger(__name__)

_MOST_ROWS = 1000


class AthenaService:
    """Runs queries in threads and answers Athena's operations.

    :param clients: of moto's Glue, S3 and Athena.
    :param workers: queries running at once.
    :param memory: DuckDB's memory limit, such as ``512MB``.
    """

    def __init__(self, clients: MotoClients, workers: int, memory: str) -> None:
        self._clients = clients
        self._executions: dict[str, Execution] = {}
        self._tokens: dict[str, tuple[Request, str]] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="athena")
        self._files = ScanFileSystem()
        # DuckDB's file cache would keep the bytes that each query reads, although no path is ever read again.
        config: dict[str, Any] = {"threads": 2, "memory_limit": memory, "enable_external_file_cache": False}
        self._database = duckdb.connect(config=config)
        self._database.register_filesystem(self._files)
        prepare_database(self._database)
        self._model = ServiceModel(
            botocore.loaders.Loader().load_service_model("athena", "service-2"), "athena"
        )
        self._prepared = PreparedStatements()
        self._operations: Operations = {
            "StartQueryExecution": self._start_query_execution,
            "GetQueryExecution": self._get_query_execution,
            "BatchGetQueryExecution": self._batch_get_query_execution,
            "ListQueryExecutions": self._list_query_executions,
            "StopQueryExecution": self._stop_query_execution,
            "GetQueryResults": self._get_query_results,
            "GetQueryRuntimeStatistics": self._get_query_runtime_statistics,
            "GetWorkGroup": self._get_work_group,
            "UpdateWorkGroup": self._update_work_group,
            **self._prepared.operations,
            **NamedQueries().operations,
            **Metadata().operations,
        }

    def serves(self, operation: str) -> bool:
        """Return whether this service answers an operation, if only to refuse it."""
        return operation in self._operations or operation in REASONS

    def call(
        self, operation: str, request: Request, region: str, clients: MotoClients | None = None
    ) -> dict[str, Any]:
        """Answer an operation.

        :param clients: of the caller, with whose rights a query reads and writes; None for the owner's.
        :raises AwsError: where Athena would refuse the request.
        :raises botocore.exceptions.ClientError: likewise, for a service that it asks.
        """
        if operation in REASONS:
            reason = f"The local Athena does not offer {operation}: {REASONS[operation]}"
            raise AwsError("InvalidRequestException", reason)
        shape = self._model.operation_model(operation).input_shape
        assert shape is not None
        report = ParamValidator().validate(request, shape)
        if report.has_errors():
            raise AwsError("InvalidRequestException", report.generate_report())
        return self._operations[operation](request, Caller(region, clients or self._clients))

    def workgroup_of(self, execution_id: str) -> str:
        """Return the workgroup of an execution; ``primary`` if there is none."""
        found = self._executions.get(execution_id)
        return found.workgroup if found else "primary"

    def close(self) -> None:
        """Cancel queued and running queries."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        # Again and again: DuckDB ignores an interrupt that comes between two statements of a query.
        while running := [execution for execution in self._executions.values() if execution.cancel]:
            for execution in running:
                self._cancel(execution)
            time.sleep(0.02)
        self._database.close()

    def _start_query_execution(self, request: Request, caller: Caller) -> dict[str, Any]:
        token = request.get("ClientRequestToken")
        with self._lock:
            if token in self._tokens:
                earlier, execution_id = self._tokens[token]
                if earlier != request:
                    raise AwsError("InvalidRequestException", "Idempotent parameters do not match")
                return {"QueryExecutionId": execution_id}
            execution, statement = self._new_execution(request, caller)
            self._executions[execution.id] = execution
            if token:
                self._tokens[token] = (request, execution.id)
        self._pool.submit(self._run, execution, statement, caller)
        return {"QueryExecutionId": execution.id}

    def _new_execution(self, request: Request, caller: Caller) -> tuple[Execution, Statement]:
        parameters = request.get("ExecutionParameters", [])
        workgroup = request.get("WorkGroup", "primary")
        try:
            sql = self._prepared.resolve(request["QueryString"], parameters, caller.region, workgroup)
            statement = recognize(sql)
        except (MalformedQuery, QueryFailed) as error:
            raise AwsError(
                "InvalidRequestException", str(error), fields={"AthenaErrorCode": "MALFORMED_QUERY"}
            ) from error
        context = request.get("QueryExecutionContext", {})
        given = (request.get("ResultConfiguration") or {}).get("OutputLocation")
        execution = Execution(
            sql=request["QueryString"],
            database=context.get("Database", "default").strip('`"').lower(),
            workgroup=workgroup,
            region=caller.region,
            output=self._output_location(workgroup, given, caller),
            output_suffix=statement.kind.output_suffix,
            statement_type=statement.kind.statement_type,
            substatement_type=statement.kind.substatement_type,
            context=context,
            parameters=parameters,
        )
        return execution, statement

    def _get_work_group(self, request: Request, caller: Caller) -> dict[str, Any]:
        found = self._workgroup(request["WorkGroup"], caller.region)
        if isinstance(created := found.get("CreationTime"), datetime):
            found["CreationTime"] = created.timestamp()
        return {"WorkGroup": found}

    def _update_work_group(self, request: Request, caller: Caller) -> dict[str, Any]:
        self._workgroup(request["WorkGroup"], caller.region)
        workgroup = athena_backends[DEFAULT_ACCOUNT_ID][caller.region].work_groups[request["WorkGroup"]]
        workgroup.description = request.get("Description", workgroup.description)
        workgroup.state = request.get("State", workgroup.state)
        updates = dict(request.get("ConfigurationUpdates", {}))
        results = updates.pop("ResultConfigurationUpdates", {})
        workgroup.configuration = updated(workgroup.configuration, updates) | {
            "ResultConfiguration": updated(workgroup.configuration.get("ResultConfiguration", {}), results)
        }
        return {}

    def _workgroup(self, name: str, region: str) -> dict[str, Any]:
        """Return a workgroup; moto answers with nothing if there is none."""
        found = self._clients.athena(region).get_work_group(WorkGroup=name).get("WorkGroup")
        if found is None:
            raise AwsError("InvalidRequestException", f"WorkGroup {name} is not found.")
        return dict(found)

    def _output_location(self, workgroup: str, given: str | None, caller: Caller) -> str:
        """Return the workgroup's location if it is enforced or the request names none, else the request's."""
        configuration = self._workgroup(workgroup, caller.region).get("Configuration", {})
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        location = own or given if configuration.get("EnforceWorkGroupConfiguration") else given or own
        if not location:
            raise AwsError(
                "InvalidRequestException",
                "No output location provided. An output location is required either through the Workgroup "
                "result configuration setting or as an API input.",
            )
        if not location.startswith("s3://"):
            raise AwsError("InvalidRequestException", f"outputLocation is not a valid S3 path: {location}")
        bucket = location.removeprefix("s3://").partition("/")[0]
        caller.clients.require(Need("s3:GetBucketLocation", bucket_arn(bucket)))
        return str(location).rstrip("/") + "/"

    def _run(self, execution: Execution, statement: Statement, caller: Caller) -> None:
        if execution.state in TERMINAL:
            return
        execution.state, execution.started = "RUNNING", time.time()
        connection, scan = self._database.cursor(), self._files.begin()
        execution.cancel = connection.interrupt
        try:
            for setting in SESSION_SETTINGS:
                connection.execute(setting)
            catalog, storage = (
                Catalog(caller.clients, execution.region),
                Storage(caller.clients, execution.region),
            )
            statement.run(Session(execution, connection, catalog, storage, scan, self._prepared))
            execution.scanned_bytes = scan.bytes_read
            execution.finish("SUCCEEDED")
        except Exception as error:
            if not isinstance(error, (QueryFailed, MalformedQuery, AwsError, ClientError, duckdb.Error)):
                logger.exception("query %s failed within the local Athena", execution.id)
            execution.finish("FAILED", failure_reason(error, execution.sql))
        finally:
            execution.cancel = None
            connection.close()
            self._files.end(scan)

    def _find(self, execution_id: str) -> Execution:
        if execution_id not in self._executions:
            raise AwsError("InvalidRequestException", f"QueryExecution {execution_id} was not found")
        return self._executions[execution_id]

    def _get_query_execution(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {"QueryExecution": self._find(request["QueryExecutionId"]).describe()}

    def _batch_get_query_execution(self, request: Request, caller: Caller) -> dict[str, Any]:
        asked = request["QueryExecutionIds"]
        return {
            "QueryExecutions": [self._executions[id_].describe() for id_ in asked if id_ in self._executions],
            "UnprocessedQueryExecutionIds": [
                {
                    "QueryExecutionId": id_,
                    "ErrorCode": "NOT_FOUND",
                    "ErrorMessage": f"QueryExecution {id_} was not found",
                }
                for id_ in asked
                if id_ not in self._executions
            ],
        }

    def _get_query_runtime_statistics(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {"QueryRuntimeStatistics": self._find(request["QueryExecutionId"]).runtime_statistics()}

    def _list_query_executions(self, request: Request, caller: Caller) -> dict[str, Any]:
        workgroup = request.get("WorkGroup", "primary")
        ids = [
            execution.id
            for execution in reversed(self._executions.values())
            if execution.workgroup == workgroup
        ]
        return page(ids, request, "QueryExecutionIds", 50)

    def _stop_query_execution(self, request: Request, caller: Caller) -> dict[str, Any]:
        self._cancel(self._find(request["QueryExecutionId"]))
        return {}

    @staticmethod
    def _cancel(execution: Execution) -> None:
        execution.finish("CANCELLED", "Query cancelled by user")
        if interrupt := execution.cancel:
            interrupt()

    def _get_query_results(self, request: Request, caller: Caller) -> dict[str, Any]:
        execution = self._find(request["QueryExecutionId"])
        if execution.state not in TERMINAL:
            raise AwsError(
                "InvalidRequestException", f"Query has not yet finished. Current state: {execution.state}"
            )
        if execution.state != "SUCCEEDED":
            raise AwsError(
                "InvalidRequestException",
                f"Query did not finish successfully. Final query state: {execution.state}",
            )
        limit, start = min(request.get("MaxResults", _MOST_ROWS), _MOST_ROWS), position(request)
        if execution.rows is not None:
            rows, following = execution.rows[start : start + limit], start + limit
            more = following < len(execution.rows)
        else:
            text = self._result_text(execution, caller)
            read = list(islice(read_csv_rows(text, start), limit))
            rows, following = [row for row, _ in read], read[-1][1] if read else len(text)
            more = following < len(text)
        answer: dict[str, Any] = {
            "UpdateCount": execution.update_count,
            "ResultSet": {
                "Rows": [
                    {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
                    for row in rows
                ],
                "ResultSetMetadata": {"ColumnInfo": execution.columns},
            },
        }
        return answer | ({"NextToken": str(following)} if more else {})

    def _result_text(self, execution: Execution, caller: Caller) -> str:
        try:
            return Storage(caller.clients, execution.region).read(execution.location).decode()
        except ClientError as error:
            raise AwsError(
                "InvalidRequestException", f"Could not find results: {execution.location}"
            ) from error


def updated(members: dict[str, Any], updates: dict[str, Any]) -> dict[str, Any]:
    """Apply updates of a configuration, in which ``RemoveX: true`` takes member ``X`` away.

    >>> updated({"OutputLocation": "s3://a/", "ExpectedBucketOwner": "1"}, {"RemoveOutputLocation": True})
    {'ExpectedBucketOwner': '1'}
    """
    changes = {name: value for name, value in updates.items() if not name.startswith("Remove")}
    return {name: value for name, value in members.items() if not updates.get(f"Remove{name}")} | changes
