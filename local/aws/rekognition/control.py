"""What operators and tests ask of the service beside its API: counters, throttling, quotas and faults at run
time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from local.aws.rekognition.model import OPERATION_NAMES
from local.aws.rekognition.rekognition_errors import (
    DOCUMENTED_ERRORS,
    ServiceError,
    access_denied,
    documented_error,
)

DAY = 24 * 3600.0  # seconds

Subject = tuple[
    str | None, str | None, str
]  # bucket, key, operation; no bucket and key for bytes in the request


class Setting(BaseModel):
    """A part of the behavior; unknown members are refused."""

    model_config = ConfigDict(extra="forbid", validate_default=True)


class Fault(Setting):
    """An error to answer with, instead of working."""

    operation: str = Field("*", description="which operation, `*` for every one")
    code: str = Field(description="AWS's error code")
    message: str = Field("", description="AWS's words for the code unless given")
    status: int | None = Field(
        None, ge=400, le=599, description="HTTP status; unless given, as AWS has it for the code"
    )
    rate: float = Field(1.0, ge=0, le=1, description="share of the calls that it strikes")
    times: int | None = Field(None, ge=0, description="how often it strikes at most; null for without end")

    def error(self) -> ServiceError:
        """Return the error that a caller sees."""
        known = DOCUMENTED_ERRORS.get(self.code)
        message = self.message or (known.message.replace("{}", "*") if known else "Injected fault")
        return ServiceError(self.code, message, self.status or (known.status if known else 400))


class JobFailures(Setting):
    """How jobs end as ``FAILED``."""

    rate: float = Field(0.0, ge=0, le=1, description="share of the jobs")
    message: str = Field("Injected failure", description="their StatusMessage")


class Notifications(Setting):
    """How completion messages go astray."""

    lost: float = Field(0.0, ge=0, le=1, description="share of the messages that are never sent")
    duplicated: float = Field(0.0, ge=0, le=1, description="share of the others that are sent twice")
    delay_seconds: float = Field(0.0, ge=0, description="how late they are sent")


class Behavior(Setting):
    """Everything that can be set from outside, also while the service runs."""

    latency_ms: float = Field(0.0, ge=0, description="added to every call")
    tps: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="calls per second by operation, with a burst of one second's worth; others are unlimited",
    )
    denied: list[str] = Field([], description="operations answered with AccessDeniedException")
    faults: list[Fault] = Field([], description="errors to answer with; the first that strikes counts")
    job_limit: int = Field(20, ge=0, description="video jobs in progress at once; AWS's default quota")
    job_seconds: float | tuple[float, float] = Field(
        0.0, description="added to the duration of every job: a number, or `[least, most]` to draw from"
    )
    job_failures: JobFailures = Field(JobFailures(), description="jobs that end as FAILED")
    job_result_seconds: float = Field(
        7 * DAY, gt=0, description="how long the results of a finished job can be had; as AWS, 7 days"
    )
    request_token_seconds: float = Field(
        7 * DAY,
        gt=0,
        description="how long a ClientRequestToken stands for the job it started; as AWS, 7 days",
    )
    page_size: int | None = Field(
        None,
        ge=1,
        description="items of a page at most, whatever is asked for; null for as many as AWS gives",
    )
    page_token_seconds: float = Field(1 * DAY, gt=0, description="how long a NextToken is good; as AWS, 24 h")
    model_seconds: float = Field(
        1.0, ge=0, description="how long a Custom Labels model takes to train, to start and to stop, each"
    )
    model_limit: int = Field(
        10, ge=0, description="models starting or running at once; on AWS a quota of the account"
    )
    notifications: Notifications = Field(Notifications(), description="completion messages that go astray")
    seed: int = Field(0, description="of the dice for rates and durations")

    @field_validator("job_seconds")
    @classmethod
    def _from_least_to_most(cls, value: float | tuple[float, float]) -> float | tuple[float, float]:
        least, most = value if isinstance(value, tuple) else (value, value)
        if not 0 <= least <= most:
            raise ValueError("must be 0 or more, and the least no more than the most")
        return value

    @field_validator("denied")
    @classmethod
    def _are_operations(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - OPERATION_NAMES)
        if unknown:
            raise ValueError(f"no operations of Rekognition: {', '.join(unknown)}")
        return value


class Control:
    """The present behavior, and counters of what was called, paid for and started.

    :param initial: behavior at the start and after a reset.
    """

    def __init__(self, initial: Behavior) -> None:
        self._initial = initial
        self.reset()

    def reset(self) -> None:
        """Forget all counts and return to the initial behavior."""
        self.requests: Counter[str] = Counter()
        self.billable: Counter[str] = Counter()
        self.images: Counter[Subject] = Counter()
        self.jobs: Counter[Subject] = Counter()
        self._behave(self._initial)

    def change(self, settings: Any) -> Behavior:
        """Apply the given settings and keep the others; faults and dice start anew.

        :raises ValueError: not an object, or (pydantic.ValidationError) a setting is unknown or out of range.
        """
        if not isinstance(settings, dict):
            raise ValueError("the settings must be a JSON object")
        self._behave(Behavior.model_validate(self.behavior.model_dump() | settings))
        return self.behavior

    def _behave(self, behavior: Behavior) -> None:
        self.behavior = behavior
        self._random = random.Random(behavior.seed)
        self._strikes = [0] * len(behavior.faults)
        self._buckets = {operation: _TokenBucket(tps) for operation, tps in behavior.tps.items()}

    async def admit(self, operation: str) -> None:
        """Count a call and let it pass, late if so set.

        :raises ServiceError: AccessDeniedException, an injected fault, or ProvisionedThroughputExceededException.
        """
        self.requests[operation] += 1
        if self.behavior.latency_ms:
            await asyncio.sleep(self.behavior.latency_ms / 1000)
        if operation in self.behavior.denied:
            raise access_denied(operation, "The settings of the local Rekognition deny it.")
        for index, fault in enumerate(self.behavior.faults):
            if (
                fault.operation in ("*", operation)
                and (fault.times is None or self._strikes[index] < fault.times)
                and self.happens(fault.rate)
            ):
                self._strikes[index] += 1
                raise fault.error()
        bucket = self._buckets.get(operation)
        if bucket is not None and not bucket.take():
            raise documented_error("ProvisionedThroughputExceededException")

    def happens(self, rate: float) -> bool:
        """Throw the dice: whether something of this rate (0-1) happens now."""
        return rate >= 1 or (rate > 0 and self._random.random() < rate)

    def draw_job_seconds(self) -> float:
        """Throw the dice: how long a job takes beyond its work."""
        seconds = self.behavior.job_seconds
        return self._random.uniform(*seconds) if isinstance(seconds, tuple) else seconds

    def draw_job_failure(self) -> str | None:
        """Throw the dice: the message with which a job fails, or None."""
        failures = self.behavior.job_failures
        return failures.message if self.happens(failures.rate) else None

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
