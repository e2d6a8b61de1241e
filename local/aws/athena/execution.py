"""One execution of a query: its request, its state and its result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

TERMINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class Execution:
    """An execution of a query.

    :param output: folder of result files, with a slash at the end.
    :param output_suffix: where in ``output`` this statement's result goes.
    :param columns: ColumnInfo of the result.
    :param rows: result of a SHOW, DESCRIBE or DDL statement; a SELECT writes its result to a CSV file
        instead.
    :param cancel: stops the statement while it runs.
    """

    sql: str
    database: str
    workgroup: str
    region: str
    output: str
    output_suffix: str
    statement_type: str
    substatement_type: str
    context: dict[str, str]
    parameters: list[str] = field(default_factory=list)
    id: str = field(default_factory=lambda: str(uuid4()))
    state: str = "QUEUED"
    reason: str | None = None
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    scanned_bytes: int = 0
    manifest: str | None = None
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[str | None]] | None = None
    update_count: int = 0
    output_rows: int = 0
    cancel: Callable[[], None] | None = None

    @property
    def location(self) -> str:
        """OutputLocation: the file of the result; for a statement that writes, the prefix of its files."""
        return self.output + self.output_suffix.format(id=self.id)

    def finish(self, state: str, reason: str | None = None) -> None:
        """Enter a terminal state, unless the execution is in one already."""
        if self.state not in TERMINAL:
            self.state, self.reason, self.completed = state, reason, time.time()

    def runtime_statistics(self) -> dict[str, Any]:
        """Return Athena's QueryRuntimeStatistics: the timeline, and what was read."""
        statistics = self.describe()["Statistics"]
        return {
            "Timeline": {
                "QueryQueueTimeInMillis": statistics["QueryQueueTimeInMillis"],
                "QueryPlanningTimeInMillis": 0,
                "EngineExecutionTimeInMillis": statistics["EngineExecutionTimeInMillis"],
                "ServiceProcessingTimeInMillis": 0,
                "TotalExecutionTimeInMillis": statistics["TotalExecutionTimeInMillis"],
            },
            "Rows": {"InputBytes": self.scanned_bytes, "OutputRows": self.output_rows},
        }

    def describe(self) -> dict[str, Any]:
        """Return Athena's QueryExecution."""
        started, completed = self.started or time.time(), self.completed or time.time()
        description: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.sql,
            "StatementType": self.statement_type,
            "SubstatementType": self.substatement_type,
            "WorkGroup": self.workgroup,
            "QueryExecutionContext": self.context,
            "ResultConfiguration": {"OutputLocation": self.location},
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
            "Status": {"State": self.state, "SubmissionDateTime": self.submitted},
            "Statistics": {
                "EngineExecutionTimeInMillis": int((completed - started) * 1000),
                "TotalExecutionTimeInMillis": int((completed - self.submitted) * 1000),
                "QueryQueueTimeInMillis": int((started - self.submitted) * 1000),
                "DataScannedInBytes": self.scanned_bytes,
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
        }
        if self.parameters:
            description["ExecutionParameters"] = self.parameters
        if self.completed:
            description["Status"]["CompletionDateTime"] = self.completed
        if self.manifest:
            description["Statistics"]["DataManifestLocation"] = self.manifest
        if self.reason:
            description["Status"]["StateChangeReason"] = self.reason
        if self.state == "FAILED":
            description["Status"]["AthenaError"] = {
                "ErrorCategory": 2,
                "ErrorType": 1006,
                "Retryable": False,
                "ErrorMessage": self.reason,
            }
        return description
