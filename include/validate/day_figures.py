"""The profile of a run, gathered while its tables are checked."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.core.schemas import FINDING_TABLES, Table
from include.store.day_profiles import AnalysisFigures, DayProfile, FindingFigures
from include.validate.arrow_masks import encoded

# Names that a profile keeps of a source, table and model version.
KEPT_NAMES = 300
OTHER_NAMES = ""

# The column that says what a finding is; none of tables about people or of what people wrote.
_NAMES = {
    "labels": "name",
    "moderation_labels": "name",
    "custom_labels": "name",
    "protective_equipment": "equipment",
    "segments": "type",
}

_Group = tuple[str, str, str | None]


class DayFigures:
    """The figures of a run's tables.

    :param assets: ``media_id`` and ``source`` of its rows of ``media_assets``.
    """

    def __init__(self, assets: pa.Table) -> None:
        self._media_ids = assets["media_id"].combine_chunks()
        self._sources = encoded(assets["source"])
        self._scores: defaultdict[_Group, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
        self._names: defaultdict[_Group, Counter[str]] = defaultdict(Counter)

    def add(self, table: Table, part: pa.Table) -> None:
        """Add some rows of a finding table; those of nobody's assets are left out."""
        if table.name not in FINDING_TABLES or not len(part):
            return
        name = _NAMES.get(table.name)
        rows = pa.table(
            {
                "source": self._source_of(part),
                "model_version": encoded(part["model_version"]),
                "name": encoded(part[name]) if name else pa.nulls(len(part), pa.string()),
                "score": part[table.score] if table.score else pa.nulls(len(part), pa.float64()),
            }
        )
        sums = rows.group_by(["source", "model_version", "name"]).aggregate(
            [("score", "count"), ("score", "sum"), ([], "count_all")]
        )
        for row in sums.to_pylist():
            self._add_sum(table, row)

    def profile(self, analyses: pa.Table) -> DayProfile:
        """Return the profile, once all finding tables are added.

        :param analyses: rows of ``analyses``.
        """
        return DayProfile(
            assets=self._assets(),
            analyses=self._analysis_figures(analyses),
            findings=[
                FindingFigures(
                    source=source,
                    table=table,
                    model_version=version,
                    scores=scores,
                    score_sum=total,
                    names=_most_frequent(self._names[source, table, version]),
                )
                for (source, table, version), (scores, total) in self._scores.items()
            ],
        )

    def _assets(self) -> Counter[str]:
        counts = self._sources.value_counts().to_pylist()
        return Counter({count["values"]: count["counts"] for count in counts if count["values"]})

    def _source_of(self, part: pa.Table) -> Any:
        media_ids = encoded(part["media_id"])
        sources = self._sources.take(pc.index_in(media_ids.dictionary, value_set=self._media_ids))
        return sources.take(media_ids.indices)

    def _add_sum(self, table: Table, row: dict[str, Any]) -> None:
        if row["source"] is None:
            return
        group = row["source"], table.name, row["model_version"]
        scores, total = self._scores[group]
        self._scores[group] = scores + row["score_count"], total + (row["score_sum"] or 0.0)
        if row["name"] is not None:
            self._names[group][row["name"]] += row["count_all"]

    def _analysis_figures(self, analyses: pa.Table) -> list[AnalysisFigures]:
        answered = pc.is_in(analyses["status"], value_set=pa.array(["succeeded", "reused"]))
        rows = pa.table(
            {
                "source": self._source_of(analyses),
                "feature": encoded(analyses["feature"]),
                "model_version": encoded(analyses["model_version"]),
                "answered": answered.cast(pa.int64()),
                "empty": pc.and_(answered, pc.equal(pc.fill_null(analyses["findings"], 1), 0)).cast(
                    pa.int64()
                ),
                "failed": pc.equal(analyses["status"], "failed").cast(pa.int64()),
            }
        )
        sums = rows.group_by(["source", "feature", "model_version"]).aggregate(
            [("answered", "sum"), ("empty", "sum"), ("failed", "sum")]
        )
        return [
            AnalysisFigures(
                source=row["source"],
                feature=row["feature"],
                model_version=row["model_version"],
                answered=row["answered_sum"],
                empty=row["empty_sum"],
                failed=row["failed_sum"],
            )
            for row in sums.to_pylist()
            if row["source"] and row["feature"]
        ]


def _most_frequent(names: Counter[str]) -> dict[str, int]:
    kept = dict(names.most_common(KEPT_NAMES))
    others = names.total() - sum(kept.values())
    return kept | ({OTHER_NAMES: others} if others else {})
