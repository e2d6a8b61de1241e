"""What operators and tests control besides the API: counters, throttling, quotas and faults, at run time."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from local.aws.rekognition.api_model import OPERATION_NAMES
from local.aws.rekognition.billed_lines import image_lines, video_lines
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
    """A part of the behavior. It refuses unknown members."""

    model_config = ConfigDict(extra="forbid", validate_default=True)


class Fault(Setting):
    """An error that a call gets instead of its answer."""

    operation: str = Field("*", description="operation that gets the error; `*` for all")
    code: str = Field(description="AWS's error code")
    message: str = Field("", description="text of the error; if empty, AWS's text for the code")
    status: int | None = Field(
        None, ge=400, le=599, description="HTTP status; null for AWS's status of the code"
    )
    rate: float = Field(1.0, ge=0, le=1, description="share of the calls that get the error")
    times: int | None = Field(
        None, ge=0, description="number of calls that get the error at most; null for no limit"
    )

    def error(self) -> ServiceError:
        """Return the error that a caller sees."""
        known = DOCUMENTED_ERRORS.get(self.code)
        message = self.message or (known.message.replace("{}", "*") if known else "Injected fault")
        return ServiceError(self.code, message, self.status or (known.status if known else 400))


class JobFailures(Setting):
    """Jobs that end as ``FAILED``."""

    rate: float = Field(0.0, ge=0, le=1, description="share of the jobs")
    message: str = Field("Injected failure", description="their StatusMessage")


class Notifications(Setting):
    """Completion messages that are lost, sent twice or late."""

    lost: float = Field(0.0, ge=0, le=1, description="share of the messages that are never sent")
    duplicated: float = Field(0.0, ge=0, le=1, description="share of the others that are sent twice")
    delay_seconds: float = Field(0.0, ge=0, description="delay of every message")


class Behavior(Setting):
    """All that can be set from outside, also while the service runs."""

    latency_ms: float = Field(0.0, ge=0, description="added to every call")
    tps: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="most calls per second by operation, with a burst of one second's calls; "
        "other operations have no limit",
    )
    denied: list[str] = Field([], description="operations answered with AccessDeniedException")
    faults: list[Fault] = Field([], description="errors that calls get; the first that applies counts")
    job_limit: int = Field(20, ge=0, description="most video jobs in progress at once; AWS's default quota")
    job_seconds: float | tuple[float, float] = Field(
        0.0, description="added to the duration of every job: a number, or `[least, most]` for a random one"
    )
    job_failures: JobFailures = Field(JobFailures(), description="jobs that end as FAILED")
    job_result_seconds: float = Field(
        7 * DAY, gt=0, description="how long the results of a finished job are available; AWS: 7 days"
    )
    request_token_seconds: float = Field(
        7 * DAY,
        gt=0,
        description="how long a ClientRequestToken returns the job that it started; AWS: 7 days",
    )
    page_size: int | None = Field(
        None,
        ge=1,
        description="most items of a page, even if a request asks for more; null for AWS's limit",
    )
    page_token_seconds: float = Field(
        1 * DAY, gt=0, description="how long a NextToken is valid; AWS: 24 hours"
    )
    model_seconds: float = Field(
        1.0, ge=0, description="how long a Custom Labels model takes to train, to start or to stop"
    )
    model_limit: int = Field(
        10, ge=0, description="most models starting or running at once; on AWS a quota of the account"
    )
    notifications: Notifications = Field(
        Notifications(), description="completion messages that are lost, sent twice or late"
    )
    seed: int = Field(0, description="of the random numbers behind rates and durations")

    @field_validator("job_seconds")
    @classmethod
    def _from_least_to_most(cls, value: float | tuple[float, float]) -> float | tuple[float, float]:
        least, most = value if isinstance(value, tuple) else (value, value)
        if not 0 <= least <= most:
            raise ValueError("must be 0 or more; in a pair, the second at least the first")
        return value

    @field_validator("denied")
    @classmethod
    def _are_operations(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - OPERATION_NAMES)
        if unknown:
            raise ValueError(f"Rekognition has no operation {', '.join(unknown)}")
        return value


class Control:
    """The present behavior, and counters of calls, billable calls and started jobs.

    :param initial: behavior at the start and after a reset.
    """

    def __init__(self, initial: Behavior) -> None:
        self._initial = initial
        self.reset()

    def reset(self) -> None:
        """Set all counters to 0 and return to the initial behavior."""
        self.requests: Counter[str] = Counter()
        self.billable: Counter[str] = Counter()
        self.units: defaultdict[str, float] = defaultdict(float)
        self.daily_units: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.images: Counter[Subject] = Counter()
        self.jobs: Counter[Subject] = Counter()
        self._behave(self._initial)

    def change(self, settings: Any) -> Behavior:
        """Apply the given settings and keep the others; fault counts and random numbers start anew.

        :raises ValueError: if it is not an object, or a setting is unknown or out of range.
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
        """Count a call, and delay or refuse it as the behavior says.

        :raises ServiceError: AccessDeniedException, an injected fault, or
            ProvisionedThroughputExceededException.
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
        """Return True with the probability ``rate`` (0-1)."""
        return rate >= 1 or (rate > 0 and self._random.random() < rate)

    def draw_job_seconds(self) -> float:
        """Return how long the next job takes beyond its work, in seconds."""
        seconds = self.behavior.job_seconds
        return self._random.uniform(*seconds) if isinstance(seconds, tuple) else seconds

    def draw_job_failure(self) -> str | None:
        """Return the message with which the next job fails, None if it succeeds."""
        failures = self.behavior.job_failures
        return failures.message if self.happens(failures.rate) else None

    def bill_image(self, operation: str, params: dict[str, Any], media: dict[str, str]) -> None:
        """Count a successful image call; ``media`` is the S3Object, empty if the request held the bytes."""
        for line in image_lines(operation, params):
            self._bill(line, 1)
        self.billable[operation] += 1
        self.images[(media.get("Bucket"), media.get("Name"), operation)] += 1

    def bill_job(self, operation: str, media: dict[str, str]) -> None:
        """Count a started job; a repeated token starts none."""
        self.billable[operation] += 1
        self.jobs[(media.get("Bucket"), media.get("Name"), operation)] += 1

    def bill_minutes(self, operation: str, params: dict[str, Any], minutes: float) -> None:
        """Count the minutes of a video whose job succeeded."""
        for line in video_lines(operation, params):
            self._bill(line, minutes)

    def _bill(self, line: str, units: float) -> None:
        self.units[line] += units
        self.daily_units[f"{datetime.now(UTC):%Y-%m-%d}"][line] += units

    def calls(self) -> dict[str, Any]:
        """Return the counters.

        They are ``requests`` and ``billable`` by operation, ``images`` and ``jobs`` by object, and ``units``,
        images or minutes, by line of the bill; ``daily_units`` has the same for each day in UTC.
        """
        return {
            "requests": dict(self.requests),
            "billable": dict(self.billable),
            "images": [_by_object(subject, count) for subject, count in self.images.items()],
            "jobs": [_by_object(subject, count) for subject, count in self.jobs.items()],
            "units": dict(self.units),
            "daily_units": {day: dict(units) for day, units in self.daily_units.items()},
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
