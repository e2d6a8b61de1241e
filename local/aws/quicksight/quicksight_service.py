"""QuickSight's operations."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any
from uuid import uuid4

from local.aws.athena.service import AthenaService
from local.aws.endpoint_errors import AwsError, Reply
from local.aws.quicksight.data_sets import columns_used, output_columns, table_read
from local.aws.quicksight.kept_assets import Asset, Assets, Kind, Members, Version, not_found, now
from local.aws.quicksight.wire import Request, Routes, members_of, parse_request, write_reply

# Names of the kinds in the API's operations and members.
_NAMES: dict[Kind, str] = {"datasource": "DataSource", "dataset": "DataSet", "dashboard": "Dashboard"}
_STATES = {"SUCCEEDED": "COMPLETED"}

Operation = Callable[[Assets, Request], Members]


class QuickSightService:
    """Answers the operations on data sources, data sets, schedules, ingestions and dashboards.

    :param athena: runs the queries of ingestions.
    """

    def __init__(self, athena: AthenaService) -> None:
        self._athena = athena
        self._places: dict[tuple[str, str], Assets] = {}
        self._lock = RLock()
        self._operations: dict[str, Operation] = {
            "DescribeAccountSubscription": self._describe_account_subscription,
            "CreateDataSource": self._create_data_source,
            "UpdateDataSource": self._update_data_source,
            "CreateDataSet": self._create_data_set,
            "UpdateDataSet": self._update_data_set,
            "CreateRefreshSchedule": self._create_refresh_schedule,
            "UpdateRefreshSchedule": self._update_refresh_schedule,
            "DescribeRefreshSchedule": self._describe_refresh_schedule,
            "ListRefreshSchedules": self._list_refresh_schedules,
            "DeleteRefreshSchedule": self._delete_refresh_schedule,
            "CreateIngestion": self._create_ingestion,
            "DescribeIngestion": self._describe_ingestion,
            "ListIngestions": self._list_ingestions,
            "CreateDashboard": self._create_dashboard,
            "UpdateDashboard": self._update_dashboard,
            "DescribeDashboard": self._describe_dashboard,
            "DescribeDashboardDefinition": self._describe_dashboard_definition,
            "UpdateDashboardPublishedVersion": self._publish_dashboard,
            "ListDashboardVersions": self._list_dashboard_versions,
            "ListDashboards": self._list_dashboards,
        }
        for kind, name in _NAMES.items():
            self._operations |= _shared_operations(kind, name)
        self._routes = Routes(self._operations)

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the operation that a request is and the members in its path; None if moto has to answer."""
        return self._routes.find(method, path)

    def call(self, found: tuple[str, dict[str, str]], query: str, body: bytes, region: str) -> Reply:
        """Answer an operation that :meth:`find` found.

        :raises AwsError: where QuickSight would refuse the request.
        """
        operation, in_path = found
        request = parse_request(operation, in_path, query, body)
        place = region, request["AwsAccountId"]
        with self._lock:
            assets = self._places.setdefault(place, Assets(place))
            return write_reply(operation, self._operations[operation](assets, request))

    def _describe_account_subscription(self, assets: Assets, request: Request) -> Members:
        """Say that the account has the edition that has everything."""
        return {"AccountInfo": {"Edition": "ENTERPRISE", "AccountSubscriptionStatus": "ACCOUNT_CREATED"}}

    def _create_data_source(self, assets: Assets, request: Request) -> Members:
        members = {**members_of("DataSource", request), "Status": "CREATION_SUCCESSFUL"}
        asset = assets.add("datasource", request["DataSourceId"], members, request.get("Permissions", []))
        return {
            "Arn": asset.arn,
            "DataSourceId": request["DataSourceId"],
            "CreationStatus": "CREATION_IN_PROGRESS",
        }

    def _update_data_source(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("datasource", request["DataSourceId"])
        asset.members |= members_of("DataSource", request)
        asset.members |= {"Status": "UPDATE_SUCCESSFUL", "LastUpdatedTime": now()}
        return {
            "Arn": asset.arn,
            "DataSourceId": request["DataSourceId"],
            "UpdateStatus": "UPDATE_IN_PROGRESS",
        }

    def _create_data_set(self, assets: Assets, request: Request) -> Members:
        members = _data_set_members(assets, request)
        asset = assets.add("dataset", request["DataSetId"], members, request.get("Permissions", []))
        return self._data_set_answer(assets, asset, "INITIAL_INGESTION")

    def _update_data_set(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dataset", request["DataSetId"])
        lasting: Members = {
            name: asset.members[name] for name in ("Arn", "CreatedTime", "UseAs") if name in asset.members
        }
        asset.members = {**lasting, **_data_set_members(assets, request), "LastUpdatedTime": now()}
        return self._data_set_answer(assets, asset, "EDIT")

    def _data_set_answer(self, assets: Assets, asset: Asset, why: str) -> Members:
        answer = {"Arn": asset.arn, "DataSetId": asset.members["DataSetId"]}
        if asset.members["ImportMode"] != "SPICE":
            return answer
        ingestion = self._ingest(assets, asset, str(uuid4()), why)
        return {**answer, "IngestionId": ingestion["IngestionId"], "IngestionArn": ingestion["Arn"]}

    def _create_refresh_schedule(self, assets: Assets, request: Request) -> Members:
        asset, schedule = assets.get("dataset", request["DataSetId"]), request["Schedule"]
        if schedule["ScheduleId"] in asset.schedules:
            raise AwsError("ResourceExistsException", f"Schedule {schedule['ScheduleId']} exists.", 409)
        return _keep_schedule(asset, schedule)

    def _update_refresh_schedule(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dataset", request["DataSetId"])
        _schedule(asset, request["Schedule"]["ScheduleId"])
        return _keep_schedule(asset, request["Schedule"])

    def _describe_refresh_schedule(self, assets: Assets, request: Request) -> Members:
        schedule = _schedule(assets.get("dataset", request["DataSetId"]), request["ScheduleId"])
        return {"RefreshSchedule": schedule, "Arn": schedule["Arn"]}

    def _list_refresh_schedules(self, assets: Assets, request: Request) -> Members:
        return {"RefreshSchedules": list(assets.get("dataset", request["DataSetId"]).schedules.values())}

    def _delete_refresh_schedule(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dataset", request["DataSetId"])
        schedule = _schedule(asset, request["ScheduleId"])
        del asset.schedules[request["ScheduleId"]]
        return {"ScheduleId": schedule["ScheduleId"], "Arn": schedule["Arn"]}

    def _create_ingestion(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dataset", request["DataSetId"])
        if asset.members["ImportMode"] != "SPICE":
            raise AwsError("InvalidParameterValueException", f"{asset.arn} is not in SPICE.")
        if request["IngestionId"] in asset.ingestions:
            raise AwsError("ResourceExistsException", f"Ingestion {request['IngestionId']} exists.", 409)
        why = request.get("IngestionType", "FULL_REFRESH")
        ingestion = self._ingest(assets, asset, request["IngestionId"], why)
        return {name: ingestion[name] for name in ("Arn", "IngestionId", "IngestionStatus")}

    def _describe_ingestion(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dataset", request["DataSetId"])
        if request["IngestionId"] not in asset.ingestions:
            raise not_found(f"ingestion {request['IngestionId']} of {asset.arn}")
        return {"Ingestion": self._state_of(asset.ingestions[request["IngestionId"]])}

    def _list_ingestions(self, assets: Assets, request: Request) -> Members:
        ingestions = assets.get("dataset", request["DataSetId"]).ingestions.values()
        return {"Ingestions": [self._state_of(ingestion) for ingestion in reversed(ingestions)]}

    def _ingest(self, assets: Assets, asset: Asset, name: str, why: str) -> Members:
        """Begin to read a data set's table, in the workgroup of its data source."""
        read = table_read(asset.members)
        source = assets.by_arn("datasource", read.data_source_arn)
        assert source is not None
        workgroup = source.members["DataSourceParameters"]["AthenaParameters"].get("WorkGroup", "primary")
        query = {
            "QueryString": read.statement,
            "QueryExecutionContext": {"Database": read.database},
            "WorkGroup": workgroup,
        }
        region = asset.arn.split(":")[3]
        started = self._athena.call("StartQueryExecution", query, region)
        ingestion = {
            "Arn": f"{asset.arn}/ingestion/{name}",
            "IngestionId": name,
            "IngestionStatus": "INITIALIZED",
            "CreatedTime": now(),
            "RequestSource": "MANUAL",
            "RequestType": why,
        }
        asset.ingestions[name] = {
            "query": started["QueryExecutionId"],
            "region": region,
            "members": ingestion,
        }
        return ingestion

    def _state_of(self, ingestion: Members) -> Members:
        """Return an ingestion as its query has it now."""
        asked = {"QueryExecutionId": ingestion["query"]}
        execution = self._athena.call("GetQueryExecution", asked, ingestion["region"])["QueryExecution"]
        state = execution["Status"]["State"]
        members = {**ingestion["members"], "IngestionStatus": _STATES.get(state, state)}
        if state == "FAILED":
            reason = execution["Status"].get("StateChangeReason", "")
            members["ErrorInfo"] = {"Type": "SQL_EXCEPTION", "Message": reason}
        if state == "SUCCEEDED":
            results = self._athena.call("GetQueryResults", asked, ingestion["region"])["ResultSet"]
            rows = int(results["Rows"][1]["Data"][0]["VarCharValue"])
            members["RowInfo"] = {"RowsIngested": rows, "RowsDropped": 0, "TotalRowsInDataset": rows}
        return members

    def _create_dashboard(self, assets: Assets, request: Request) -> Members:
        version = _new_version(assets, request, 1)
        members = {"DashboardId": request["DashboardId"], "Name": request["Name"], "LastPublishedTime": now()}
        asset = assets.add("dashboard", request["DashboardId"], members, request.get("Permissions", []))
        asset.versions.append(version)
        return _dashboard_answer(asset, version)

    def _update_dashboard(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dashboard", request["DashboardId"])
        version = _new_version(assets, request, len(asset.versions) + 1)
        asset.versions.append(version)
        asset.members |= {"Name": request["Name"], "LastUpdatedTime": now()}
        return _dashboard_answer(asset, version)

    def _describe_dashboard(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dashboard", request["DashboardId"])
        version = asset.version(request.get("VersionNumber", asset.published))
        return {"Dashboard": {**asset.members, "Version": version.members}}

    def _describe_dashboard_definition(self, assets: Assets, request: Request) -> Members:
        asset = assets.get("dashboard", request["DashboardId"])
        version = asset.version(request.get("VersionNumber", asset.published))
        return {
            "DashboardId": request["DashboardId"],
            "Name": asset.members["Name"],
            "ResourceStatus": version.members["Status"],
            "Definition": version.definition,
        }

    def _publish_dashboard(self, assets: Assets, request: Request) -> Members:
        asset, number = assets.get("dashboard", request["DashboardId"]), request["VersionNumber"]
        asset.version(number)
        asset.published = number
        asset.members["LastPublishedTime"] = now()
        return {"DashboardId": request["DashboardId"], "DashboardArn": asset.arn}

    def _list_dashboard_versions(self, assets: Assets, request: Request) -> Members:
        versions = assets.get("dashboard", request["DashboardId"]).versions
        return {
            "DashboardVersionSummaryList": [
                members_of("DashboardVersionSummary", version.members) for version in versions
            ]
        }

    def _list_dashboards(self, assets: Assets, request: Request) -> Members:
        summaries = [
            {**members_of("DashboardSummary", asset.members), "PublishedVersionNumber": asset.published}
            for asset in assets.all("dashboard")
        ]
        return {"DashboardSummaryList": summaries}


def _shared_operations(kind: Kind, name: str) -> dict[str, Operation]:
    """Return the operations that all kinds have, and two that a dashboard has in ways of its own."""
    key = f"{name}Id"

    def permissions_of(asset: Asset, request: Request) -> Members:
        answer: Members = {f"{name}Arn": asset.arn, key: request[key]}
        return answer | ({"Permissions": asset.listed_permissions()} if asset.permissions else {})

    def describe(assets: Assets, request: Request) -> Members:
        return {name: assets.get(kind, request[key]).members}

    def listed(assets: Assets, request: Request) -> Members:
        members = [members_of(f"{name}Summary", asset.members) for asset in assets.all(kind)]
        return {"DataSources" if kind == "datasource" else "DataSetSummaries": members}

    def delete(assets: Assets, request: Request) -> Members:
        return {"Arn": assets.remove(kind, request[key]).arn, key: request[key]}

    def describe_permissions(assets: Assets, request: Request) -> Members:
        return permissions_of(assets.get(kind, request[key]), request)

    def update_permissions(assets: Assets, request: Request) -> Members:
        asset = assets.get(kind, request[key])
        asset.revoke(request.get("RevokePermissions", []))
        asset.grant(request.get("GrantPermissions", []))
        return members_of(f"Update{name}PermissionsResponse", permissions_of(asset, request))

    operations: dict[str, Operation] = {
        f"Delete{name}": delete,
        f"Describe{name}Permissions": describe_permissions,
        f"Update{name}Permissions": update_permissions,
    }
    if kind != "dashboard":
        operations |= {f"Describe{name}": describe, f"List{name}s": listed}
    return operations


def _data_set_members(assets: Assets, request: Request) -> Members:
    """Return what describing a data set gives.

    :raises AwsError: if its data source, rules or columns do not exist.
    """
    members = members_of("DataSet", request)
    source = table_read(members).data_source_arn
    if assets.by_arn("datasource", source) is None:
        raise not_found(source)
    rules = members.get("RowLevelPermissionDataSet", {}).get("Arn")
    if rules and assets.by_arn("dataset", rules) is None:
        raise not_found(rules)
    return {**members, "OutputColumns": output_columns(members)}


def _keep_schedule(asset: Asset, schedule: Members) -> Members:
    name = schedule["ScheduleId"]
    asset.schedules[name] = {**schedule, "Arn": f"{asset.arn}/refresh-schedule/{name}"}
    return {"ScheduleId": name, "Arn": asset.schedules[name]["Arn"]}


def _schedule(asset: Asset, name: str) -> Members:
    if name not in asset.schedules:
        raise not_found(f"schedule {name} of {asset.arn}")
    return asset.schedules[name]


def _new_version(assets: Assets, request: Request, number: int) -> Version:
    """Return a version of a dashboard; it has failed if it asks for columns or data sets that are not there.

    :raises AwsError: InvalidParameterValueException if there is no definition.
    """
    if "Definition" not in request:
        raise AwsError("InvalidParameterValueException", "The local QuickSight knows no templates.")
    definition = request["Definition"]
    declared = {
        each["Identifier"]: each["DataSetArn"] for each in definition["DataSetIdentifierDeclarations"]
    }
    errors = list(_errors(assets, declared, definition))
    members = {
        "VersionNumber": number,
        "CreatedTime": now(),
        "Status": "CREATION_FAILED" if errors else "CREATION_SUCCESSFUL",
        "Arn": f"{assets.arn('dashboard', request['DashboardId'])}/version/{number}",
        "DataSetArns": sorted(declared.values()),
    }
    if errors:
        members["Errors"] = errors
    given = {"Description": request.get("VersionDescription"), "ThemeArn": request.get("ThemeArn")}
    members |= {name: value for name, value in given.items() if value is not None}
    return Version(members, definition)


def _errors(assets: Assets, declared: dict[str, str], definition: Members) -> Any:
    columns: dict[str, set[str]] = {}
    for identifier, arn in declared.items():
        data_set = assets.by_arn("dataset", arn)
        if data_set is None:
            yield {"Type": "DATA_SET_NOT_FOUND", "Message": f"{arn} does not exist."}
        else:
            columns[identifier] = {column["Name"] for column in data_set.members["OutputColumns"]}
    for identifier, name in sorted(set(columns_used(definition))):
        if identifier not in declared:
            yield {"Type": "DATA_SET_NOT_FOUND", "Message": f"{identifier} is not declared."}
        elif name not in columns.get(identifier, {name}):
            yield {"Type": "COLUMN_REPLACEMENT_MISSING", "Message": f"{identifier} has no column {name}."}


def _dashboard_answer(asset: Asset, version: Version) -> Members:
    return {
        "Arn": asset.arn,
        "VersionArn": version.members["Arn"],
        "DashboardId": asset.members["DashboardId"],
        "CreationStatus": "CREATION_IN_PROGRESS",
    }
