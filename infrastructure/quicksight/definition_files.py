"""The definition files, as requests of QuickSight's API.

The files have the format of the Cloud Intelligence Dashboards' command, with placeholders such as
``${athena_datasource_arn}``, and data sets of the dashboard named by the end of their ARN
(https://github.com/aws-solutions-library-samples/cloud-intelligence-dashboards-framework).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from infrastructure.place import Place

FOLDER = Path(__file__).parent
DATA_SOURCE = "media-lake"

Request = dict[str, Any]


@dataclass(frozen=True)
class Definitions:
    """What is to be installed.

    :ivar data_sets: requests of CreateDataSet without the account; each after those whose rules it keeps to.
    :ivar schedule: when each of them is refreshed.
    :ivar dashboards: requests of CreateDashboard without the account.
    """

    data_sets: tuple[Request, ...]
    schedule: Request
    dashboards: tuple[Request, ...]


def load_definitions(place: Place, database: str, folder: Path = FOLDER) -> Definitions:
    """Read the definition files.

    :param database: Glue database of the lake.
    """
    resources = _read(folder / "media-lake.yaml")
    dashboards = resources["dashboards"].values()
    data_sets = [
        resources["datasets"][name]["data"]
        for dashboard in dashboards
        for name in dashboard["dependsOn"]["datasets"]
    ]
    names = {
        "athena_datasource_arn": place.arn("quicksight", f"datasource/{DATA_SOURCE}"),
        "athena_database_name": database,
        "lake_partition": place.partition,
        "lake_region": place.region,
        "lake_account": place.account,
    }
    (schedule,) = resources["schedules"].values()
    frequency = {**schedule["ScheduleFrequency"], "Timezone": "UTC"}
    return Definitions(
        data_sets=tuple(_filled(data_set, names) for data_set in data_sets),
        schedule={**schedule, "ScheduleFrequency": frequency},
        dashboards=tuple(_dashboard(each, _read(folder / each["file"]), place) for each in dashboards),
    )


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _filled(data_set: Request, names: dict[str, str]) -> Request:
    """Return a data set with its placeholders filled in."""
    filled: Request = json.loads(Template(json.dumps(data_set)).substitute(names))
    return filled


def _dashboard(resource: Request, definition: Request, place: Place) -> Request:
    """Return the request for a dashboard. Its description has a digest, by which a change of it is known."""
    declared = [
        {**each, "DataSetArn": place.arn("quicksight", f"dataset/{each['DataSetArn'].rsplit('/', 1)[1]}")}
        for each in definition["DataSetIdentifierDeclarations"]
    ]
    definition = {**definition, "DataSetIdentifierDeclarations": declared}
    theme = f"arn:{place.partition}:quicksight::aws:theme/{resource['theme']}"
    content = json.dumps([theme, definition], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return {
        "DashboardId": resource["dashboardId"],
        "Name": resource["name"],
        "ThemeArn": theme,
        "VersionDescription": f"{resource['version']}, definition {digest}",
        "Definition": definition,
    }
