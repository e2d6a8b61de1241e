"""Normalize one batch: archived responses become typed rows of every table, as Parquet in the run's own place.

Rows are streamed: at most ``ROWS_PER_CHUNK`` of a table are held as objects, and ``ROWS_PER_FILE`` in Arrow's compact
form.
"""

from __future__ import annotations

import logging
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import boto3

from include.core.features import FEATURES, MediaType, run_tables
from include.core.lake import Lake
from include.core.run import Run
from include.core.schemas import TABLES
from include.normalize import normalize
from include.store.ledger import Entry, Ledger
from include.store.objects import Row, list_uris, split_uri
from include.store.response_archive import read_lines
from include.store.tables import TableWriter

log = logging.getLogger(__name__)


_NOT_PAID_FOR = "this run was not to pay for it; the Dag that enriches the day does when it runs again"


def normalize_batch(
    session: boto3.Session,
    s3: Any,
    ledger: Ledger,
    lake: Lake,
    run: Run,
    media_type: MediaType,
    batch: str,
    plan: Iterable[Row],
) -> dict[str, int]:
    """Write the rows of one planned batch and return their number by table."""
    plan = list(plan)
    remove_files(s3, run, media_type, batch)
    wanted = {
        analysis["analysis_key"]: analysis["feature"]
        for row in plan
        for analysis in row["analyses"]
        if analysis["state"] != "rejected"
    }
    entries = ledger.lookup(wanted)
    _warn_of_versions(lake, media_type, wanted, entries)
    writer = TableWriter(s3, run, media_type, batch)
    findings = _write_findings(s3, lake, plan, wanted, entries, writer)
    for row in plan:
        analyses = [_analysis(row["asset"], item, entries, findings, run) for item in row["analyses"]]
        for analysis in analyses:
            writer.add("analyses", analysis)
        writer.add("media_assets", _asset(row["asset"], analyses))
    writer.close()
    return dict(writer.written)


def _warn_of_versions(
    lake: Lake, media_type: MediaType, wanted: dict[str, str], entries: dict[str, Entry]
) -> None:
    """Say so if Rekognition answered with other versions than the pinned ones."""
    pins = {name: lake.pinned_version(FEATURES[name], media_type) for name in set(wanted.values())}
    others = Counter(
        f"{wanted[key]} {entry.model_version}"
        for key, entry in entries.items()
        if entry.state == "done" and pins[wanted[key]] not in (None, entry.model_version)
    )
    if others:
        log.warning(
            "analyses of other versions than those pinned in lake.yaml, which are not paid for again: %s",
            dict(others.most_common(10)),
        )


def remove_files(s3: Any, run: Run, media_type: MediaType, batch: str) -> None:
    """Remove what an earlier attempt at a batch wrote."""
    for table in run_tables(media_type):
        for uri in list_uris(s3, f"{run.staged_uri(table, media_type)}{batch}-"):
            bucket, key = split_uri(uri)
            s3.delete_object(Bucket=bucket, Key=key)


def _write_findings(
    s3: Any,
    lake: Lake,
    plan: list[Row],
    wanted: dict[str, str],
    entries: dict[str, Entry],
    writer: TableWriter,
) -> Counter[str]:
    """Write the findings of every analysis that is done, once per asset; return their number by analysis key."""
    assets: defaultdict[str, list[str]] = defaultdict(list)
    for row in plan:
        for analysis in row["analyses"]:
            if analysis["state"] != "rejected":
                assets[analysis["analysis_key"]].append(row["asset"]["media_id"])
    unknown: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for key, operation, pages in _responses(s3, wanted, entries):
        least = lake.min_confidence.get(wanted[key], 0.0)
        for table, found in normalize(operation, pages, unknown):
            if _score(table, found) < least:
                continue
            counts[key] += 1
            found["model_version"] = found["model_version"] or entries[key].model_version
            for media_id in assets[key]:
                writer.add(table, {"media_id": media_id, "analysis_key": key, **found})
    if unknown:
        log.warning(
            "responses have what no table has or allows, and findings without what they need: %s",
            dict(unknown.most_common(10)),
        )
    return counts


def _score(table: str, found: Row) -> float:
    """Return what the threshold of a feature applies to; rows without a score are above every threshold."""
    column = TABLES[table].score
    score = found[column] if column else None
    return math.inf if score is None else score


def _responses(
    s3: Any, wanted: dict[str, str], entries: dict[str, Entry]
) -> Iterator[tuple[str, str, Iterable[Row]]]:
    """Yield ``(analysis key, operation, response pages)``, reading each archived object once."""
    by_uri: defaultdict[str, set[str]] = defaultdict(set)
    for key in wanted:
        entry = entries.get(key)
        if entry is not None and entry.state == "done" and entry.response_uri:
            by_uri[entry.response_uri].add(key)
    for uri, keys in by_uri.items():
        if uri.endswith("/"):
            (key,) = keys
            lines = read_lines(s3, uri)
            first = next(lines, None)
            if first is None:
                raise FileNotFoundError(f"the archived responses under {uri} are gone")
            yield key, first["operation"], _pages(first, lines)
        else:
            for line in read_lines(s3, uri):
                if line["analysis_key"] in keys:
                    keys.discard(line["analysis_key"])
                    yield line["analysis_key"], line["operation"], [line["response"]]


def _pages(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first["response"]
    for line in rest:
        yield line["response"]


def _analysis(asset: Row, item: Row, entries: dict[str, Entry], findings: Counter[str], run: Run) -> Row:
    call = FEATURES[item["feature"]].analysis("video" if asset["media_type"] == "video" else "image")
    assert call is not None
    key = item["analysis_key"]
    entry = entries.get(key)
    row: Row = {
        "media_id": asset["media_id"],
        "feature": item["feature"],
        "operation": call.operation,
        "analysis_key": key,
        "error_code": item["code"],
        "error_message": item["message"],
    }
    if item["state"] == "rejected":
        return row | {"status": "rejected"}
    if item["state"] == "kept" and (entry is None or entry.state == "running"):
        return row | {"status": "stopped", "error_code": "NotPaidFor", "error_message": _NOT_PAID_FOR}
    if entry is None or entry.state != "done":
        code = entry.error_code if entry else None
        message = entry.error_message if entry else None
        return row | {
            "status": "failed",
            "error_code": code or "NotAnalyzed",
            "error_message": message or "the analysis did not take place; run the day again",
        }
    paid_here = entry.payer_is(run.run_id, asset["media_id"])
    return row | {
        "status": "succeeded" if paid_here else "reused",
        "model_version": entry.model_version,
        "response_uri": entry.response_uri,
        "units": entry.units,
        "findings": findings[key],
        "completed_at": datetime.fromisoformat(entry.completed_at) if entry.completed_at else None,
    }


def _asset(asset: Row, analyses: list[Row]) -> Row:
    """Return the row of an asset, with what became of it over all its analyses."""
    good = sum(row["status"] in ("succeeded", "reused") for row in analyses)
    bad = next((row for row in analyses if row["status"] in ("failed", "rejected", "stopped")), None)
    if asset["reason_code"] or (bad and not good and all(row["status"] == "rejected" for row in analyses)):
        status = "rejected"
    elif bad is None:
        status = "analyzed"
    else:
        status = "partial" if good else "failed"
    row = {name: asset[name] for name in TABLES["media_assets"].column_types if name in asset}
    row |= {"status": status, "last_modified": datetime.fromisoformat(asset["last_modified"])}
    if bad is not None and not asset["reason_code"]:
        row |= {"reason_code": bad["error_code"], "reason": f"{bad['feature']}: {bad['error_message']}"}
    return row
