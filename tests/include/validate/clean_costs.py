"""Costs without a mistake: usage of images and videos across the edge of a tier, and what was analyzed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from include.core.features import FEATURES, MEDIA_TYPES, MediaType, features_for, tables_filled
from include.core.lake import Lake
from include.core.prices import load_price_books
from include.core.run import Run
from include.core.schemas import TABLES
from include.normalize.outcomes import analysis_row
from include.report.pricing import BILLION, daily_costs, price_usage
from include.report.usage_rows import usage_rows
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.parquet import arrow_rows
from include.store.usage_log import payer_of, usage_lines
from include.validate.column_rules import check
from include.validate.cost_rules import cost_results
from include.validate.price_rules import price_results
from include.validate.rule_results import RuleResult
from include.validate.usage_rules import ANALYSIS_COLUMNS, usage_results
from tests.include.plan.planning import a_video, an_asset
from tests.include.validate.clean_days import DURATION_MS, LAKE, MEMBERS

DAY = "2026-11-20"
BOOKS = load_price_books("us-east-1")
(BOOK,) = BOOKS.books
# The first calls of the day are the last ones at the dearest price.
USED_BEFORE = {("2026-11", "image-group-2"): 999_995 * BILLION}


@dataclass
class CostDay:
    """Rows of a day, to be damaged.

    :ivar usage: rows of table ``usage``; ``costs`` and ``analyses`` likewise, the latter with ``media_type``.
    :ivar entries: what the ledger knows, by analysis key.
    """

    usage: list[Row]
    costs: list[Row]
    analyses: list[Row]
    entries: dict[str, Entry]
    lake: Lake = LAKE
    asked: list[str] = field(default_factory=list)

    def paid(self) -> list[Row]:
        return [row for row in self.usage if not row["reused"]]

    def reused(self) -> list[Row]:
        return [row for row in self.usage if row["reused"]]

    def add_up(self) -> None:
        """Make ``costs`` the sum of the usage again."""
        self.costs = daily_costs(arrow_rows(TABLES["usage"], self.usage)).to_pylist()

    def results(self) -> list[RuleResult]:
        usage, costs = (arrow_rows(TABLES[name], rows) for name, rows in self._tables())
        found = [result for name, rows in (("usage", usage), ("costs_daily", costs))
                 for result in check(TABLES[name], rows)]  # fmt: skip
        found += cost_results(usage, costs, {BOOK.version: BOOK}, self.lake)
        found += price_results(usage, {BOOK.version: BOOK})
        found += usage_results(usage, self._analyses(), DAY, self._look_up)
        return found

    def broken(self) -> dict[tuple[str, str], RuleResult]:
        """Return the results of rules that do not hold, by table and rule."""
        return {(result.table, result.rule): result for result in self.results() if not result.success}

    def _tables(self) -> list[tuple[str, list[Row]]]:
        return [("usage", self.usage), ("costs_daily", self.costs)]

    def _analyses(self) -> pa.Table:
        rows = arrow_rows(TABLES["analyses"], self.analyses).select(ANALYSIS_COLUMNS)
        return rows.append_column("media_type", pa.array([row["media_type"] for row in self.analyses]))

    def _look_up(self, keys: Any) -> dict[str, Entry]:
        self.asked += keys
        return {key: self.entries[key] for key in keys if key in self.entries}


def make_cost_day() -> CostDay:
    """Three files of each media type, of which two have the same bytes, and a model that ran for an hour."""
    lines: list[Row] = []
    analyses: list[Row] = []
    entries: dict[str, Entry] = {}
    for media_type in MEDIA_TYPES:
        for number, asset in enumerate(_assets(media_type)):
            run = Run("media-lake", f"enrich_{media_type}s", "r", DAY)
            for feature, parameters in _asked(media_type):
                key = f"{media_type}-{feature}-{asset['content_id']}"
                reused = key in entries
                at = f"2026-11-21T0{number}:00:00.500"
                payer = payer_of(run, asset, media_type)
                frames = {"frames_per_second": 0.5} if media_type == "video" and feature == "text" else None
                units = _units(media_type, frames)
                by_frames = frames is not None
                lines += usage_lines(payer, key, feature, parameters, units, at, reused, by_frames=by_frames)
                if not reused:
                    entries[key] = Entry(
                        key, "done", payer=json.dumps(payer), response_uri="s3://b/responses/a",
                        units=units, completed_at=at,
                    )  # fmt: skip
                planned = {
                    "feature": feature,
                    "analysis_key": key,
                    "parameters": parameters,
                    "state": "planned",
                    "frames": frames,
                }
                counts = dict.fromkeys(tables_filled(FEATURES[feature], media_type, parameters), 2)
                row = analysis_row(asset, planned, entries[key], counts, run)
                analyses.append(row | {"media_type": media_type})
    priced = price_usage(
        usage_rows([*lines, _model_hour()]), BOOKS, lambda month, item, _: USED_BEFORE.get((month, item), 0)
    )
    return CostDay(priced.to_pylist(), daily_costs(priced).to_pylist(), analyses, entries)


def _units(media_type: MediaType, frames: Row | None) -> float:
    if frames:
        return 34.0
    return 1.0 if media_type == "image" else DURATION_MS / 60_000


def _assets(media_type: MediaType) -> list[Row]:
    make = an_asset if media_type == "image" else a_video
    return [make(f"{media_type}-{name}", content_id=f"etag:{content}")
            for name, content in (("one", "a"), ("two", "b"), ("copy", "a"))]  # fmt: skip


def _asked(media_type: MediaType) -> Iterator[tuple[str, Row]]:
    for feature in features_for(media_type):
        call = feature.analysis(media_type)
        assert call is not None
        members = MEMBERS.get(feature.name, {}) if media_type == "image" else {}
        yield feature.name, {**call.parameters, **members}


def _model_hour() -> Row:
    return {
        "usage_id": "model-hours", "at": "2026-11-21T03:00:00", "dag_id": "enrich_images", "run_id": "r",
        "source": "sample", "cost_center": "team", "media_id": "arn:model", "media_type": "image",
        "analysis_key": "model", "feature": "custom_labels", "operation": "StartProjectVersion",
        "price_item": "custom-labels-inference-hours", "units": 1.25, "reused": False,
    }  # fmt: skip
