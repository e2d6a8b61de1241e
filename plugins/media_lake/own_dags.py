"""Which Dags are the project's own: what it does to runs must not touch the Dags of others in the same Airflow."""

from __future__ import annotations

from pathlib import Path

from airflow.configuration import conf

# What every Dag file of the project imports.
_MARK = "media_lake.lake_dag"


def own_dag_ids() -> set[str]:
    """Return the ids of the project's Dags, which are the names of their files in Airflow's Dag folder.

    Empty where Dags come from another kind of bundle: runs then have Airflow's own ids, and get no note.
    """
    folder = Path(conf.get("core", "dags_folder"))
    return {
        path.stem
        for path in folder.glob("*.py")
        if _MARK in path.read_text(encoding="utf-8", errors="replace")
    }
