"""The Airflow plugin of the media lake: it registers links, and the names and notes of runs."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from media_lake.links.cost_page_link import CostPageLink
from media_lake.links.day_link import DayRunsLink
from media_lake.listeners import ended_runs
from media_lake.run_ids import name_runs_by_day
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

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        name_runs_by_day()
