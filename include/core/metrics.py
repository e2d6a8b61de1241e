"""Metrics: the figures that a running lake shows to whatever collects Airflow's metrics.

Engines report to an object with the methods of :class:`Metrics` and know nothing of Airflow. Any thread
may call the methods; they never raise, and take microseconds. Figures are for watching: a task that
Airflow tries again counts its work again, whereas tables and the cost page do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

PREFIX = "media_lake."


class Metric(StrEnum):
    """Every metric, by its name after :data:`PREFIX`; ``docs/MONITORING.md`` explains each."""

    CALLS = "calls"
    CALL_DURATION = "call_duration"
    THROTTLES = "throttles"
    ERRORS = "errors"
    ANALYSES = "analyses"
    CALLS_PER_SECOND_ALLOWED = "calls_per_second_allowed"
    JOBS = "jobs"
    JOB_DURATION = "job_duration"
    SLOTS_IN_USE = "slots_in_use"
    JOBS_WAITING = "jobs_waiting"
    QUEUE_AGE = "queue_age"
    ASSETS = "assets"
    PLANNED = "planned"
    PLANNED_USD = "planned_usd"
    ROWS = "rows"
    CHECKS = "checks"
    PARTITIONS_PUBLISHED = "partitions_published"
    USD = "usd"
    ALERTS = "alerts"


class Metrics(Protocol):
    """Takes figures. Tags say what a figure is about; each has few values, such as features, never ids."""

    def count(self, metric: Metric, value: int = 1, **tags: str) -> None:
        """Add to a counter."""

    def timing(self, metric: Metric, seconds: float, **tags: str) -> None:
        """Report how long something took."""

    def gauge(self, metric: Metric, value: float, **tags: str) -> None:
        """Report how much of something there is now."""


class NoMetrics:
    """Drops every figure: the default of engines outside Airflow."""

    def count(self, metric: Metric, value: int = 1, **tags: str) -> None:
        pass

    def timing(self, metric: Metric, seconds: float, **tags: str) -> None:
        pass

    def gauge(self, metric: Metric, value: float, **tags: str) -> None:
        pass


def count_each(metrics: Metrics, metric: Metric, tag: str, counts: Mapping[str, int]) -> None:
    """Add to a counter for each value of a tag."""
    for value, count in counts.items():
        metrics.count(metric, count, **{tag: value})
