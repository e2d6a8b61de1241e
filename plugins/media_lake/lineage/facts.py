"""What a task says of the data that it handles, for lineage.

Airflow's own place for this is the hook lineage collector. Making one, also one that collects nothing,
imports the asset handlers of all providers, which takes a task's process seconds
(``airflow.sdk.lineage.HookLineageCollector``). So the facts stay with the task's operator, where the
extractor finds them after the task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk import get_current_context

_NAME = "lineage_facts"


@dataclass
class Facts:
    """What became known while a task ran.

    :ivar rows: rows of each table that it read or wrote.
    :ivar checks: rows of table ``validation_results``.
    """

    rows: Counter[str] = field(default_factory=Counter)
    checks: list[Mapping[str, Any]] = field(default_factory=list)


def tell(rows: Mapping[str, int], checks: Iterable[Mapping[str, Any]] = ()) -> None:
    """Add to the facts of the running task. Where no task runs, nothing happens."""
    try:
        task: Any = get_current_context()["task"]
    except (RuntimeError, KeyError):
        return
    facts = facts_of(task)
    facts.rows.update(rows)
    facts.checks.extend(checks)
    setattr(task, _NAME, facts)


def facts_of(operator: Any) -> Facts:
    """Return what the task of an operator has told so far."""
    facts: Facts = getattr(operator, _NAME, None) or Facts()
    return facts
