"""The Dags of the project, parsed once for all tests of them."""

from __future__ import annotations

from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

DAGS = DagBag(Path(__file__).parents[2] / "dags")
DAG_IDS = sorted(DAGS.dags)
