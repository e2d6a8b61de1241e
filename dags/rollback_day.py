"""
# Rollback day

**What it does.** Gives readers an earlier version of a day again: all tables of images, of videos or of
costs together. Name a version, which moves the tables that it belongs to, or a time, which moves all tables
of the day to what readers had then. Table `publications` lists what each day had.

**Reads and writes.** Reads and extends table `publications`, with the name of the Airflow user who triggers
the run; points the day's Glue partitions. It changes no data file and incurs no charges of Rekognition.

**When it fails.** The message lists the versions that the day has, or says that the files of the version
have expired.

**Re-running.** Safe at any time. Runs that were under way cannot publish over it; a run that begins later
can. To go forward again, name the later version.
"""

from __future__ import annotations

from media_lake.forms.rollback_form import ROLLBACK_PARAMS
from media_lake.lake_dag import lake_dag
from media_lake.tasks.roll_back import roll_back


@lake_dag(
    "publish",
    schedule=None,
    params=ROLLBACK_PARAMS,
)
def rollback_day() -> None:
    roll_back()
