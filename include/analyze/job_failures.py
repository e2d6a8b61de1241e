"""How a video job that failed is recorded."""

from __future__ import annotations

import logging
from dataclasses import replace

from include.analyze.video_work import JobWork
from include.core.metrics import Metric, Metrics
from include.store.ledger import Entry, Ledger
from include.store.response_archive import now

log = logging.getLogger(__name__)

RESULTS_EXPIRED = (
    "ResultsExpired",
    "Rekognition keeps the results of a job for 7 days; they were not collected in time",
)


def job_failure(message: str) -> tuple[str, str]:
    """Return code and message of a job that Rekognition ended as FAILED.

    :param message: Rekognition's reason; may be empty.
    """
    return "VideoJobFailed", message or "Rekognition gives no reason"


class JobFailures:
    """Records failures in the ledger and in the metrics."""

    def __init__(self, ledger: Ledger, metrics: Metrics) -> None:
        self._ledger = ledger
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
        if entry.job_id:
            self._metrics.count(Metric.JOBS, feature=work.feature, state="failed")
        log.warning("attempt %d at %s failed: %s: %s", failed.number, failed.key[:12], code, message)
        return failed
