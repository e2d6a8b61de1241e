"""The tag by which the lake's Dags are known among those of an Airflow."""

from __future__ import annotations

from functools import lru_cache

TAG = "media-lake"


@lru_cache(maxsize=1000)
def has_lake_tag(dag_id: str) -> bool:
    """Return whether a Dag is one of the lake's, for code that runs in the scheduler or the API server.

    Asks Airflow's database in a session of its own: the caller's may be in the middle of something.
    """
    from airflow.models.dag import DagTag
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        tag = select(DagTag.name).where(DagTag.dag_id == dag_id, DagTag.name == TAG)
        return session.scalar(tag) is not None
