"""How a video job that failed is recorded."""

from __future__ import annotations

import logging
from dataclasses import replace

from include.analyze.job_spending import JobSpending
from include.analyze.video_work import JobWork
from include.core.metrics import Metric, Metrics
from include.store.ledger import Entry, Ledger
from include.store.response_archive import REPLACED, now

log = logging.getLogger(__name__)

RESULTS_EXPIRED = (
    "ResultsExpired",
    "Rekognition keeps the results of a job for 7 days; they were not collected in time",
)
# Failures of jobs that AWS bills all the same.
_BILLED = frozenset({RESULTS_EXPIRED[0], REPLACED[0]})


def job_failure(message: str) -> tuple[str, str]:
    """Return code and message of a job that Rekognition ended as FAILED.

    :param message: Rekognition's reason; may be empty.
    """
    return "VideoJobFailed", message or "Rekognition gives no reason"


class JobFailures:
    """Records failures in the ledger, the budgets and the metrics."""

    def __init__(self, ledger: Ledger, spending: JobSpending, metrics: Metrics) -> None:
        self._ledger = ledger
        self._spending = spending
        self._metrics = metrics

    def record(self, work: JobWork, entry: Entry, failure: tuple[str, str]) -> Entry:
        """Record that an attempt failed.

        :param entry: the attempt's entry.
        :param failure: code and message.
        :return: the entry as it is now.
        """
        code, message = failure
        failed = replace(entry, state="failed", error_code=code, error_message=message, completed_at=now())
        self._ledger.finish([failed])
        self._spending.settle(work, entry, None if code in _BILLED and entry.job_id else 0)
        if entry.job_id:
            self._metrics.count(Metric.JOBS, feature=work.feature, state="failed")
        log.warning("attempt %d at %s failed: %s: %s", failed.number, failed.key[:12], code, message)
        return failed
