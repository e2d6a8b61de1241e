"""
Create runs of the project's Dags as Airflow's own components do, end some, and print what people see of them.

Needs an empty Airflow home. Prints one line of JSON: errors of the Dag files, the ids of the runs by how they
were started, and the notes of those that ended.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.assets.manager import AssetManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.backfill import ReprocessBehavior, _create_backfill
from airflow.models.dag import DagModel
from airflow.models.dagbag import DBDagBag
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, PartitionedAssetTimetable
from airflow.serialization.definitions.assets import SerializedAssetUniqueKey
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from sqlalchemy import select

DAGS = Path(__file__).parents[4] / "dags"
DAY, OTHER = "2026-11-20", "2026-11-21"
PRINTED = ("discover_media", "enrich_images", "enrich_videos", "of_another_team")
FIGURES = {"files": 36, "paid": 40, "reused": 1372, "failed": 0, "rows": 1204, "usd": 0.041}


def announce(name: str, uri: str, days: list[str]) -> None:
    """Announce an asset for days, and let the scheduler start what waits for it."""
    with create_session() as session:
        for day in days:
            AssetManager.register_asset_change(
                asset=SerializedAssetUniqueKey(name=name, uri=uri), session=session, partition_key=day
            )
    runner = SchedulerJobRunner(job=Job())
    with create_session() as session:
        session.add(runner.job)
        session.flush()
        runner._create_dagruns_for_partitioned_asset_dags(session)


def schedule(dag_id: str) -> None:
    runner = SchedulerJobRunner(job=Job())
    with create_session() as session:
        session.add(runner.job)
        session.flush()
        models = session.scalars(select(DagModel).where(DagModel.dag_id == dag_id)).all()
        runner._create_dag_runs(models, session)


def trigger(dag_id: str, day: str, run_id: str | None = None, note: str | None = None) -> None:
    trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.UI, partition_key=day, run_id=run_id, note=note)


def end(run_id: str, states: dict[str, str], xcoms: dict[tuple[str, str], Any]) -> str | None:
    """End a run with states of tasks, success if not given, and return its note."""
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one()
        run.dag = DBDagBag().get_dag_for_run(run, session=session)
        for ti in run.get_task_instances(session=session):
            ti.state = states.get(ti.task_id, "success")
        for (task_id, key), value in xcoms.items():
            XComModel.set(key, value, dag_id=run.dag_id, task_id=task_id, run_id=run_id, session=session)
        session.flush()
        run.update_state(session=session, execute_callbacks=False)
    with create_session() as session:
        note: str | None = session.scalars(select(DagRun).where(DagRun.run_id == run_id)).one().note
        return note


def ids(dag_id: str) -> list[tuple[str, str]]:
    with create_session() as session:
        runs = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.id))
        return [(str(run.run_type), run.run_id) for run in runs]


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    initdb()
    bag = DagBag(str(DAGS))
    with DAG("of_another_team", schedule=PartitionedAssetTimetable(assets=Asset("theirs"))) as theirs:
        EmptyOperator(task_id="work")
    theirs.fileloc = str(DAGS / "theirs.py")
    bag.bag_dag(theirs)
    with create_session() as created:
        created.add(DagBundleModel(name="dags-folder"))
    sync_bag_to_db(bag, "dags-folder", None)
    with create_session() as created:
        for model in created.scalars(select(DagModel)):
            model.is_paused = False

    schedule("discover_media")
    _create_backfill(
        dag_id="discover_media", from_date=datetime(2026, 11, 20, tzinfo=UTC),
        to_date=datetime(2026, 11, 21, tzinfo=UTC), max_active_runs=1, reverse=False, dag_run_conf={},
        triggering_user_name=None, reprocess_behavior=ReprocessBehavior.COMPLETED,
    )  # fmt: skip
    trigger("discover_media", DAY)
    for _ in range(2):
        announce("media_manifest", "x-media-lake://staging/manifests", [DAY, OTHER])
    trigger("enrich_images", DAY)
    trigger("enrich_images", DAY, run_id="my-own")
    trigger("of_another_team", DAY)
    created_ids = {dag_id: ids(dag_id) for dag_id in PRINTED}

    succeeded, failed, rejected = [run_id for _, run_id in created_ids["enrich_images"]][:3]
    trigger("enrich_videos", DAY, run_id="annotated", note="Ask Ada first")
    notes = {
        "success": end(succeeded, {}, {("publish", "figures"): FIGURES}),
        "again": end(succeeded, {}, {("publish", "figures"): FIGURES | {"paid": 41}}),
        "failure": end(
            failed,
            {"publish": "failed"},
            {("publish", "failure"): {"code": "AccessDeniedException", "message": "not allowed " * 200}},
        ),
        "rejection": end(rejected, {"publish": "skipped"}, {}),
        "of another team": end(created_ids["of_another_team"][0][1], {}, {("work", "figures"): FIGURES}),
        "by a person": end("annotated", {}, {("publish", "figures"): FIGURES}),
    }
    print(json.dumps({"errors": bag.import_errors, "ids": created_ids, "notes": notes}))
