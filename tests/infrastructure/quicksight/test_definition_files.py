"""The definition files are requests that QuickSight's model allows, and name only what there is."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import botocore.session
import pytest
import yaml

from include.store.sql import names_read, view_names
from infrastructure.place import Place
from infrastructure.quicksight.definition_files import FOLDER, load_definitions
from infrastructure.readers import readable_tables, readable_views
from local.aws.quicksight.data_sets import columns_used, output_columns
from local.aws.shape_checks import problems

PLACE = Place("aws", "eu-west-1", "123456789012")
DEFINITIONS = load_definitions(PLACE, "media_lake")
DATA_SETS = {request["DataSetId"]: request for request in DEFINITIONS.data_sets}
DASHBOARDS = {request["DashboardId"]: request for request in DEFINITIONS.dashboards}
COLUMNS = {name: {column["Name"] for column in output_columns(made)} for name, made in DATA_SETS.items()}
MODEL = botocore.session.get_session().get_service_model("quicksight")
ACCOUNT = {"AwsAccountId": PLACE.account}

RULES_OF_TEAMS, RULES_OF_FINANCE = "media-lake-dashboard-readers", "media-lake-finance-readers"
# Who may see the dashboard may see these whole.
OF_NO_TEAM = {"media-lake-published-partitions"}


def broken(operation: str, request: dict[str, Any]) -> list[str]:
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None
    return problems({**ACCOUNT, **request}, shape)


def visuals(sheet: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for visual in sheet["Visuals"]:
        (content,) = visual.values()
        yield content


def sheets() -> list[Any]:
    return [
        pytest.param(sheet, id=sheet["SheetId"])
        for dashboard in DEFINITIONS.dashboards
        for sheet in dashboard["Definition"]["Sheets"]
    ]


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_data_set_is_a_request_that_the_model_allows(name: str) -> None:
    request = DATA_SETS[name]
    assert broken("CreateDataSet", request) == []
    assert broken("UpdateDataSet", {key: request[key] for key in request if key != "UseAs"}) == []
    assert broken("CreateRefreshSchedule", {"DataSetId": name, "Schedule": DEFINITIONS.schedule}) == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_a_request_that_the_model_allows(name: str) -> None:
    assert broken("CreateDashboard", DASHBOARDS[name]) == []
    assert broken("UpdateDashboard", DASHBOARDS[name]) == []


def test_the_checks_find_words_that_quicksight_does_not_know() -> None:
    request = copy.deepcopy(DASHBOARDS["media-lake"])
    sheet = request["Definition"]["Sheets"][0]
    sheet["FilterControls"][1]["Dropdown"]["Type"] = "ANY_SELECT"
    sheet["Layouts"][0]["Configuration"]["GridLayout"]["Elements"][0]["ColumnSpan"] = 37
    found = "\n".join(broken("CreateDashboard", request))
    assert "Value 'ANY_SELECT' at 'Definition.Sheets[0].FilterControls[1].Dropdown.Type'" in found
    assert "ColumnSpan" in found
    data_set = copy.deepcopy(DATA_SETS["media-lake-savings"])
    data_set["PhysicalTableMap"]["savings"]["RelationalTable"]["InputColumns"][0]["Type"] = "TEXT"
    assert "Value 'TEXT' at 'PhysicalTableMap.savings" in broken("CreateDataSet", data_set)[0]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_visual_uses_columns_of_its_data_set(name: str) -> None:
    definition = DASHBOARDS[name]["Definition"]
    declared = {
        each["Identifier"]: each["DataSetArn"].rsplit("/", 1)[1]
        for each in definition["DataSetIdentifierDeclarations"]
    }
    used = set(columns_used(definition))
    assert len(used) > 2
    assert [
        f"{column} of {identifier}"
        for identifier, column in sorted(used)
        if column not in COLUMNS[declared[identifier]]
    ] == []


@pytest.mark.parametrize("name", sorted(set(DATA_SETS) - {RULES_OF_TEAMS, RULES_OF_FINANCE}))
def test_rows_are_for_the_team_that_pays_and_for_finance(name: str) -> None:
    rules = DATA_SETS[name].get("RowLevelPermissionDataSet")
    assert (rules is None) is (name in OF_NO_TEAM)
    if rules is None:
        assert "cost_center" not in COLUMNS[name]
        return
    ruled_by = rules["Arn"].rsplit("/", 1)[1]
    assert rules["Arn"] == PLACE.arn("quicksight", f"dataset/{ruled_by}")
    assert (rules["PermissionPolicy"], rules["Status"]) == ("GRANT_ACCESS", "ENABLED")
    assert ruled_by == (RULES_OF_TEAMS if "cost_center" in COLUMNS[name] else RULES_OF_FINANCE)
    # QuickSight knows the groups by this name of the column, and compares the others by theirs.
    assert "GroupName" in COLUMNS[ruled_by]
    assert COLUMNS[ruled_by] - {"GroupName"} <= COLUMNS[name]


def test_rules_exist_before_the_data_sets_that_name_them() -> None:
    assert list(DATA_SETS)[:2] == [RULES_OF_TEAMS, RULES_OF_FINANCE]
    assert {DATA_SETS[name]["UseAs"] for name in (RULES_OF_TEAMS, RULES_OF_FINANCE)} == {"RLS_RULES"}


def test_nothing_about_people_is_shown() -> None:
    tables = [
        table["RelationalTable"]["Name"]
        for data_set in DATA_SETS.values()
        for table in data_set["PhysicalTableMap"].values()
    ]
    assert len(tables) == len(DATA_SETS)
    of_people = {*readable_tables("people"), *readable_views("people")}
    read = set(tables).union(
        *(names_read(f"views/{name}") for name in tables if f"views/{name}" in view_names())
    )
    assert read & of_people == set()


@pytest.mark.parametrize("sheet", sheets())
def test_each_visual_has_a_place_of_its_own_and_says_its_question(sheet: dict[str, Any]) -> None:
    elements = sheet["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]
    assert [each["ElementId"] for each in elements] == [each["VisualId"] for each in visuals(sheet)]
    for one, other in combinations(elements, 2):
        apart = (
            one["ColumnIndex"] + one["ColumnSpan"] <= other["ColumnIndex"]
            or other["ColumnIndex"] + other["ColumnSpan"] <= one["ColumnIndex"]
            or one["RowIndex"] + one["RowSpan"] <= other["RowIndex"]
            or other["RowIndex"] + other["RowSpan"] <= one["RowIndex"]
        )
        assert apart, f"{one['ElementId']} covers {other['ElementId']}"
    assert max(each["ColumnIndex"] + each["ColumnSpan"] for each in elements) == 36
    for visual in visuals(sheet):
        assert "?" in visual["Subtitle"]["FormatText"]["PlainText"]


def test_names_within_a_dashboard_are_unique_and_lead_somewhere() -> None:
    definition = DASHBOARDS["media-lake"]["Definition"]
    shown = {
        visual["VisualId"]: sheet["SheetId"] for sheet in definition["Sheets"] for visual in visuals(sheet)
    }
    text = yaml.safe_dump(definition)
    assert len(shown) == sum(len(sheet["Visuals"]) for sheet in definition["Sheets"])
    fields = re.findall(r"^ *(?:- )?FieldId: (\S+)$", text, flags=re.MULTILINE)
    assert {field.split(".")[0] for field in fields} == set(shown)
    filters = {
        next(iter(each.values()))["FilterId"]
        for group in definition["FilterGroups"]
        for each in group["Filters"]
    }
    controls = [
        next(iter(each.values())) for sheet in definition["Sheets"] for each in sheet["FilterControls"]
    ]
    assert {control["SourceFilterId"] for control in controls} <= filters
    for group in definition["FilterGroups"]:
        scopes = (
            group["ScopeConfiguration"].get("SelectedSheets", {}).get("SheetVisualScopingConfigurations", ())
        )
        for scope in scopes:
            assert all(shown[visual] == scope["SheetId"] for visual in scope.get("VisualIds", ()))


def test_the_document_has_the_question_of_each_visual() -> None:
    text = " ".join((FOLDER.parents[1] / "docs/QUICKSIGHT.md").read_text(encoding="utf-8").split())
    for dashboard in DEFINITIONS.dashboards:
        for sheet in dashboard["Definition"]["Sheets"]:
            for visual in visuals(sheet):
                title, question = (visual[part]["FormatText"]["PlainText"] for part in ("Title", "Subtitle"))
                assert f"| {title} | {question} |" in text


def test_the_files_have_the_form_of_the_cloud_intelligence_dashboards() -> None:
    """What cid-cmd 4.4 relies on: cid/common.py and cid/helpers/quicksight/dataset.py of its repository."""
    resources = yaml.safe_load((FOLDER / "media-lake.yaml").read_text(encoding="utf-8"))
    for dashboard in resources["dashboards"].values():
        definition = yaml.safe_load((FOLDER / dashboard["file"]).read_text(encoding="utf-8"))
        declared = [each["Identifier"] for each in definition["DataSetIdentifierDeclarations"]]
        assert declared == dashboard["dependsOn"]["datasets"]
    for name, data_set in resources["datasets"].items():
        assert data_set["data"]["Name"] == name
        asked = set(re.findall(r"\$\{(\w+)\}", yaml.safe_dump(data_set["data"])))
        assert asked - {"athena_datasource_arn", "athena_database_name"} == set(
            data_set.get("parameters", ())
        )
        for logical in data_set["data"]["LogicalTableMap"].values():
            steps = [next(iter(step)) for step in logical.get("DataTransforms", ())]
            assert not steps or "ProjectOperation" in steps
        assert set(data_set["schedules"]) <= set(resources["schedules"])
