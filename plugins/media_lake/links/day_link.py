"""The link from a task to all runs of its day."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from airflow.sdk import BaseOperator, BaseOperatorLink, conf

from media_lake.run_ids import SEPARATOR

_DAY = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}}){SEPARATOR}")


class DayRunsLink(BaseOperatorLink):
    """Opens the list of runs, of whatever Dag, for the day of this one."""

    name = "Runs of this day"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the list's address, or nothing for a run that has no day in its id."""
        day = _DAY.match(ti_key.run_id)
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        return f"{base}/dag_runs?{urlencode({'partition_key_pattern': day[1]})}" if day else ""
