"""Pages that Airflow's API server serves for the media lake, and where."""

from __future__ import annotations

PREFIX = "/media-lake"
COST_PAGE = f"{PREFIX}/costs"
