"""Makes QuickSight equal to the definition files, and says what it changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from include.core.errors import TerminalError, error_code
from include.core.settings import Settings
from infrastructure.place import Place
from infrastructure.quicksight.definition_files import DATA_SOURCE, Definitions, Request, load_definitions
from infrastructure.quicksight.differences import differences

_MOST_PATHS = 3
_PAUSE_SECONDS = 0.5
_MOST_PAUSES = 240

# Sets of actions that QuickSight accepts together: those of its console, "Owner" and "Viewer", as the Cloud
# Intelligence Dashboards grant them (cid/builtin/core/data/permissions).
_OWNS = {
    "DataSource": (
        "UpdateDataSourcePermissions", "DescribeDataSource", "DescribeDataSourcePermissions",
        "PassDataSource", "UpdateDataSource", "DeleteDataSource",
    ),
    "DataSet": (
        "UpdateDataSetPermissions", "DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet",
        "DescribeIngestion", "ListIngestions", "UpdateDataSet", "DeleteDataSet", "CreateIngestion",
        "CancelIngestion", "CreateRefreshSchedule", "UpdateRefreshSchedule", "DeleteRefreshSchedule",
        "ListRefreshSchedules", "PutDataSetRefreshProperties",
    ),
    "Dashboard": (
        "DescribeDashboard", "ListDashboardVersions", "UpdateDashboardPermissions", "QueryDashboard",
        "UpdateDashboard", "DeleteDashboard", "UpdateDashboardPublishedVersion",
        "DescribeDashboardPermissions",
    ),
}  # fmt: skip
_READS = ("DescribeDashboard", "ListDashboardVersions", "QueryDashboard")


class QuickSightError(TerminalError, RuntimeError):
    """QuickSight could not make something; the text says what and why."""


@dataclass(frozen=True)
class Outcome:
    """What became of one thing.

    :ivar change: what was done, in words; empty if nothing had to be.
    """

    kind: str
    name: str
    change: str


def install(session: boto3.Session, settings: Settings) -> list[Outcome]:
    """Create what is missing in QuickSight, and update what differs from the definition files.

    :raises QuickSightError: if no owner is set, or QuickSight cannot make the data source or the dashboard.
    :raises botocore.exceptions.ClientError: if AWS refuses, for instance for lack of a permission.
    """
    if not settings.quicksight_owner:
        raise QuickSightError(
            "set MEDIA_LAKE_QUICKSIGHT_OWNER to the ARN of the QuickSight user or group that shall own the "
            "dashboards: nobody sees what has no owner"
        )
    place = Place.of(session, settings)
    installer = Installer(session.client("quicksight", region_name=settings.region), place, settings)
    return list(installer.outcomes(load_definitions(place, settings.database)))


class Installer:
    """Makes the things of one account and region.

    :param client: of QuickSight.
    """

    def __init__(self, client: Any, place: Place, settings: Settings) -> None:
        self._client = client
        self._place = place
        self._settings = settings

    def outcomes(self, wanted: Definitions) -> Iterator[Outcome]:
        """Make one thing after the other, and yield what became of each.

        :raises QuickSightError: if QuickSight cannot make the data source or a dashboard.
        """
        yield self._data_source()
        for data_set in wanted.data_sets:
            yield self._data_set(data_set)
            yield self._schedule(data_set["DataSetId"], wanted.schedule)
        for dashboard in wanted.dashboards:
            yield self._dashboard(dashboard)

    def _call(self, operation: str, **request: Any) -> Any:
        return getattr(self._client, operation)(AwsAccountId=self._place.account, **request)

    def _found(self, operation: str, **request: Any) -> Any:
        """Describe something; return None if it does not exist."""
        try:
            return self._call(operation, **request)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            return None

    def _data_source(self) -> Outcome:
        role = self._settings.quicksight_role_arn
        athena = {"WorkGroup": self._settings.workgroup, **({"RoleArn": role} if role else {})}
        request: Request = {
            "DataSourceId": DATA_SOURCE,
            "Name": "Media lake",
            "DataSourceParameters": {"AthenaParameters": athena},
        }
        found = self._found("describe_data_source", DataSourceId=DATA_SOURCE)
        if found is None:
            owner = self._permissions("DataSource")
            self._call("create_data_source", Type="ATHENA", Permissions=owner, **request)
            change = "created"
        elif paths := list(differences(request, found["DataSource"])):
            self._call("update_data_source", **request)
            change = _updated(paths)
        else:
            return self._outcome("DataSource", DATA_SOURCE, "")
        self._wait(DATA_SOURCE, self._source_state)
        return self._outcome("DataSource", DATA_SOURCE, change)

    def _source_state(self) -> tuple[str, Any]:
        source = self._call("describe_data_source", DataSourceId=DATA_SOURCE)["DataSource"]
        return source["Status"], source.get("ErrorInfo")

    def _data_set(self, request: Request) -> Outcome:
        name = request["DataSetId"]
        found = self._found("describe_data_set", DataSetId=name)
        change = ""
        if found is None:
            self._call("create_data_set", Permissions=self._permissions("DataSet"), **request)
            change = "created"
        elif paths := list(differences(request, found["DataSet"])):
            self._call("update_data_set", **{key: request[key] for key in request if key != "UseAs"})
            change = _updated(paths)
        return self._outcome("DataSet", name, change)

    def _schedule(self, data_set: str, schedule: Request) -> Outcome:
        found = self._found(
            "describe_refresh_schedule", DataSetId=data_set, ScheduleId=schedule["ScheduleId"]
        )
        change = ""
        if found is None:
            self._call("create_refresh_schedule", DataSetId=data_set, Schedule=schedule)
            change = "created"
        elif paths := list(differences(schedule, found["RefreshSchedule"])):
            self._call("update_refresh_schedule", DataSetId=data_set, Schedule=schedule)
            change = _updated(paths)
        return Outcome("refresh schedule", f"{data_set}/{schedule['ScheduleId']}", change)

    def _dashboard(self, request: Request) -> Outcome:
        name = request["DashboardId"]
        found = self._found("describe_dashboard", DashboardId=name)
        if found is None:
            permissions = self._permissions("Dashboard")
            made = self._call("create_dashboard", Permissions=permissions, **request)
            self._wait_for_version(name, made["VersionArn"])
            return self._outcome("Dashboard", name, "created")
        compared = {key: request[key] for key in ("Name", "VersionDescription", "Definition")}
        paths = list(differences(compared, self._published(name, found["Dashboard"])))
        if not paths:
            return self._outcome("Dashboard", name, "")
        made = self._call("update_dashboard", **request)
        number = self._wait_for_version(name, made["VersionArn"])
        self._call("update_dashboard_published_version", DashboardId=name, VersionNumber=number)
        return self._outcome("Dashboard", name, f"{_updated(paths)}; version {number}")

    def _published(self, name: str, dashboard: Any) -> Request:
        """Return what readers' version of a dashboard was made of; nothing if it failed."""
        version = dashboard["Version"]
        if not version["Status"].endswith("_SUCCESSFUL"):
            return {}
        return {
            "Name": dashboard["Name"],
            "VersionDescription": version.get("Description"),
            "Definition": self._call("describe_dashboard_definition", DashboardId=name)["Definition"],
        }

    def _wait_for_version(self, name: str, arn: str) -> int:
        number = int(arn.rsplit("/", 1)[1])

        def state() -> tuple[str, Any]:
            asked = {"DashboardId": name, "VersionNumber": number}
            version = self._call("describe_dashboard", **asked)["Dashboard"]["Version"]
            return version["Status"], version.get("Errors")

        self._wait(name, state)
        return number

    def _wait(self, name: str, state: Callable[[], tuple[str, Any]]) -> None:
        """Wait until QuickSight has made something.

        :raises QuickSightError: if it could not, or has not within two minutes.
        """
        status, errors = state()
        for _ in range(_MOST_PAUSES):
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(_PAUSE_SECONDS)
            status, errors = state()
        if not status.endswith("_SUCCESSFUL"):
            raise QuickSightError(f"QuickSight says {status} of {name}: {errors or 'try again later'}")

    def _outcome(self, kind: str, name: str, change: str) -> Outcome:
        """Give a thing its owner and readers too, and return what became of it."""
        words = kind.replace("Data", "data ").replace("Board", "board").lower()
        given = "" if change == "created" else self._grant(kind, name)
        return Outcome(words, name, "; ".join(filter(None, (change, given))))

    def _permissions(self, kind: str) -> list[Request]:
        readers = self._settings.quicksight_readers if kind == "Dashboard" else ""
        principals: dict[str, tuple[str, ...]] = {
            name.strip(): _READS for name in readers.split(",") if name.strip()
        }
        principals[self._settings.quicksight_owner] = _OWNS[kind]
        return [
            {"Principal": principal, "Actions": [f"quicksight:{action}" for action in actions]}
            for principal, actions in principals.items()
        ]

    def _grant(self, kind: str, name: str) -> str:
        """Give permissions that are missing; those that others were given stay."""
        key, snake = (
            {f"{kind}Id": name},
            {"DataSource": "data_source", "DataSet": "data_set"}.get(kind, "dashboard"),
        )
        found = self._call(f"describe_{snake}_permissions", **key).get("Permissions", [])
        has = {each["Principal"]: set(each["Actions"]) for each in found}
        missing = [
            each
            for each in self._permissions(kind)
            if not set(each["Actions"]) <= has.get(each["Principal"], set())
        ]
        if not missing:
            return ""
        self._call(f"update_{snake}_permissions", **key, GrantPermissions=missing)
        return "permissions given to " + ", ".join(each["Principal"].rsplit("/", 1)[1] for each in missing)


def _updated(paths: list[str]) -> str:
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f"updated {', '.join(paths[:_MOST_PATHS])}{more}"
