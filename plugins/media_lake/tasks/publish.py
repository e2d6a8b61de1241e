"""The task that publishes a day."""

from __future__ import annotations

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.features import MediaType
from include.core.metrics import Metric
from media_lake.airflow_metrics import task_metrics
from media_lake.assets import FINDINGS
from media_lake.lineage.facts import tell
from media_lake.run_figures import findings_figures, leave_figures


@task(multiple_outputs=False)
def publish(media_type: MediaType) -> dict[str, str]:
    """Point the day's partitions at the audited data, and ask for the day's cost report.

    Skipped, with the reason in its log, if a run that was planned later has published meanwhile.
    """
    from include.publish.pointers import StaleRunError
    from include.publish.publish_decisions import decider
    from include.publish.publisher import publish
    from include.store.audited_tables import read_audit
    from include.store.waiting_reports import ask_for_report
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    audited = read_audit(workspace.s3, workspace.run, media_type)
    answer = get_current_context()["ti"].xcom_pull(task_ids="review")
    try:
        published = publish(workspace, audited, media_type, decided_by=decider(answer) if answer else None)
    except StaleRunError as error:
        raise AirflowSkipException(str(error)) from error
    tell({name: table.rows for name, table in audited.tables.items()})
    leave_figures(FINDINGS[media_type], findings_figures(media_type))
    ask_for_report(workspace.s3, workspace.run)
    task_metrics(media_type).count(Metric.PARTITIONS_PUBLISHED, len(published))
    return published
