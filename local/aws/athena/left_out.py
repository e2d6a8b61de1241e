"""What Athena has and the local endpoint does not: statements, operations and formats, each with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from local.aws.athena.athena_errors import MalformedQuery, QueryFailed
from local.aws.athena.session import Session


@dataclass(frozen=True)
class LeftOutStatement:
    """A statement of Athena's that is refused.

    :param name: as Athena's user guide calls it.
    :param pattern: how it begins.
    :param example: a text that is refused.
    """

    name: str
    pattern: str
    reason: str
    example: str


_NO_ICEBERG = "there are no Iceberg tables"

STATEMENTS = (
    LeftOutStatement(
        "CREATE TABLE of Iceberg",
        r"CREATE\s+TABLE\b(?!.*\bAS\b)",
        _NO_ICEBERG,
        "CREATE TABLE t (a int) LOCATION 's3://b/t/' TBLPROPERTIES ('table_type' = 'ICEBERG')",
    ),
    LeftOutStatement("OPTIMIZE", r"OPTIMIZE\b", _NO_ICEBERG, "OPTIMIZE t REWRITE DATA USING BIN_PACK"),
    LeftOutStatement("VACUUM", r"VACUUM\b", _NO_ICEBERG, "VACUUM t"),
    LeftOutStatement(
        "ALTER TABLE CHANGE COLUMN",
        r"ALTER\s+TABLE\s+\S+\s+CHANGE\b",
        _NO_ICEBERG,
        "ALTER TABLE t CHANGE COLUMN a b int",
    ),
    LeftOutStatement(
        "ALTER TABLE DROP COLUMN",
        r"ALTER\s+TABLE\s+\S+\s+DROP\s+COLUMN\b",
        _NO_ICEBERG,
        "ALTER TABLE t DROP COLUMN a",
    ),
    LeftOutStatement(
        "ALTER TABLE UNSET TBLPROPERTIES",
        r"ALTER\s+TABLE\s+\S+\s+UNSET\b",
        _NO_ICEBERG,
        "ALTER TABLE t UNSET TBLPROPERTIES ('a')",
    ),
    LeftOutStatement(
        "ALTER VIEW DIALECT",
        r"ALTER\s+VIEW\b",
        "views have one dialect, Athena's",
        "ALTER VIEW v ADD DIALECT AS SELECT 1",
    ),
    LeftOutStatement(
        "CREATE PROTECTED MULTI DIALECT VIEW",
        r"CREATE\s+(?:OR\s+REPLACE\s+)?PROTECTED\b",
        "views have one dialect, Athena's",
        "CREATE PROTECTED MULTI DIALECT VIEW v SECURITY DEFINER AS SELECT 1",
    ),
    LeftOutStatement(
        "USING EXTERNAL FUNCTION",
        r"USING\s+EXTERNAL\s+FUNCTION\b",
        "there is no Lambda function to call",
        "USING EXTERNAL FUNCTION f(a int) RETURNS int LAMBDA 'f' SELECT f(1)",
    ),
    LeftOutStatement(
        "DESCRIBE of a partition or a column",
        r"(?:DESCRIBE|DESC)\s+\S+\s+\S",
        "DESCRIBE shows whole tables",
        "DESCRIBE t PARTITION (dt = '2026-01-01')",
    ),
    LeftOutStatement(
        "EXECUTE IMMEDIATE",
        r"EXECUTE\s+IMMEDIATE\b",
        "statements are prepared before they are executed",
        "EXECUTE IMMEDIATE 'SELECT ?' USING 1",
    ),
)

NO_SPARK = "nothing runs Spark"
OPERATIONS: dict[str, tuple[str, ...]] = {
    "there is one data catalog, which is Glue's": (
        "CreateDataCatalog",
        "DeleteDataCatalog",
        "UpdateDataCatalog",
    ),
    "there is no capacity to give out": (
        "CancelCapacityReservation",
        "DeleteCapacityReservation",
        "GetCapacityAssignmentConfiguration",
        "PutCapacityAssignmentConfiguration",
    ),
    NO_SPARK: (
        "CreateNotebook",
        "CreatePresignedNotebookUrl",
        "DeleteNotebook",
        "ExportNotebook",
        "GetCalculationExecution",
        "GetCalculationExecutionCode",
        "GetCalculationExecutionStatus",
        "GetNotebookMetadata",
        "GetResourceDashboard",
        "GetSession",
        "GetSessionEndpoint",
        "GetSessionStatus",
        "ImportNotebook",
        "ListApplicationDPUSizes",
        "ListCalculationExecutions",
        "ListExecutors",
        "ListNotebookMetadata",
        "ListNotebookSessions",
        "ListSessions",
        "StartCalculationExecution",
        "StartSession",
        "StopCalculationExecution",
        "TerminateSession",
        "UpdateNotebook",
        "UpdateNotebookMetadata",
    ),
}
REASONS = {operation: reason for reason, names in OPERATIONS.items() for operation in names}

BY_MOTO = (
    "CreateCapacityReservation",
    "CreateWorkGroup",
    "DeleteWorkGroup",
    "GetCapacityReservation",
    "ListCapacityReservations",
    "ListTagsForResource",
    "ListWorkGroups",
    "TagResource",
    "UntagResource",
    "UpdateCapacityReservation",
)

OTHERS = (
    "Tables in ORC, Avro or Ion, and the SerDes for regular expressions, Grok and logs.",
    "Arrays, maps and rows in delimited text.",
    "Bucketed tables, S3 Select, Lake Formation, federated catalogs.",
    'Hidden columns other than `"$path"`, and tables with `$` other than `"table$partitions"`.',
    "EXPLAIN ANALYZE of statements that write. EXPLAIN shows the query's own order: nothing is optimized.",
    "Reuse of results, managed results, encryption of results.",
)


def refuse_statement(text: str) -> None:
    """Refuse a statement that Athena has and the local endpoint lacks.

    :raises MalformedQuery: with the reason.
    """
    for statement in STATEMENTS:
        if re.match(statement.pattern, text, re.IGNORECASE | re.DOTALL):
            raise MalformedQuery(
                f"line 1:1: the local Athena does not offer {statement.name}: {statement.reason}"
            )


def modify_rows(session: Session, match: re.Match[str]) -> NoReturn:
    """DELETE, UPDATE and MERGE, which Athena offers for Iceberg tables only.

    :raises QueryFailed: TABLE_NOT_FOUND, or NOT_SUPPORTED as for each table that is not Iceberg's.
    """
    session.catalog.table(session.table_name(match["name"]))
    raise QueryFailed(
        "NOT_SUPPORTED: line 1:1: Modifying Hive table rows is only supported for transactional tables"
    )
