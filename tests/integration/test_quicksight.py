"""QuickSight as code, over HTTP: installed, put right, and loaded again as the Dag does."""

from __future__ import annotations

import asyncio
import time
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.providers.amazon.aws.operators.quicksight import QuickSightCreateIngestionOperator
from airflow.providers.amazon.aws.sensors.quicksight import QuickSightSensor
from airflow.sdk.exceptions import TaskDeferred

from include.core.settings import load_settings
from infrastructure.place import Place
from infrastructure.quicksight import __main__ as command
from infrastructure.quicksight.definition_files import load_definitions
from infrastructure.quicksight.installer import Installer, QuickSightError, install
from media_lake.operators.data_set_refresh import RefreshDataSetOperator
from media_lake.tasks.refresh import find_data_sets
from tests.integration.conftest import LocalLake

pytestmark = pytest.mark.integration

PLACE = Place("aws", "us-east-1", "123456789012")
ACCOUNT = {"AwsAccountId": PLACE.account}
ADMIN = "arn:aws:quicksight:us-east-1:123456789012:user/default/admin"
FINANCE = "arn:aws:quicksight:us-east-1:123456789012:group/default/media-lake-finance"
WANTED = load_definitions(PLACE, "media_lake")
DASHBOARD = {**ACCOUNT, "DashboardId": "media-lake"}
BUDGETS = {**ACCOUNT, "DataSetId": "media-lake-budget-status"}

# QuickSight's types of Athena's, as its user guide has them ("Supported data types and values").
TYPES = {
    "string": "STRING",
    "bigint": "INTEGER",
    "double": "DECIMAL",
    "date": "DATETIME",
    "timestamp": "DATETIME",
}


@pytest.fixture(scope="module")
def client(provisioned: LocalLake) -> Any:
    return provisioned.client("quicksight")


@pytest.fixture(scope="module")
def lake(provisioned: LocalLake) -> LocalLake:
    """The lake whose dashboard somebody owns and finance may open; all of it is installed."""
    settings = provisioned.settings.model_copy(
        update={"quicksight_owner": ADMIN, "quicksight_readers": f" {FINANCE} ,"}
    )
    lake = replace(provisioned, settings=settings)
    assert {outcome.change for outcome in install(lake.session, settings)} == {"created"}
    return lake


@pytest.fixture(autouse=True)
def settings_of_tasks(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def changes(lake: LocalLake) -> dict[str, str]:
    """Install again; return what was changed, by name."""
    outcomes = install(lake.session, lake.settings)
    assert len(outcomes) == 1 + 2 * len(WANTED.data_sets) + len(WANTED.dashboards)
    return {outcome.name: outcome.change for outcome in outcomes if outcome.change}


def event_of(deferred: TaskDeferred) -> dict[str, Any]:
    """Wait as the triggerer does."""

    async def first() -> Any:
        return await asyncio.wait_for(anext(aiter(deferred.trigger.run())), 20)

    payload: dict[str, Any] = asyncio.run(first()).payload
    return payload


def test_twice_in_a_row_changes_nothing(lake: LocalLake) -> None:
    assert changes(lake) == {}


def test_the_command_says_what_it_does(
    lake: LocalLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main() == 1
    assert "set MEDIA_LAKE_QUICKSIGHT_OWNER" in capsys.readouterr().err
    monkeypatch.setenv("MEDIA_LAKE_QUICKSIGHT_OWNER", ADMIN)
    load_settings.cache_clear()
    assert command.main() == 0
    assert capsys.readouterr().out == "nothing to change: 29 things are as defined\n"


def test_a_data_set_has_columns_that_glue_has(lake: LocalLake) -> None:
    glue = lake.client("glue")
    for data_set in WANTED.data_sets:
        (physical,) = data_set["PhysicalTableMap"].values()
        table = physical["RelationalTable"]
        found = glue.get_table(DatabaseName=table["Schema"], Name=table["Name"])["Table"]
        known = [*found["StorageDescriptor"]["Columns"], *found.get("PartitionKeys", ())]
        types = {column["Name"]: TYPES.get(column["Type"].split("(")[0]) for column in known}
        for column in table["InputColumns"]:
            assert types.get(column["Name"]) == column["Type"], f"{table['Name']}.{column['Name']}"


def test_every_data_set_is_read_from_the_lake(client: Any, lake: LocalLake) -> None:
    rows = {}
    for data_set in WANTED.data_sets:
        asked = {**ACCOUNT, "DataSetId": data_set["DataSetId"]}
        ingestion = client.list_ingestions(**asked)["Ingestions"][-1]
        while ingestion["IngestionStatus"] in ("INITIALIZED", "QUEUED", "RUNNING"):
            time.sleep(0.1)
            name = ingestion["IngestionId"]
            ingestion = client.describe_ingestion(**asked, IngestionId=name)["Ingestion"]
        assert ingestion["IngestionStatus"] == "COMPLETED", ingestion.get("ErrorInfo")
        rows[data_set["DataSetId"]] = ingestion["RowInfo"]["RowsIngested"]
    assert rows["media-lake-dashboard-readers"] >= 1


def test_what_people_changed_by_hand_is_put_right(client: Any, lake: LocalLake) -> None:
    found = client.describe_data_set(**BUDGETS)["DataSet"]
    kept = {name: found[name] for name in ("Name", "PhysicalTableMap", "LogicalTableMap", "ImportMode")}
    client.update_data_set(**BUDGETS, **kept)
    assert "RowLevelPermissionDataSet" not in client.describe_data_set(**BUDGETS)["DataSet"]
    schedule = {**WANTED.schedule, "RefreshType": "INCREMENTAL_REFRESH"}
    client.update_refresh_schedule(**BUDGETS, Schedule=schedule)
    permissions = client.describe_dashboard_permissions(**DASHBOARD)["Permissions"]
    assert {each["Principal"] for each in permissions} == {ADMIN, FINANCE}
    revoked = [each for each in permissions if each["Principal"] == FINANCE]
    client.update_dashboard_permissions(**DASHBOARD, RevokePermissions=revoked)

    assert changes(lake) == {
        "media-lake-budget-status": "updated RowLevelPermissionDataSet",
        "media-lake-budget-status/media-lake": "updated RefreshType",
        "media-lake": "permissions given to media-lake-finance",
    }
    assert changes(lake) == {}


def test_a_changed_dashboard_is_a_new_version_that_readers_get(client: Any, lake: LocalLake) -> None:
    definition = client.describe_dashboard_definition(**DASHBOARD)["Definition"]
    definition["Sheets"].pop()
    definition["FilterGroups"] = []
    before = client.describe_dashboard(**DASHBOARD)["Dashboard"]["Version"]["VersionNumber"]
    client.update_dashboard(**DASHBOARD, Name="Media lake", Definition=definition)
    assert changes(lake) == {}, "nobody reads the version that is not published"
    client.update_dashboard_published_version(**DASHBOARD, VersionNumber=before + 1)

    update = changes(lake)["media-lake"]
    assert (
        update
        == f"updated VersionDescription, Definition.Sheets, Definition.FilterGroups; version {before + 2}"
    )
    published = client.describe_dashboard(**DASHBOARD)["Dashboard"]["Version"]
    assert (published["VersionNumber"], published["Status"]) == (before + 2, "CREATION_SUCCESSFUL")
    assert changes(lake) == {}


def test_readers_keep_their_version_if_a_dashboard_cannot_be_made(client: Any, lake: LocalLake) -> None:
    dashboard = deepcopy(WANTED.dashboards[-1])
    text_of = dashboard["Definition"]["Sheets"][0]["Visuals"][0]["KPIVisual"]["ChartConfiguration"][
        "FieldWells"
    ]
    text_of["Values"][0]["NumericalMeasureField"]["Column"]["ColumnName"] = "spent_eur"
    before = client.describe_dashboard(**DASHBOARD)["Dashboard"]["Version"]["VersionNumber"]
    installer = Installer(client, PLACE, lake.settings)
    with pytest.raises(QuickSightError, match="CREATION_FAILED of media-lake.* has no column spent_eur"):
        list(installer.outcomes(replace(WANTED, dashboards=(dashboard,))))
    assert client.describe_dashboard(**DASHBOARD)["Dashboard"]["Version"]["VersionNumber"] == before
    assert changes(lake) == {}


def test_the_dag_loads_a_data_set_again_and_waits_for_it(client: Any, lake: LocalLake) -> None:
    context: Any = {"ti": SimpleNamespace(id=uuid4())}
    refresh = RefreshDataSetOperator(task_id="refresh", data_set_id=BUDGETS["DataSetId"], waiter_delay=1)
    with pytest.raises(TaskDeferred) as waiting:
        refresh.execute(context)
    assert waiting.value.method_name == "execute_complete"
    ingestion = refresh.execute_complete(context, event_of(waiting.value), **waiting.value.kwargs)
    assert ingestion is not None
    assert ingestion["IngestionId"] == str(context["ti"].id)
    loaded = client.describe_ingestion(**BUDGETS, IngestionId=ingestion["IngestionId"])["Ingestion"]
    assert (loaded["IngestionStatus"], loaded["RequestType"]) == ("COMPLETED", "FULL_REFRESH")


def test_the_providers_operator_and_sensor_work_with_the_endpoint(lake: LocalLake) -> None:
    name = {"data_set_id": "media-lake-costs-daily", "ingestion_id": f"by-hand-{uuid4()}"}
    started = QuickSightCreateIngestionOperator(
        task_id="start", **name, wait_for_completion=False, region_name="us-east-1"
    ).execute({})
    assert started["IngestionStatus"] == "INITIALIZED"
    sensor = QuickSightSensor(task_id="wait", **name, region_name="us-east-1", poke_interval=0.2, timeout=20)
    sensor.execute({})
    with pytest.raises(TaskDeferred) as waiting:
        QuickSightSensor(task_id="wait", **name, region_name="us-east-1", deferrable=True).execute({})
    assert event_of(waiting.value)["status"] == "success"


def test_a_data_set_whose_column_is_gone_fails_with_the_reason(client: Any, lake: LocalLake) -> None:
    found = client.describe_data_set(**BUDGETS)["DataSet"]
    physical = deepcopy(found["PhysicalTableMap"])
    physical["budget-status"]["RelationalTable"]["InputColumns"].append({"Name": "gone", "Type": "STRING"})
    name = f"broken-{uuid4().hex[:8]}"
    client.create_data_set(
        **ACCOUNT, DataSetId=name, Name=name, PhysicalTableMap=physical, ImportMode="SPICE"
    )
    start = QuickSightCreateIngestionOperator(
        task_id="start", data_set_id=name, ingestion_id="1", waiter_delay=1, region_name="us-east-1"
    )
    with pytest.raises(RuntimeError, match="ingestion failed"):
        start.execute({})
    error = client.describe_ingestion(**ACCOUNT, DataSetId=name, IngestionId="1")["Ingestion"]["ErrorInfo"]
    assert error["Type"] == "SQL_EXCEPTION"
    assert "gone" in error["Message"]


def test_what_is_installed_is_loaded_again_if_a_day_was_reported(lake: LocalLake) -> None:
    assert find_data_sets.function({"days": 0}) == []
    found = find_data_sets.function({"days": 1})
    assert found == sorted(data_set["DataSetId"] for data_set in WANTED.data_sets)
