"""What operators and tests ask of the service beside its API: counters, throttling, quotas and faults at run
time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from include.local_aws.rekognition.errors import ServiceError

Subject = tuple[
    str | None, str | None, str
]  # bucket, key, operation; no bucket and key for bytes in the request


class Fault(BaseModel):
    """An error to answer with, instead of working.

    :param operation: which one, ``*`` for every one.
    :param rate: share of the calls that it strikes (0-1).
    :param times: how often at most; None for without end.
    """

    model_config = ConfigDict(extra="forbid")

    operation: str = "*"
    code: str
    message: str = "Injected fault"
    status: int = Field(default=400, ge=400, le=599)
    rate: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=0)


class Notifications(BaseModel):
    """How completion messages go astray: shares lost and sent twice (0-1), and a delay in seconds."""

    model_config = ConfigDict(extra="forbid")

    lost: float = Field(default=0.0, ge=0, le=1)
    duplicated: float = Field(default=0.0, ge=0, le=1)
    delay_seconds: float = Field(default=0.0, ge=0)


class Behavior(BaseModel):
    """Everything that can be changed while the service runs.

    :param latency_ms: added to every call.
    :param tps: calls per second by operation, with a burst of one second's worth; others are unlimited.
    :param job_limit: video jobs in progress at once (AWS's default quota is 20).
    :param job_seconds: added to the duration of every job.
    :param seed: of the dice for rates.
    """

    model_config = ConfigDict(extra="forbid")

    latency_ms: float = Field(default=0.0, ge=0)
    tps: dict[str, float] = {}
    faults: list[Fault] = []
    job_limit: int = Field(default=20, ge=0)
    job_seconds: float = Field(default=0.0, ge=0)
    notifications: Notifications = Notifications()
    seed: int = 0


class Control:
    """The present behavior, and counters of what was called, paid for and started."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all counts and return to the default behavior."""
        self.requests: Counter[str] = Counter()
        self.billable: Counter[str] = Counter()
        self.images: Counter[Subject] = Counter()
        self.jobs: Counter[Subject] = Counter()
        self._behave(Behavior())

    def change(self, settings: dict[str, Any]) -> Behavior:
        """Apply the given settings and keep the others; faults and dice start anew.

        :raises pydantic.ValidationError: a setting is unknown or out of range.
        """
        self._behave(Behavior.model_validate(self.behavior.model_dump() | settings))
        return self.behavior

    def _behave(self, behavior: Behavior) -> None:
        self.behavior = behavior
        self._random = random.Random(behavior.seed)
        self._strikes = [0] * len(behavior.faults)
        self._buckets = {operation: _TokenBucket(tps) for operation, tps in behavior.tps.items()}

    async def admit(self, operation: str) -> None:
        """Count a call and let it pass, late if so set.

        :raises ServiceError: an injected fault, or ProvisionedThroughputExceededException.
        """
        self.requests[operation] += 1
        if self.behavior.latency_ms:
            await asyncio.sleep(self.behavior.latency_ms / 1000)
        for index, fault in enumerate(self.behavior.faults):
            if (
                fault.operation in ("*", operation)
                and (fault.times is None or self._strikes[index] < fault.times)
                and self.happens(fault.rate)
            ):
                self._strikes[index] += 1
                raise ServiceError(fault.code, fault.message, fault.status)
        bucket = self._buckets.get(operation)
        if bucket is not None and not bucket.take():
            raise ServiceError(
                "ProvisionedThroughputExceededException", f"Provisioned rate of {operation} exceeded"
            )

    def happens(self, rate: float) -> bool:
        """Throw the dice: whether something of this rate (0-1) happens now."""
        return rate >= 1 or (rate > 0 and self._random.random() < rate)

    def bill_image(self, operation: str, media: dict[str, str]) -> None:
        """Count an image call that succeeded; ``media`` is the S3Object, empty for bytes."""
        self.billable[operation] += 1
        self.images[(media.get("Bucket"), media.get("Name"), operation)] += 1

    def bill_job(self, operation: str, media: dict[str, str]) -> None:
        """Count a job that was started, not a repeated token."""
        self.billable[operation] += 1
        self.jobs[(media.get("Bucket"), media.get("Name"), operation)] += 1

    def calls(self) -> dict[str, Any]:
        """Return the counters: ``requests`` and ``billable`` by operation, ``images`` ``jobs`` by object."""
        return {
            "requests": dict(self.requests),
            "billable": dict(self.billable),
            "images": [_by_object(subject, count) for subject, count in self.images.items()],
            "jobs": [_by_object(subject, count) for subject, count in self.jobs.items()],
        }


class _TokenBucket:
    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = max(rate, 1.0)
        self._filled_at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._tokens = min(max(self._rate, 1.0), self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _by_object(subject: Subject, count: int) -> dict[str, Any]:
    bucket, key, operation = subject
    return {"bucket": bucket, "key": key, "operation": operation, "count": count}
