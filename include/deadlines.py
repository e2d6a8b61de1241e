"""Deadlines: after how many hours a run that is not through is reported as late.

Read while Dag files are parsed, so apart from the other settings, and light.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MEDIA_LAKE_DEADLINE_HOURS_"


class Deadlines(BaseSettings):
    """Hours by Dag. Each field is the environment variable ``MEDIA_LAKE_DEADLINE_HOURS_<FIELD>``; see ``.env.example``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    discover_media: float = Field(
        2, gt=0, description="hours after which a run of discover_media that is not through is reported"
    )
    discover_events: float = Field(
        2, gt=0, description="hours after which a run of discover_events that is not through is reported"
    )
    enrich_images: float = Field(
        6, gt=0, description="hours after which a run of enrich_images that is not through is reported"
    )
    enrich_videos: float = Field(
        24, gt=0, description="hours after which a run of enrich_videos that is not through is reported"
    )
    redrive_failed: float = Field(
        1, gt=0, description="hours after which a run of redrive_failed that is not through is reported"
    )
    reprocess_days: float = Field(
        1, gt=0, description="hours after which a run of reprocess_days that is not through is reported"
    )
    reprocess_images: float = Field(
        6, gt=0, description="hours after which a run of reprocess_images that is not through is reported"
    )
    reprocess_videos: float = Field(
        6, gt=0, description="hours after which a run of reprocess_videos that is not through is reported"
    )
    report_costs: float = Field(
        2, gt=0, description="hours after which a run of report_costs that is not through is reported"
    )

    def of(self, dag_id: str) -> timedelta:
        """Return a Dag's time, from when its run is queued.

        :raises KeyError: if the Dag has none.
        """
        return timedelta(hours=self.model_dump()[dag_id])


@lru_cache
def load_deadlines() -> Deadlines:
    """Read the deadlines from the environment.

    :raises ValueError: if one is wrong; the text names the variable.
    """
    try:
        return Deadlines()
    except ValidationError as error:
        problem = error.errors()[0]
        name = "".join(str(part) for part in problem["loc"]).upper()
        raise ValueError(f"{PREFIX}{name}: {problem['msg']}") from None
