"""Deadlines: after how many hours a run that is not through is reported as late.

Read while Dag files are parsed, so apart from the other settings, and light.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MEDIA_LAKE_DEADLINE_HOURS_"


def _hours(dag_id: str, hours: float) -> Any:
    """Return the field of a Dag, with its default."""
    return Field(
        hours, gt=0, description=f"hours after which a run of {dag_id} that is not through is reported"
    )


class Deadlines(BaseSettings):
    """Hours by Dag. Each field is the environment variable ``MEDIA_LAKE_DEADLINE_HOURS_<FIELD>``; see ``.env.example``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    discover_media: float = _hours("discover_media", 2)
    discover_events: float = _hours("discover_events", 2)
    enrich_images: float = _hours("enrich_images", 6)
    enrich_videos: float = _hours("enrich_videos", 24)
    redrive_failed: float = _hours("redrive_failed", 1)
    reprocess_days: float = _hours("reprocess_days", 1)
    reprocess_images: float = _hours("reprocess_images", 6)
    reprocess_videos: float = _hours("reprocess_videos", 6)
    report_costs: float = _hours("report_costs", 2)

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
