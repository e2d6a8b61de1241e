"""Athena's operations on the catalog: data catalogs, databases and tables, as drivers ask for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from moto.core.models import DEFAULT_ACCOUNT_ID

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.caller import Caller, Operations, Request
from local.aws.athena.catalog import CATALOG, Catalog, Table, TableName
from local.aws.athena.list_pages import page
from local.aws.endpoint_errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef as Column
    from mypy_boto3_glue.type_defs import DatabaseTypeDef

_ENGINE = "Athena engine version 3"


class Metadata:
    """Answers what is in the catalog.

    :ivar operations: Athena's operations on it.
    """

    def __init__(self) -> None:
        self.operations: Operations = {
            "GetDataCatalog": self._get_data_catalog,
            "ListDataCatalogs": self._list_data_catalogs,
            "GetDatabase": self._get_database,
            "ListDatabases": self._list_databases,
            "GetTableMetadata": self._get_table_metadata,
            "ListTableMetadata": self._list_table_metadata,
            "ListEngineVersions": self._list_engine_versions,
        }

    def _get_data_catalog(self, request: Request, caller: Caller) -> dict[str, Any]:
        _require_catalog(request["Name"])
        described = {
            "Name": "AwsDataCatalog",
            "Type": "GLUE",
            "Parameters": {"catalog-id": DEFAULT_ACCOUNT_ID},
        }
        return {"DataCatalog": described}

    def _list_data_catalogs(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {"DataCatalogsSummary": [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]}

    def _get_database(self, request: Request, caller: Caller) -> dict[str, Any]:
        name = request["DatabaseName"]
        return {"Database": _database(self._require_database(request, caller, name))}

    def _list_databases(self, request: Request, caller: Caller) -> dict[str, Any]:
        _require_catalog(request["CatalogName"])
        databases = [_database(found) for found in Catalog(caller.clients, caller.region).databases()]
        return page(databases, request, "DatabaseList", 50)

    def _get_table_metadata(self, request: Request, caller: Caller) -> dict[str, Any]:
        name = TableName(request["DatabaseName"].lower(), request["TableName"].lower())
        self._require_database(request, caller, name.database)
        table = Catalog(caller.clients, caller.region).find(name)
        if table is None:
            raise glue_error("EntityNotFoundException", "Entity Not Found")
        return {"TableMetadata": _table_metadata(table)}

    def _list_table_metadata(self, request: Request, caller: Caller) -> dict[str, Any]:
        self._require_database(request, caller, request["DatabaseName"])
        wanted = _pattern(request.get("Expression") or ".*")
        tables = Catalog(caller.clients, caller.region).tables(request["DatabaseName"])
        described = [_table_metadata(table) for table in tables if wanted.fullmatch(table.name.name)]
        return page(described, request, "TableMetadataList", 50)

    def _list_engine_versions(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {
            "EngineVersions": [
                {"SelectedEngineVersion": selected, "EffectiveEngineVersion": _ENGINE}
                for selected in ("AUTO", _ENGINE)
            ]
        }

    def _require_database(self, request: Request, caller: Caller, name: str) -> DatabaseTypeDef:
        _require_catalog(request["CatalogName"])
        try:
            return Catalog(caller.clients, caller.region).require_database(name)
        except QueryFailed as error:
            raise glue_error("EntityNotFoundException", f"Database {name} not found.") from error


def glue_error(code: str, message: str) -> AwsError:
    """Return an error of Glue's as Athena passes it on; drivers find the code in its message."""
    return AwsError(
        "MetadataException",
        f"{message} (Service: AmazonDataCatalog; Status Code: 400; Error Code: {code}; "
        f"Request ID: {uuid4()}; Proxy: null)",
    )


def _require_catalog(name: str) -> None:
    if name.lower() != CATALOG:
        raise AwsError("InvalidRequestException", f"Data catalog {name} was not found")


def _pattern(expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression, re.IGNORECASE)
    except re.error as error:
        raise AwsError("InvalidRequestException", f"Expression {expression!r} is invalid: {error}") from error


def _database(found: DatabaseTypeDef) -> dict[str, Any]:
    description = {"Description": found["Description"]} if found.get("Description") else {}
    return {"Name": found["Name"], "Parameters": found.get("Parameters", {})} | description


def _table_metadata(table: Table) -> dict[str, Any]:
    return {
        "Name": table.name.name,
        "TableType": table.definition.get("TableType", ""),
        "Columns": [_column_metadata(column) for column in table.columns],
        "PartitionKeys": [_column_metadata(key) for key in table.partition_keys],
        "Parameters": {
            **table.definition.get("Parameters", {}),
            "location": table.storage.get("Location") or "",
        },
    }


def _column_metadata(column: Column) -> dict[str, str]:
    comment = {"Comment": column["Comment"]} if "Comment" in column else {}
    return {"Name": column["Name"], "Type": column["Type"], **comment}
