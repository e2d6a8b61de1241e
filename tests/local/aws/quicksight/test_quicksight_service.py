"""QuickSight keeps what it is told, over HTTP, and refuses what AWS refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

ACCOUNT = {"AwsAccountId": "123456789012"}
PREFIX = "arn:aws:quicksight:us-east-1:123456789012"


@pytest.fixture(scope="module")
def quicksight(client: Callable[[str], Any]) -> Any:
    return client("quicksight")


@pytest.fixture
def source(quicksight: Any) -> str:
    """Id of a new data source."""
    name = f"source-{uuid4().hex[:8]}"
    parameters = {"AthenaParameters": {"WorkGroup": "primary"}}
    quicksight.create_data_source(
        **ACCOUNT, DataSourceId=name, Name=name, Type="ATHENA", DataSourceParameters=parameters
    )
    return name


def direct(source: str, name: str) -> dict[str, Any]:
    """Return the request for a data set that nothing is loaded of."""
    column = {"Name": "usd", "Type": "DECIMAL"}
    table = {"DataSourceArn": f"{PREFIX}:datasource/{source}", "Name": "costs", "InputColumns": [column]}
    return {
        "DataSetId": name,
        "Name": name,
        "PhysicalTableMap": {"t": {"RelationalTable": table}},
        "ImportMode": "DIRECT_QUERY",
    }


def code_of(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**ACCOUNT, **request)
    code: str = refused.value.response["Error"]["Code"]
    return code


def test_what_was_made_is_listed_described_and_removed(quicksight: Any, source: str) -> None:
    data_set = f"set-{source}"
    quicksight.create_data_set(**ACCOUNT, **direct(source, data_set))
    assert source in {each["DataSourceId"] for each in quicksight.list_data_sources(**ACCOUNT)["DataSources"]}
    found = quicksight.describe_data_set(**ACCOUNT, DataSetId=data_set)["DataSet"]
    assert found["OutputColumns"] == [{"Name": "usd", "Type": "DECIMAL"}]
    assert quicksight.list_ingestions(**ACCOUNT, DataSetId=data_set)["Ingestions"] == []
    quicksight.delete_data_set(**ACCOUNT, DataSetId=data_set)
    assert code_of(quicksight.describe_data_set, DataSetId=data_set) == "ResourceNotFoundException"


def test_a_name_is_given_once_and_what_is_named_has_to_exist(quicksight: Any, source: str) -> None:
    request = direct(source, f"set-{source}")
    quicksight.create_data_set(**ACCOUNT, **request)
    assert code_of(quicksight.create_data_set, **request) == "ResourceExistsException"
    assert code_of(quicksight.create_data_set, **direct("none", "set-1")) == "ResourceNotFoundException"
    rules = {"Arn": f"{PREFIX}:dataset/none", "PermissionPolicy": "GRANT_ACCESS"}
    other = {**direct(source, "set-2"), "RowLevelPermissionDataSet": rules}
    assert code_of(quicksight.create_data_set, **other) == "ResourceNotFoundException"
    wrong = {**direct(source, "set-3"), "ImportMode": "SPICES"}
    assert code_of(quicksight.create_data_set, **wrong) == "InvalidParameterValueException"
    started = {"DataSetId": request["DataSetId"], "IngestionId": "1"}
    assert code_of(quicksight.create_ingestion, **started) == "InvalidParameterValueException"
    assert code_of(quicksight.describe_ingestion, **started) == "ResourceNotFoundException"


def test_schedules_are_kept_until_they_are_removed(quicksight: Any, source: str) -> None:
    data_set = f"set-{source}"
    quicksight.create_data_set(**ACCOUNT, **direct(source, data_set))
    schedule = {
        "ScheduleId": "daily",
        "ScheduleFrequency": {"Interval": "DAILY"},
        "RefreshType": "FULL_REFRESH",
    }
    named = {"DataSetId": data_set, "ScheduleId": "daily"}
    assert code_of(quicksight.update_refresh_schedule, DataSetId=data_set, Schedule=schedule) == (
        "ResourceNotFoundException"
    )
    quicksight.create_refresh_schedule(**ACCOUNT, DataSetId=data_set, Schedule=schedule)
    assert code_of(quicksight.create_refresh_schedule, DataSetId=data_set, Schedule=schedule) == (
        "ResourceExistsException"
    )
    (kept,) = quicksight.list_refresh_schedules(**ACCOUNT, DataSetId=data_set)["RefreshSchedules"]
    assert kept == quicksight.describe_refresh_schedule(**ACCOUNT, **named)["RefreshSchedule"]
    assert kept.items() >= schedule.items()
    quicksight.delete_refresh_schedule(**ACCOUNT, **named)
    assert quicksight.list_refresh_schedules(**ACCOUNT, DataSetId=data_set)["RefreshSchedules"] == []


def test_a_dashboard_has_versions_of_which_readers_see_one(quicksight: Any) -> None:
    name = f"board-{uuid4().hex[:8]}"
    empty: dict[str, Any] = {"DataSetIdentifierDeclarations": [], "Sheets": []}
    made = {"DashboardId": name, "Name": "Board", "Definition": empty}
    quicksight.create_dashboard(**ACCOUNT, **made)
    quicksight.update_dashboard(**ACCOUNT, **{**made, "VersionDescription": "second"})
    versions = quicksight.list_dashboard_versions(**ACCOUNT, DashboardId=name)["DashboardVersionSummaryList"]
    assert [version["VersionNumber"] for version in versions] == [1, 2]

    def seen() -> int:
        listed = quicksight.list_dashboards(**ACCOUNT)["DashboardSummaryList"]
        (number,) = [each["PublishedVersionNumber"] for each in listed if each["DashboardId"] == name]
        return int(number)

    assert seen() == 1
    quicksight.update_dashboard_published_version(**ACCOUNT, DashboardId=name, VersionNumber=2)
    assert seen() == 2
    assert (
        code_of(quicksight.describe_dashboard, DashboardId=name, VersionNumber=3)
        == "ResourceNotFoundException"
    )
    assert code_of(quicksight.create_dashboard, DashboardId="t", Name="t") == "InvalidParameterValueException"


def test_users_are_motos(quicksight: Any) -> None:
    user = {"Namespace": "default", "UserName": f"user-{uuid4().hex[:8]}"}
    quicksight.register_user(
        **ACCOUNT, **user, Email="a@example.com", IdentityType="QUICKSIGHT", UserRole="READER"
    )
    assert quicksight.describe_user(**ACCOUNT, **user)["User"]["Role"] == "READER"
    account = quicksight.describe_account_subscription(**ACCOUNT)["AccountInfo"]
    assert account["Edition"] == "ENTERPRISE"
