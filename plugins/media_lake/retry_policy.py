"""The retry policy of tasks. It decides by AWS's error code, since exception classes of AWS do not differ."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import RetryDecision, RetryPolicy

from include.core.errors import TerminalError, Verdict, advice_for, error_chain, judge

if TYPE_CHECKING:
    from airflow.sdk import Context

_LATER = (Verdict.SLOW_DOWN, Verdict.TRY_AGAIN, Verdict.NO_SLOT)


@dataclass(frozen=True)
class AwsErrorCodeRetryPolicy(RetryPolicy):
    """
    Retry what passes by itself, fail at once what a person has to correct.

    Throttling, exhausted limits, errors inside AWS and lost connections are retried after a delay that
    doubles from try to try and varies at random, so that mapped tasks do not come back together. Missing
    permissions, invalid parameters, missing buckets and missing credentials fail at once, with a reason that
    says what to do. Anything else, also an AWS error not known here, is left to the task's own settings. The
    number of retries is always the task's. What an error means is decided by :mod:`include.core.errors`.

    :param base_delay: Upper end of the delay after the first try; a delay is at least half its upper end.
    :param max_delay: Upper end that no delay exceeds.
    """

    base_delay: timedelta = timedelta(seconds=10)
    max_delay: timedelta = timedelta(minutes=10)

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        for error in error_chain(exception):
            decision = self._decide(error, try_number)
            if decision is not None:
                return decision
        return RetryDecision.default()

    def _decide(self, error: BaseException, try_number: int) -> RetryDecision | None:
        """Return the decision for one exception of the chain, or None if it says nothing."""
        if advice := advice_for(error):
            return RetryDecision.fail(reason=f"{str(error).rstrip('.')}. {advice}")
        if isinstance(error, TerminalError):
            return RetryDecision.fail(reason=str(error))
        if judge(error) in _LATER:
            return RetryDecision.retry(delay=self._delay(try_number), reason=str(error))
        return None

    def _delay(self, try_number: int) -> timedelta:
        doublings = min(max(try_number, 1) - 1, 32)
        upper_end = min(self.base_delay * 2**doublings, self.max_delay)
        seconds = upper_end.total_seconds() * random.uniform(0.5, 1.0)
        return timedelta(seconds=seconds)
