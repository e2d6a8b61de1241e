"""Alerts: one message tells an operator of a run that failed or is late, in the log and by a topic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from include.core.errors import code_and_message, error_chain
from include.core.printable import escaped

MOST_CAUSES = 3
MOST_TASKS = 5
# Of one example of an error.
MESSAGE_CHARACTERS = 300
# SNS takes 256 KB; nobody reads more than a page.
TEXT_BYTES = 16_000
SUBJECT_CHARACTERS = 99
NO_CAUSE = "none was recorded; a task's process may have been killed: see its log and the scheduler's"

FINISHED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
# What is under way comes first; what has no state yet waits for the others.
_ORDER = ("running", "deferred", "up_for_retry", "up_for_reschedule", "awaiting_input", "queued", "scheduled")

# Parts of a signed request, which AWS repeats in some of its errors, and of signed addresses.
_SECRETS = re.compile(
    r"(?i)(x-amz-(?:security-token|signature|credential)|signature|credential|authorization|awsaccesskeyid)"
    r"(\s*[:=]\s*)[^\s&,;'\"]+"
)
_MAPPED = re.compile(r"_\d+$")

_NONE_KNOWN = "none is known"
_NONE_LEFT = "none; the run is about to end"


@dataclass(frozen=True)
class Alert:
    """A message: a subject of one line and some lines of text."""

    subject: str
    lines: tuple[str, ...]

    @property
    def line(self) -> str:
        """The whole message in one line, for a log."""
        return escaped(" | ".join(line.replace("\n", " ") for line in (self.subject, *self.lines)))

    @property
    def text(self) -> str:
        """The message for a topic, never longer than :data:`TEXT_BYTES`."""
        return cut_bytes("\n".join(self.lines), TEXT_BYTES)


@dataclass(frozen=True)
class RunName:
    """Which Dag run a message is about.

    :ivar day: the partition key, or empty.
    :ivar link: address of the run in the UI.
    """

    dag_id: str
    run_id: str
    day: str
    link: str

    @property
    def title(self) -> str:
        return f"{self.dag_id} of {self.day}" if self.day else f"{self.dag_id} ({self.run_id})"


def odd_messages(queue: str, count: int, folder: str) -> Alert:
    """Return the alert of messages that are not what their queue is for.

    :param folder: where they are kept.
    """
    return Alert(
        f"{count} odd message{'s' if count > 1 else ''} in queue {queue}"[:SUBJECT_CHARACTERS],
        (
            f"Queue {queue} had {count} that cannot be used; nothing waits for them.",
            f"Each is kept with the reason under {folder}",
            "Find out who sends them: the queue's policy should let services of AWS send, and nobody else.",
        ),
    )


def budget_alert(
    cost_center: str, month: str, percent: int, spent_usd: float, limit_usd: float, stops: bool
) -> Alert:
    """Return the message about a budget that has reached so many percent.

    :param stops: whether the budget stops analyses before they are paid for.
    """
    reached = percent >= 100
    if stops:
        meaning = (
            "Its analyses are stopped (BudgetReached); they go on by themselves next month, or once the "
            "budget is raised in lake.yaml."
            if reached
            else "At 100% its analyses are stopped before they are paid for."
        )
    else:
        meaning = "The budget is soft: it only warns, and analyses go on."
    return Alert(
        f"Budget of {cost_center} for {month}: {percent}% reached"[:SUBJECT_CHARACTERS],
        (
            f"${spent_usd:,.2f} of ${limit_usd:,.2f} are spent.",
            meaning,
            f"Who spends it: select * from costs_daily where cost_center = '{cost_center}'",
        ),
    )


def failure_of(error: BaseException) -> dict[str, str]:
    """Return what to remember of an exception that failed a task: AWS's code behind it, and its own text."""
    of_aws = next((link for link in error_chain(error) if isinstance(link, ClientError)), None)
    return {
        "code": code_and_message(of_aws)[0] if of_aws else type(error).__name__,
        "message": shorten(str(error)),
    }


def failed_run(
    run: RunName,
    reason: str,
    states: Mapping[str, str | None],
    failures: Iterable[Mapping[str, Any]],
    summaries: Iterable[Mapping[str, Any]],
) -> Alert:
    """Return the message about a run that failed: why its tasks failed, and which errors its batches counted.

    :param reason: Airflow's, such as ``task_failure``.
    :param states: states of the task instances; those of mapped ones are named ``<task_id>_<map_index>``.
    :param failures: what :func:`failure_of` gave for tasks that raised.
    :param summaries: what batches counted: ``{"errors": {code: count}, "examples": {code: message}, ...}``.
    """
    analyses = _most_frequent(*_of_analyses(summaries))
    failed = [f"{name} ({failed} of {of})" if of > 1 else name for name, failed, of in _failed(states)]
    return Alert(
        f"{run.title} failed"[:SUBJECT_CHARACTERS],
        (
            f"Failed tasks: {_some(failed)}" if failed else f"No task failed; Airflow says: {reason}",
            f"Causes: {_most_frequent(*_of_tasks(failures)) or NO_CAUSE}",
            *([f"Failed analyses: {analyses}"] if analyses else []),
            f"Run: {run.link}",
        ),
    )


def late_run(run: RunName, since: str, states: Mapping[str, str | None]) -> Alert:
    """Return the message about a run that has not ended in time.

    :param since: when it was queued, as text.
    """
    unfinished = Counter(
        (_MAPPED.sub("", name), state or "waiting") for name, state in states.items() if state not in FINISHED
    )
    order = {state: place for place, state in enumerate(_ORDER)}
    tasks = sorted(unfinished, key=lambda key: (order.get(key[1], len(order)), key[0]))
    named = [
        f"{task} {state}" + (f" ({unfinished[task, state]})" if unfinished[task, state] > 1 else "")
        for task, state in tasks
    ]
    return Alert(
        f"{run.title} is late"[:SUBJECT_CHARACTERS],
        (
            f"Queued: {since}",
            f"Unfinished tasks: {_some(named) if named else _NONE_LEFT if states else _NONE_KNOWN}",
            f"Run: {run.link}",
        ),
    )


def publish(sns: Any, topic: str, alert: Alert) -> None:
    """Send a message.

    :param sns: boto3 client.
    :param topic: name or ARN; a topic that does not exist is made.
    """
    arn = topic if topic.startswith("arn:") else sns.create_topic(Name=topic)["TopicArn"]
    subject = alert.subject.encode("ascii", "replace").decode()
    sns.publish(TopicArn=arn, Subject=subject, Message=alert.text)


def shorten(text: str) -> str:
    """Return an error's text in one line of :data:`MESSAGE_CHARACTERS`, without signatures of requests."""
    line = escaped(_SECRETS.sub(r"\1\2***", " ".join(text.split())))
    return line if len(line) <= MESSAGE_CHARACTERS else line[: MESSAGE_CHARACTERS - 1] + "…"


def cut_bytes(text: str, most: int) -> str:
    """Return the beginning of a text that fits into so many bytes of UTF-8."""
    encoded = text.encode()
    return text if len(encoded) <= most else encoded[: most - 3].decode(errors="ignore") + "…"


def failed_tasks(states: Mapping[str, str | None]) -> list[str]:
    """Return the tasks with failed instances."""
    return [name for name, _, _ in _failed(states)]


def _failed(states: Mapping[str, str | None]) -> list[tuple[str, int, int]]:
    """Return the tasks with failed instances: how many, and of how many."""
    total = Counter(_MAPPED.sub("", name) for name in states)
    failed = Counter(_MAPPED.sub("", name) for name, state in states.items() if state == "failed")
    return [(name, count, total[name]) for name, count in failed.most_common()]


def _of_tasks(failures: Iterable[Mapping[str, Any]]) -> tuple[Counter[str], dict[str, str]]:
    """Return counts by code, and an example of each."""
    found = list(failures)
    examples = {failure["code"]: failure["message"] for failure in reversed(found)}
    return Counter(failure["code"] for failure in found), examples


def _of_analyses(summaries: Iterable[Mapping[str, Any]]) -> tuple[Counter[str], dict[str, str]]:
    """Return counts by code over all batches, and an example of each if there is one."""
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for summary in summaries:
        counts.update(summary.get("errors") or {})
        examples = (summary.get("examples") or {}) | examples
    return counts, examples


def _most_frequent(counts: Counter[str], examples: Mapping[str, str]) -> str:
    return "; ".join(
        f"{code} ({count}" + (f", for example: {shorten(examples[code])})" if code in examples else ")")
        for code, count in counts.most_common(MOST_CAUSES)
    )


def _some(names: list[str]) -> str:
    more = len(names) - MOST_TASKS
    return ", ".join(names[:MOST_TASKS]) + (f" and {more} more" if more > 0 else "")
