"""Metrics of the lake through Airflow's own, which go to StatsD or OpenTelemetry as Airflow is configured."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.observability import stats

from include.core.features import MediaType
from include.core.metrics import PREFIX, Metric

log = logging.getLogger(__name__)


class AirflowMetrics:
    """Hands figures to Airflow's metrics, as :class:`include.core.metrics.Metrics` describes.

    Tags are sent where the configured collector knows them (``docs/MONITORING.md``); plain StatsD gets names
    only.

    :param tags: of every figure.
    """

    def __init__(self, **tags: str) -> None:
        self._tags = tags

    def count(self, metric: Metric, value: int = 1, **tags: str) -> None:
        self._send(stats.incr, metric, value, tags)

    def timing(self, metric: Metric, seconds: float, **tags: str) -> None:
        self._send(stats.timing, metric, timedelta(seconds=seconds), tags)

    def gauge(self, metric: Metric, value: float, **tags: str) -> None:
        self._send(stats.gauge, metric, value, tags)

    def _send(self, send: Callable[..., None], metric: Metric, value: Any, tags: dict[str, str]) -> None:
        try:
            send(PREFIX + metric, value, tags=self._tags | tags)
        except Exception as error:
            log.debug("metric %s was not sent: %s", metric, error)


def task_metrics(media_type: MediaType | None = None) -> AirflowMetrics:
    """Return the metrics of the task that runs, tagged with its Dag.

    :param media_type: tag, if the task is about one.
    """
    dag_id = get_current_context()["dag_run"].dag_id
    return (
        AirflowMetrics(dag_id=dag_id, media_type=media_type) if media_type else AirflowMetrics(dag_id=dag_id)
    )
