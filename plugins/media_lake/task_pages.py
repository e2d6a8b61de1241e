"""What the UI shows of a task: its docstring, a query to copy, and the link to the runs of the day."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from media_lake.links.day_link import DayRunsLink

_FAILURES = "SELECT * FROM media_lake.failed_analyses WHERE dt = '2026-11-20'"
_CHECKS = "SELECT * FROM media_lake.validation_results WHERE NOT success AND dt = '2026-11-20'"
_COSTS = "SELECT * FROM media_lake.costs_daily WHERE dt = '2026-11-20'"
_DIFFERENCES = "SELECT * FROM media_lake.reconciliation WHERE status <> 'agrees' AND dt = '2026-11-20'"
_QUEUE = "SELECT * FROM media_lake.moderation_queue WHERE dt = '2026-11-20' ORDER BY queue_place"

# What people look for at a task, and the query that finds it, by the last part of the task's id.
QUERIES = {
    "analyze": ("failed analyses", _FAILURES),
    "collect_responses": ("failed analyses", _FAILURES),
    "analyze_frames": ("failed analyses", _FAILURES),
    "validate": ("failed checks", _CHECKS),
    "review": ("failed checks", _CHECKS),
    "publish": ("failed analyses", _FAILURES),
    "report": ("costs", _COSTS),
    "record": ("moderation queue", _QUEUE),
    "reconcile": ("differences between bill and lake", _DIFFERENCES),
}


def add_page(task: Any) -> None:
    """Give a task its page, unless it has one, and, if it is not mapped, the link to the day's runs.

    :param task: operator or mapped operator of Airflow's SDK.
    """
    if task.is_mapped:
        task.partial_kwargs["doc_md"] = _page(task)
        return
    task.doc_md = _page(task)
    if not any(task.iter_mapped_task_groups()):
        task.operator_extra_links = (*task.operator_extra_links, DayRunsLink())


def _page(task: Any) -> str:
    """Return the first paragraphs of a docstring, without its parameters, and the query of the task."""
    text = cleandoc(task.doc_md or _documented(task).__doc__ or "").split("\n:", 1)[0].strip()
    found = QUERIES.get(task.task_id.rsplit(".", 1)[-1])
    return f"{text}\n\nThe {found[0]} of a day:\n\n```sql\n{found[1]}\n```" if found else text


def _documented(task: Any) -> Any:
    """Return what has the docstring of a task: its function, or its class."""
    return getattr(task, "python_callable", None) or getattr(task, "operator_class", type(task))
