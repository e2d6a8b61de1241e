"""The tasks that discover the day of a run, or the days for which S3 has reported events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, get_current_context, task

from include.core.metrics import Metric, count_each
from media_lake.airflow_metrics import task_metrics
from media_lake.assets import media_manifest
from media_lake.retry_policy import AwsErrorCodeRetryPolicy
from media_lake.run_figures import leave_figures, manifest_figures
from media_lake.tasks.defaults import ATTEMPTS

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.store.workspace import Workspace


@dataclass(frozen=True)
class DiscoveryRetryPolicy(AwsErrorCodeRetryPolicy):
    """
    Wait for an inventory that S3 still has to deliver, and retry other errors as everywhere.

    :param pending_delay: Time between two looks for the inventory.
    """

    pending_delay: timedelta = timedelta(minutes=30)

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        from include.discover.inventory import InventoryPendingError

        if isinstance(exception, InventoryPendingError):
            return RetryDecision.retry(delay=self.pending_delay, reason=str(exception))
        if try_number >= ATTEMPTS:
            return RetryDecision.fail(reason=f"attempt {try_number} failed like those before: {exception}")
        return super().evaluate(exception, try_number, max_tries, context)


_DAY_LABEL = "{{ task.op_kwargs['found']['day'] }}"

# Enough to wait three days for an inventory, which S3 delivers within two. Other errors end after ATTEMPTS.
DISCOVERY_ARGS: dict[str, Any] = {"retries": 144, "retry_policy": DiscoveryRetryPolicy()}


def discover_partition(workspace: Workspace) -> dict[str, Any]:
    """Make the manifest of the run's partition and count what is in it."""
    from include.discover.discovery import discover

    found = discover(workspace)
    kinds = ("images", "videos", "defective", "ignored", "known")
    count_each(task_metrics(), Metric.ASSETS, "kind", {kind: found[kind] for kind in kinds})
    leave_figures(media_manifest, manifest_figures(found))
    return found


@task
def record_events() -> list[dict[str, Any]]:
    """Move events from the queue into the lake.

    Returns the days to discover, to be mapped over, each with the marks to remove when that is done.
    """
    from include.discover.event_queue import record_events
    from media_lake.callbacks.alert_sender import report_odd_messages
    from media_lake.task_context import task_deployment

    deployment, dag_run = task_deployment(), get_current_context()["dag_run"]
    recorded = record_events(deployment, mark=dag_run.run_id)
    if recorded.unreadable:
        queue = deployment.settings.events_queue
        report_odd_messages(deployment, queue, recorded.unreadable, dag_run.dag_id)
    return recorded.days


@task(outlets=[media_manifest], map_index_template=_DAY_LABEL, multiple_outputs=False, **DISCOVERY_ARGS)
def discover_day(found: dict[str, Any]) -> dict[str, Any]:
    """Discover a day with new events, and announce its manifest."""
    from media_lake.task_context import task_workspace

    summary = discover_partition(task_workspace(found["day"]))
    get_current_context()["outlet_events"][media_manifest].add_partitions(found["day"])
    return summary


@task(map_index_template=_DAY_LABEL)
def remove_marks(found: dict[str, Any]) -> None:
    """Remove the marks of a day whose manifest has its events and is announced."""
    from include.discover.events import remove_marks
    from media_lake.task_context import task_deployment

    deployment = task_deployment()
    remove_marks(deployment.s3, deployment.settings.bucket, found["marks"])


@task(outlets=[media_manifest], multiple_outputs=False, **DISCOVERY_ARGS)
def discover() -> dict[str, Any]:
    """Find the day's media, read their headers and write a manifest."""
    from media_lake.task_context import task_workspace

    return discover_partition(task_workspace())
