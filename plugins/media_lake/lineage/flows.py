"""What each stage reads and writes.

Names are those of whole folders and tables: lineage connects places, and a facet says which day of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from include.core.features import MediaType, run_tables
from include.core.settings import COST_PAGE_KEY

Kind = Literal["media", "folder", "staged", "table"]


@dataclass(frozen=True)
class Place:
    """Where data lies.

    :param kind: ``media`` of all sources, a ``folder`` or object of the lake's bucket, the ``staged`` files
        of a table, or a published ``table``.
    :param name: path in the bucket, or name of the table; empty for media.
    """

    kind: Kind
    name: str = ""


@dataclass(frozen=True)
class Flow:
    """What a stage reads and writes."""

    reads: tuple[Place, ...]
    writes: tuple[Place, ...]


_MEDIA = Place("media")
_MANIFESTS = Place("folder", "staging/manifests")
_PLANS = Place("folder", "staging/plans")
_RESPONSES = Place("folder", "responses")
_USAGE_LOG = Place("folder", "usage_log")
_COSTS = ("usage", "costs_daily")

# The stage of each function of a task that handles data, and of the operator that reports.
STAGES = {
    "discover": "discover",
    "discover_day": "discover",
    "plan": "plan",
    "plan_reprocessing": "plan",
    "analyze_image_batch": "analyze",
    "start_jobs": "analyze",
    "collect_responses": "analyze",
    "analyze_frames": "analyze",
    "normalize_batch": "normalize",
    "validate": "validate",
    "publish": "publish",
    "ReportCostsOperator": "report",
}


def flow_of(stage: str, media_type: MediaType | None) -> Flow:
    """Return what a stage reads and writes.

    :param media_type: of its run, if it has one.
    """
    tables = run_tables(media_type) if media_type else _COSTS
    staged = tuple(Place("staged", name) for name in tables)
    published = tuple(Place("table", name) for name in tables)
    return {
        "discover": Flow((_MEDIA,), (_MANIFESTS,)),
        "plan": Flow((_MANIFESTS,), (_PLANS,)),
        "analyze": Flow((_MEDIA, _PLANS), (_RESPONSES, _USAGE_LOG)),
        "normalize": Flow((_PLANS, _RESPONSES), staged),
        "validate": Flow(staged, (Place("table", "validation_results"),)),
        "publish": Flow(staged, published),
        # It checks what it stages itself.
        "report": Flow((_USAGE_LOG, *staged), (*published, Place("folder", COST_PAGE_KEY))),
    }[stage]
