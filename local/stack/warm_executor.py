"""The stack's executor: it imports what tasks need once, before it forks the processes that run them.

Airflow runs each task in a process of its own, forked from a worker that was forked from the scheduler.
What the scheduler has imported is there at once, in memory that all of them share. Every task imports the
rest anew: Great Expectations alone takes 4 CPU seconds.
"""

from __future__ import annotations

import logging
from importlib import import_module

from airflow.executors.local_executor import LocalExecutor

# Packages of others only. Each task reads the project's own modules, so that an edit is effective at once.
WARM = (
    "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.providers.standard.operators.hitl",
    "airflow.sdk.execution_time.task_runner",
    "airflow.serialization.serialized_objects",
    "altair",
    "av",
    "awswrangler",
    "great_expectations.expectations",
    "pandas",
    "pyarrow.parquet",
    "pydantic_settings",
    "vl_convert",
)


class WarmExecutor(LocalExecutor):
    """A LocalExecutor whose workers have the packages of :data:`WARM` imported."""

    def start(self) -> None:
        """Import, then fork the workers."""
        warm_up()
        super().start()


def warm_up() -> None:
    """Import the packages of :data:`WARM`; one that is missing is left to the task that needs it."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for name in WARM:
        try:
            import_module(name)
        except ImportError as error:
            logging.getLogger(__name__).warning("%s is not imported ahead: %s", name, error)
