"""The tasks that discover: the day of a run, or the days of which S3 has reported events."""

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

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.store.workspace import Workspace

from media_lake.tasks.defaults import ATTEMPTS


@dataclass(frozen=True)
class DiscoveryRetryPolicy(AwsErrorCodeRetryPolicy):
    """
    Wait for what S3 still has to deliver, and retry other errors as everywhere.

    :param pending_delay: Time until an inventory that was not there yet is looked for again.
    """

    pending_delay: timedelta = timedelta(minutes=30)

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        from include.discover.inventory import InventoryError, InventoryPendingError

        if isinstance(exception, InventoryPendingError):
            return RetryDecision.retry(delay=self.pending_delay, reason=str(exception))
        if isinstance(exception, InventoryError):
            return RetryDecision.fail(reason=str(exception))
        if try_number >= ATTEMPTS:
            return RetryDecision.fail(reason=f"attempt {try_number} failed as those before it: {exception}")
        return super().evaluate(exception, try_number, max_tries, context)


_DAY_LABEL = "{{ task.op_kwargs['found']['day'] }}"

# Three days of looking for an inventory, which S3 delivers within two; other errors end after ATTEMPTS.
DISCOVERY_ARGS: dict[str, Any] = {"retries": 144, "retry_policy": DiscoveryRetryPolicy()}


def discover_partition(workspace: Workspace) -> dict[str, Any]:
    """Make the manifest of the run's partition and count what is in it."""
    from include.discover import discover

    found = discover(workspace.s3, workspace.lake, workspace.run)
    kinds = ("images", "videos", "defective", "ignored", "known")
    count_each(task_metrics(), Metric.ASSETS, "kind", {kind: found[kind] for kind in kinds})
    leave_figures(media_manifest, manifest_figures(found))
    return found


@task
def record_events() -> list[dict[str, Any]]:
    """Move events from the queue into the lake.

    Returns the days to discover, each with the marks to remove when that is done, to be mapped over.
    """
    from include.discover.event_queue import record_events
    from media_lake.task_context import task_deployment

    context = task_deployment()
    return record_events(
        context.aws.client("sqs"),
        context.s3,
        context.lake,
        context.settings.bucket,
        context.settings.events_queue,
        mark=get_current_context()["dag_run"].run_id,
    )


@task(outlets=[media_manifest], map_index_template=_DAY_LABEL, multiple_outputs=False, **DISCOVERY_ARGS)
def discover_day(found: dict[str, Any]) -> dict[str, Any]:
    """Do what discover does, for a day with new events."""
    from media_lake.task_context import task_workspace

    summary = discover_partition(task_workspace(found["day"]))
    get_current_context()["outlet_events"][media_manifest].add_partitions(found["day"])
    return summary


@task(map_index_template=_DAY_LABEL)
def remove_marks(found: dict[str, Any]) -> None:
    """Note that the day's events are in its manifest, and that the manifest is announced."""
    from include.discover.events import remove_marks
    from media_lake.task_context import task_deployment

    context = task_deployment()
    remove_marks(context.s3, context.settings.bucket, found["marks"])


@task(outlets=[media_manifest], multiple_outputs=False, **DISCOVERY_ARGS)
def discover() -> dict[str, Any]:
    """Find the day's media, look into their headers and leave a manifest."""
    from media_lake.task_context import task_workspace

    return discover_partition(task_workspace())
