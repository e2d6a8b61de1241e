"""Normalize one batch: archived responses become rows of every table, as Parquet in the run's own place.

Rows are streamed; :class:`include.store.tables.TableWriter` bounds how many are held in memory.
"""

from __future__ import annotations

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from include.core.features import FEATURES, MediaType, run_tables
from include.core.lake import Lake
from include.core.schemas import TABLES
from include.normalize import normalize
from include.normalize.archived_responses import archived_responses
from include.normalize.outcomes import analysis_row, asset_row
from include.store.ledger import Entry
from include.store.objects import Row, list_uris, split_uri
from include.store.plan_batches import analyses_of
from include.store.stopped_analyses import frames_of, stopped_analyses
from include.store.tables import TableWriter
from include.store.workspace import Workspace

log = logging.getLogger(__name__)


def normalize_batch(
    workspace: Workspace, media_type: MediaType, batch: str, plan: Iterable[Row]
) -> dict[str, int]:
    """Write the rows of one planned batch and return their number by table.

    :param batch: name of the batch; files of an earlier attempt at it are replaced.
    :param plan: its lines (see :mod:`include.store.plan_batches`).
    """
    plan = list(plan)
    _remove_files(workspace, media_type, batch)
    features, media_ids = _wanted(plan)
    known = workspace.ledger.lookup(features)
    entries = {key: known[key] for key in features if key in known}
    _warn_of_other_versions(workspace.lake, media_type, features, entries)
    stopped = stopped_analyses(workspace.s3, workspace.run, batch)
    stopped |= stopped_analyses(workspace.s3, workspace.run, frames_of(batch))
    writer = TableWriter(workspace.s3, workspace.run, media_type, batch)
    findings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for key, table, row in _findings(workspace, features, entries):
        findings[key][table] += 1
        for media_id in media_ids[key]:
            writer.add(table, {"media_id": media_id, "analysis_key": key, **row})
    for line in plan:
        analyses = []
        for planned in line["analyses"]:
            key = planned["analysis_key"]
            row = analysis_row(
                line["asset"], planned, entries.get(key), findings[key], workspace.run, stopped.get(key)
            )
            analyses.append(row)
            writer.add("analyses", row)
        writer.add("media_assets", asset_row(line["asset"], analyses))
    writer.close()
    return dict(writer.written)


def _remove_files(workspace: Workspace, media_type: MediaType, batch: str) -> None:
    """Remove what an earlier attempt at a batch wrote."""
    for table in run_tables(media_type):
        for uri in list_uris(workspace.s3, f"{workspace.run.staged_uri(table, media_type)}{batch}-"):
            bucket, key = split_uri(uri)
            workspace.s3.delete_object(Bucket=bucket, Key=key)


def _wanted(plan: Iterable[Row]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the feature and the assets of each analysis that may have findings, by analysis key."""
    features: dict[str, str] = {}
    media_ids: defaultdict[str, list[str]] = defaultdict(list)
    for asset, analysis in analyses_of(plan, "planned", "reused", "not_selected"):
        features[analysis["analysis_key"]] = analysis["feature"]
        media_ids[analysis["analysis_key"]].append(asset["media_id"])
    return features, media_ids


def _warn_of_other_versions(
    lake: Lake, media_type: MediaType, features: Mapping[str, str], entries: Mapping[str, Entry]
) -> None:
    """Log which analyses are of other versions than the pinned ones."""
    pins = {name: lake.pinned_version(FEATURES[name], media_type) for name in set(features.values())}
    others = Counter(
        f"{features[key]} {entry.model_version}"
        for key, entry in entries.items()
        if entry.state == "done" and pins[features[key]] not in (None, entry.model_version)
    )
    if others:
        log.warning(
            "some analyses are not of the version that lake.yaml pins; they are not paid for again: %s",
            dict(others.most_common(10)),
        )


def _findings(
    workspace: Workspace, features: Mapping[str, str], entries: Mapping[str, Entry]
) -> Iterator[tuple[str, str, Row]]:
    """Yield ``(analysis key, table, row)`` of every finding that reaches the threshold of its feature."""
    anomalies: Counter[str] = Counter()
    for key, operation, pages in archived_responses(workspace.s3, entries):
        least = workspace.lake.min_confidence.get(features[key], 0.0)
        for table, row in normalize(operation, pages, anomalies):
            if _score(table, row) >= least:
                row["model_version"] = row["model_version"] or entries[key].model_version
                yield key, table, row
    if anomalies:
        log.warning(
            "responses hold members and values that the tables lack or do not allow, or findings without "
            "required members: %s",
            dict(anomalies.most_common(10)),
        )


def _score(table: str, row: Row) -> float:
    """Return what the threshold of a feature applies to; rows without a score pass every threshold."""
    column = TABLES[table].score
    score: float | None = row[column] if column else None
    return math.inf if score is None else score
