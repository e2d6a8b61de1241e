"""The Airflow plugin of the media lake: it registers links, pages, and the names and notes of runs."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from media_lake.links.cost_page_link import CostPageLink, cost_page_address
from media_lake.links.day_link import DayRunsLink
from media_lake.listeners import ended_runs
from media_lake.run_ids import name_runs_by_day
from media_lake.web import PREFIX
from media_lake.web.lazy_pages import pages
from rekognition.links import (
    RekognitionConsoleLink,
    RekognitionCustomLabelsProjectLink,
    RekognitionVideoObjectLink,
)


class MediaLakePlugin(AirflowPlugin):
    """Registers what the media lake adds to the Airflow UI."""

    name = "media_lake"
    listeners = [ended_runs]
    operator_extra_links = [
        RekognitionConsoleLink(),
        RekognitionVideoObjectLink(),
        RekognitionCustomLabelsProjectLink(),
        CostPageLink(),
        DayRunsLink(),
    ]

    fastapi_apps = [{"name": "Media lake", "app": pages, "url_prefix": PREFIX}]
    external_views = [
        {
            "name": "Costs",
            "href": cost_page_address(),
            "destination": "nav",
            "category": "browse",
            "url_route": "media-lake-costs",
        }
    ]

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        name_runs_by_day()
