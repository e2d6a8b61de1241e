"""Sends alerts: one line into the log, and a message to the SNS topic of the settings if there is one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import conf

from include.core.metrics import Metric
from include.operate.alerts import Alert, RunName
from media_lake.airflow_metrics import AirflowMetrics
from media_lake.aws_clients import aws_hook

if TYPE_CHECKING:
    from include.core.settings import Settings
    from include.store.workspace import Deployment

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3
READ_SECONDS = 5


def send(alert: Alert, dag_id: str, kind: str) -> None:
    """Log an alert and publish it. Never raises: whoever alerts has already failed or is late.

    :param kind: tag of the metric: ``failed``, ``late``, ``messages``, ``anomaly``,
        ``reconciliation``, ``price-book`` or ``budget``.
    """
    log.error("%s", alert.line)
    AirflowMetrics(dag_id=dag_id).count(Metric.ALERTS, kind=kind)
    try:
        _publish(alert)
    except Exception as error:
        log.warning("the alert could not be published: %s", error)


def report_odd_messages(deployment: Deployment, queue: str, count: int, dag_id: str) -> None:
    """Tell that messages of a queue were set aside. Never raises."""
    from include.operate.alerts import odd_messages
    from include.store.messages import folder

    send(odd_messages(queue, count, folder(deployment.settings.bucket, queue)), dag_id, "messages")


def run_name(dag_id: str, run_id: str, day: str | None) -> RunName:
    """Return the name of a run, with its address in the UI."""
    base = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
    return RunName(dag_id, run_id, day or "", f"{base}/dags/{dag_id}/runs/{quote(run_id)}")


def _publish(alert: Alert) -> None:
    from include.core.settings import load_settings
    from include.operate.alerts import publish

    settings = load_settings()
    if settings.alerts_topic:
        publish(_sns(settings), settings.alerts_topic, alert)


def _sns(settings: Settings) -> Any:
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    return aws_hook(settings, "sns", config).get_conn()
