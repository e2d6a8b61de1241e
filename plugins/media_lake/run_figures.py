"""What came of a run, in a few figures: in the asset event that its last task announces, and in the run's note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow.sdk import Asset, get_current_context

from include.core.features import MediaType

FIGURES_KEY = "figures"


def leave_figures(asset: Asset, figures: dict[str, Any]) -> None:
    """Put figures into the event of an outlet, and leave them for the run's note.

    :param asset: outlet of the task that runs.
    """
    context = get_current_context()
    context["outlet_events"][asset].extra = figures
    context["ti"].xcom_push(key=FIGURES_KEY, value=figures)


def day_figures(media_type: MediaType) -> dict[str, Any]:
    """Return what a run did for a day of images or videos, from what its tasks have left.

    :return: ``{files, analyses, paid, reused, failed, rejected, usd, rows}``. An analysis counts as paid if this run paid
        for it. The price is the plan's estimate, in proportion to what was paid; ``report_costs`` finds the exact one.
    """
    planned = next(iter(_results("plan", "summary")), {})
    batches = list(_results("analyze" if media_type == "image" else "analyze.collect_responses"))
    paid = sum(batch["paid"] for batch in batches)
    return {
        "files": planned["assets"],
        "analyses": planned["analyses"],
        "paid": paid,
        "reused": sum(batch["reused"] for batch in batches) if batches else planned["reused"],
        "failed": sum(batch["failed"] for batch in batches),
        "rejected": planned["rejected"],
        "usd": round(planned["usd"]["likely"] * paid / planned["calls"], 6) if planned["calls"] else 0.0,
        "rows": sum(sum(rows.values()) for rows in _results("normalize")),
    }


def discovered_figures(found: Mapping[str, int]) -> dict[str, int]:
    """Return the figures of a manifest.

    :param found: from :func:`include.discover.discover`.
    """
    return {"files": found["rows"]} | {
        kind: found[kind] for kind in ("images", "videos", "defective", "ignored", "known")
    }


def _results(task_id: str, key: str = "return_value") -> Iterator[Mapping[str, Any]]:
    """Yield what the instances of a task of this run left; nothing if it was skipped."""
    left = get_current_context()["ti"].xcom_pull(task_ids=task_id, key=key)
    several: Iterable[Any] = left if isinstance(left, list) else [left]
    yield from (value for value in several if isinstance(value, Mapping))
