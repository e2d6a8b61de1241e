"""One image call, repeated while that may help, under a claim that is renewed when it grows old."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from botocore import xform_name
from botocore.exceptions import ClientError

from include.analyze.circuit_breaker import Breaker
from include.analyze.image_lanes import ImageWork, Lane, Outcome
from include.core.errors import (
    TransientError,
    Verdict,
    answer_was_lost,
    code_and_message,
    finds_nothing,
    judge,
)
from include.core.metrics import Metric, Metrics
from include.core.printable import escaped
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.response_archive import model_version, now, response_line

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient
    from tenacity import Retrying

    from include.analyze.pace import Pace
    from include.analyze.purse import Payment
    from include.analyze.spending import Spending

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 30
LONGEST_PAUSE = 5.0  # seconds between attempts at one call
OUTAGE_SECONDS = 300.0  # how long a service that is down is waited for within an attempt of the task


class ServiceUnavailableError(TransientError):
    """Calls kept failing. What was paid is recorded, and a retry goes on from there."""


class Claims(Protocol):
    """Holds the claims that calls are made under."""

    def renewed(self, work: ImageWork, claim: Entry) -> tuple[Entry, Entry | None]:
        """Renew a claim that has grown old.

        :return: the claim to go on with, and the entry that stands in its way, None if it is ours.
        """

    def release(self, claim: Entry) -> None:
        """Give up a claim under which nothing was called."""

    def may_repeat(self) -> bool:
        """Whether a call may be made again whose answer was lost."""


class ImageCaller:
    """Makes the calls of one batch; its threads share it.

    :param paces: operation to its pace.
    :param spending: pays for the calls, as far as budgets allow.
    :param retrying: repeats requests while the record of a pace cannot be reached.
    :param stop: once set, no further call is made.
    """

    def __init__(
        self,
        rekognition: RekognitionClient,
        claims: Claims,
        paces: Mapping[str, Pace],
        spending: Spending,
        retrying: Retrying,
        metrics: Metrics,
        stop: threading.Event,
    ) -> None:
        self._rekognition = rekognition
        self._claims = claims
        self._paces = paces
        self._spending = spending
        self._retrying = retrying
        self._metrics = metrics
        self._breaker = Breaker(OUTAGE_SECONDS)
        self._stop = stop

    def call(self, lane: Lane, work: ImageWork, claim: Entry) -> Outcome:
        """Call for one analysis that is claimed.

        :raises botocore.exceptions.ClientError: if access is denied.
        :raises ServiceUnavailableError: if the service stays down.
        """
        pace = self._paces[lane.operation]
        last: Exception | None = None
        for attempt in range(MAX_ATTEMPTS):
            self._breaker.wait()
            self._retrying(pace.wait, lane.left)
            allowed = self._allowed(work, claim)
            if isinstance(allowed, Outcome):
                return allowed
            claim, payment = allowed
            outcome, last = self._attempt(work, claim, payment)
            if outcome is not None:
                return outcome
            if self._breaker.gave_up:
                break
            if not self._breaker.is_open:
                time.sleep(min(LONGEST_PAUSE, 0.1 * 2**attempt))
        raise ServiceUnavailableError(
            f"{work.call.operation} failed {attempt + 1} times, last with: {last}. "
            "What was paid is recorded; the task's retry goes on from there."
        ) from last

    def _allowed(self, work: ImageWork, claim: Entry) -> tuple[Entry, Payment] | Outcome:
        """Return the claim and the money for a call, or what becomes of the work if it may not be called."""
        if self._stop.is_set():
            return Outcome(work, "leased")
        claim, conflict = self._claims.renewed(work, claim)
        if conflict is not None:
            return Outcome(work, "exists" if conflict.state == "done" else "leased")
        if (payment := self._spending.take(work)) is None:
            self._claims.release(claim)
            return Outcome(work, "leased" if self._stop.is_set() else "stopped")
        return claim, payment

    def _attempt(
        self, work: ImageWork, claim: Entry, payment: Payment
    ) -> tuple[Outcome | None, Exception | None]:
        """Call once, and return the outcome; if the call is to be repeated, None and the error."""
        began = time.monotonic()
        try:
            response = getattr(self._rekognition, xform_name(work.call.operation))(**work.request)
        except Exception as error:
            outcome = self._after_error(work, claim, began, error)
            if outcome is None or outcome.kind == "failed":
                _return_unbilled(payment, error)
            return outcome, error
        return self._paid(work, began, response), None

    def _after_error(self, work: ImageWork, claim: Entry, began: float, error: Exception) -> Outcome | None:
        """Return the outcome of a call that ended in an error, None if it is to be repeated.

        :raises Exception: the error, if nothing will work until a person acts.
        """
        if finds_nothing(error, work.call.nothing_found_error):
            return self._paid(work, began, {}, code_and_message(error)[1])
        verdict = judge(error)
        if verdict is Verdict.SLOW_DOWN:
            self._metrics.count(Metric.THROTTLES, operation=work.call.operation)
        else:
            self._metrics.count(Metric.ERRORS, code=code_and_message(error)[0])
        if verdict is Verdict.STOP:
            raise error
        if verdict is Verdict.REJECTED:
            self._breaker.succeeded()
            return Outcome(work, "failed", entry=_failed(claim, *code_and_message(error)))
        if answer_was_lost(error) and not self._claims.may_repeat():
            return Outcome(work, "leased")
        log.debug("%s of %s: %s", work.call.operation, escaped(work.asset["key"]), error)
        if verdict is Verdict.TRY_AGAIN:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
            self._paces[work.call.operation].was_throttled()
        return None

    def _paid(self, work: ImageWork, began: float, response: Row, note: str | None = None) -> Outcome:
        """Return the outcome of a call that AWS answered.

        :param began: when it was sent, in seconds of the monotonic clock.
        :param note: why the response is empty, if it is an error that says that there is nothing to find.
        """
        self._breaker.succeeded()
        duration = time.monotonic() - began
        self._metrics.timing(Metric.CALL_DURATION, duration, operation=work.call.operation)
        version = model_version(work.call, work.parameters, response)
        line = response_line(work.key, work.call.operation, work.archived_request, response, version)
        line |= {"feature": work.feature, "content_id": work.asset["content_id"], "payer": work.payer}
        if note:
            line["note"] = note
        return Outcome(work, "paid", line=line)


def _return_unbilled(payment: Payment, error: Exception) -> None:
    """Take money back after an error by which AWS refused a call; another one may come after the work."""
    if isinstance(error, ClientError) and judge(error) is not Verdict.TRY_AGAIN:
        payment.take_back()


def _failed(claim: Entry, code: str, message: str) -> Entry:
    return replace(claim, state="failed", error_code=code, error_message=message, completed_at=now())
