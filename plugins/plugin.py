"""The Airflow plugin of the media lake: it registers the links of its operators."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from media_lake.links.cost_page_link import CostPageLink
from rekognition.links import (
    RekognitionConsoleLink,
    RekognitionCustomLabelsProjectLink,
    RekognitionVideoObjectLink,
)


class MediaLakePlugin(AirflowPlugin):
    """Registers what the media lake adds to the Airflow UI."""

    name = "media_lake"
    operator_extra_links = [
        RekognitionConsoleLink(),
        RekognitionVideoObjectLink(),
        RekognitionCustomLabelsProjectLink(),
        CostPageLink(),
    ]
