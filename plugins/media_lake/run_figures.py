"""What came of a run, in a few figures: for the events of its assets, and for the note that people see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow.sdk import Asset, get_current_context

from include.core.features import MediaType

FIGURES_KEY = "figures"

# Tasks that say how many analyses of a batch were reused and failed.
ANALYSIS_TASKS: Mapping[MediaType, tuple[str, ...]] = {
    "image": ("analyze",),
    "video": ("analyze.collect_responses", "analyze.analyze_frames"),
}


def leave_figures(asset: Asset, figures: Mapping[str, Any]) -> None:
    """Put figures into the event of an outlet, and leave them as XCom ``figures`` for the run's note.

    :param asset: outlet of the task that runs.
    """
    context = get_current_context()
    context["outlet_events"][asset].extra = dict(figures)
    context["ti"].xcom_push(key=FIGURES_KEY, value=dict(figures))


def manifest_figures(found: Mapping[str, Any]) -> dict[str, int]:
    """Return the figures of a manifest: ``{files, images, videos, defective, ignored, known}``.

    :param found: from :func:`include.discover.discover`.
    """
    kinds = ("images", "videos", "defective", "ignored", "known")
    return {"files": found["rows"], **{kind: found[kind] for kind in kinds}}


def findings_figures(media_type: MediaType) -> dict[str, Any]:
    """Return what this run did for a day, from what its tasks have left.

    :return: ``{files, analyses, paid, reused, failed, rejected, rows, usd, warnings}``. Paid is what this run
        paid for, in any of its attempts. ``usd`` is the plan's estimate, in proportion to what was paid;
        ``report_costs`` finds the exact price. It is None if the run paid before it made its last plan.
        Warnings are broken rules of validation that do not hold the day back.
    """
    (planned,) = _results("plan", "summary")
    calls = next((cut["calls"] for cut in _results("approve", "cut")), planned["calls"])
    batches = [batch for task_id in ANALYSIS_TASKS[media_type] for batch in _results(task_id)]
    reused = sum(batch["reused"] for batch in batches) if batches else planned["reused"]
    failed = sum(batch["failed"] for batch in batches)
    paid = max(0, calls + planned["reused"] - reused - failed) if batches else 0
    return {
        "files": planned["assets"],
        "analyses": planned["analyses"],
        "paid": paid,
        "reused": reused,
        "failed": failed,
        "rejected": planned["rejected"],
        "rows": sum(sum(rows.values()) for rows in _results("normalize")),
        "usd": _price(planned, paid),
        "warnings": sum(audited["warned"] for audited in _results("validate")),
    }


def _price(planned: Mapping[str, Any], paid: int) -> float | None:
    if paid > planned["calls"]:
        return None
    return round(planned["usd"]["likely"] * paid / planned["calls"], 6) if paid else 0.0


def _results(task_id: str, key: str = "return_value") -> Iterator[Mapping[str, Any]]:
    """Yield what the instances of a task of this run left; nothing if it was skipped."""
    left = get_current_context()["ti"].xcom_pull(task_ids=task_id, key=key)
    several: Iterable[Any] = left if isinstance(left, list) else [left]
    yield from (value for value in several if isinstance(value, Mapping))
