"""Retention: rows that are older than ``lake.yaml`` keeps them go from all versions of their tables.

What can derive them again goes too: lines of the archive whose tables are all past their time, unless a later
day reuses the analysis. The ledger goes on saying that they are paid for: nothing is asked for again. A day
is looked at again only if other rows are past their time, or it was published again meanwhile.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.core.features import FEATURES
from include.core.retention_settings import RETAINABLE
from include.operate.erasure import ERASURES, AddRows
from include.operate.lake_walk import Walk
from include.operate.object_rewrites import Rewrite, keep_rows, rewrite_lines
from include.operate.row_counts import count_findings, count_published_rows
from include.store.archived_entries import paid_line, paid_uri
from include.store.objects import Row, get, list_objects, list_uris, put_by_digest
from include.store.parquet import read_parquet
from include.store.workspace import Deployment

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

_ASSETS = "media_assets"
_ANALYSES = ["analysis_key", "feature", "media_id"]


@dataclass
class _Day:
    """What is past its time on a day.

    :ivar tables: table to the sources whose rows go; None stands for sources that left lake.yaml.
    :ivar keys: analyses whose archived responses go.
    """

    day: str
    tables: dict[str, frozenset[str | None]]
    sources: Mapping[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    @property
    def fingerprint(self) -> str:
        """The same as long as the same is past its time."""
        named = {table: sorted(str(each) for each in sources) for table, sources in self.tables.items()}
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()

    def has_expired(self, media_id: str | None, table: str) -> bool:
        return self.sources.get(media_id or "") in self.tables.get(table, ())

    def keep(self, rows: pa.Table, table: str) -> Any:
        """Return True for each row that stays."""
        ids = pc.unique(rows["media_id"]).to_pylist()
        gone = [media_id for media_id in ids if self.has_expired(media_id, table)]
        return pc.invert(pc.is_in(rows["media_id"], pa.array(gone, pa.string())))


def apply_retention(
    deployment: Deployment, today: date, add_rows: AddRows, decided_by: str
) -> dict[str, int]:
    """Let go what is past its time, and return how many rows that are, by place.

    :param add_rows: adds rows of table ``erasures``, one for each day of which something went.
    :param decided_by: what that row says.
    """
    total: defaultdict[str, int] = defaultdict(int)
    days = [each for each in _past_days(deployment, today) if not _is_done(deployment, each)]
    for each in days:
        each.sources = dict(_sources(deployment.s3, deployment.settings.bucket, each.day))
        each.keys = set(_keys(deployment, each))
    _spare_reused(deployment, days)
    for each in days:
        for place, _, rows in _let_go(deployment, each, add_rows, decided_by):
            total[place] += rows
    return dict(total)


def _past_days(deployment: Deployment, today: date) -> Iterator[_Day]:
    """Yield the days of which something is past its time."""
    lake = deployment.lake
    sources = [None, *(source.name for source in lake.sources)]
    kept = {(table, each): lake.kept_days(each, table) for table in RETAINABLE for each in sources}
    for day in _days(deployment) if any(kept.values()) else ():
        age = (today - date.fromisoformat(day)).days
        tables: defaultdict[str, set[str | None]] = defaultdict(set)
        for (table, source), days in kept.items():
            if days is not None and age > days:
                tables[table].add(source)
        if tables:
            yield _Day(day, {table: frozenset(found) for table, found in tables.items()})


def _days(deployment: Deployment) -> list[str]:
    """Return the days that have a manifest or tables."""
    found = set()
    for prefix in ("staging/manifests/", *(f"curated/{table}/" for table in RETAINABLE)):
        pages = deployment.s3.get_paginator("list_objects_v2").paginate(
            Bucket=deployment.settings.bucket, Prefix=f"{prefix}dt=", Delimiter="/"
        )
        folders = (folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", []))
        found |= {folder.rsplit("dt=", 1)[1].strip("/") for folder in folders}
    return sorted(found)


def _prefixes(day: _Day) -> Iterator[tuple[str, str]]:
    """Yield table and prefix of what has rows of a day that go; what tells the sources comes last."""
    for table in sorted(day.tables, key=lambda table: table == _ASSETS):
        for place in ("staging", "curated"):
            yield table, f"{place}/{table}/dt={day.day}/"
    if _ASSETS in day.tables:
        yield _ASSETS, f"staging/manifests/dt={day.day}/"


def _is_done(deployment: Deployment, day: _Day) -> bool:
    """Whether all that is past its time went already, and nothing was written since."""
    record = deployment.ledger.shared(f"retention#{day.day}").read()
    if record.get("done") != day.fingerprint:
        return False
    bucket = deployment.settings.bucket
    times = (
        item["LastModified"]
        for _, prefix in _prefixes(day)
        for _, item in list_objects(deployment.s3, f"s3://{bucket}/{prefix}")
    )
    return all(time <= datetime.fromisoformat(record["at"]) for time in times)


def _sources(s3: S3Client, bucket: str, day: str) -> Iterator[tuple[str, str]]:
    """Yield media id and source of the assets of a day."""
    for place in ("staging/manifests", f"staging/{_ASSETS}", f"curated/{_ASSETS}"):
        for uri in list_uris(s3, f"s3://{bucket}/{place}/dt={day}/"):
            rows = read_parquet(s3, uri, ["media_id", "source"])
            yield from zip(rows["media_id"].to_pylist(), rows["source"].to_pylist(), strict=True)


def _keys(deployment: Deployment, day: _Day) -> Iterator[str]:
    """Yield the analyses of a day whose tables are all past their time."""
    for row in _analyses(deployment, day.day):
        tables = FEATURES[row["feature"]].tables if row["feature"] in FEATURES else ()
        filled = [each["table_name"] for each in row.get("findings_by_table") or ()] or tables
        if filled and all(day.has_expired(row["media_id"], table) for table in filled):
            yield row["analysis_key"]


def _analyses(deployment: Deployment, day: str) -> Iterator[Row]:
    s3, bucket = deployment.s3, deployment.settings.bucket
    for place in ("staging", "curated"):
        for uri in list_uris(s3, f"s3://{bucket}/{place}/analyses/dt={day}/"):
            file = pq.ParquetFile(io.BytesIO(get(s3, uri)))
            columns = [*_ANALYSES, "findings_by_table"]
            names = [name for name in columns if name in file.schema_arrow.names]
            yield from file.read(columns=names).to_pylist()


def _spare_reused(deployment: Deployment, days: Iterable[_Day]) -> None:
    """Leave the archive what other days need: analyses that they reused and that are not past their time."""
    candidates = {key for day in days for key in day.keys}
    if not candidates:
        return
    expiring = {day.day: day.keys for day in days}
    for other in _days(deployment):
        needed = {row["analysis_key"] for row in _analyses(deployment, other)} & candidates
        needed -= expiring.get(other, set())
        for day in days:
            day.keys -= needed


def _let_go(
    deployment: Deployment, day: _Day, add_rows: AddRows, decided_by: str
) -> list[tuple[str, int, int]]:
    """Let go what is past its time on a day; what was found is kept until a row says it."""
    record = deployment.ledger.shared(f"retention#{day.day}")
    s3, bucket = deployment.s3, deployment.settings.bucket
    found = record.read().get("found")
    if not found:
        looking = Walk(s3, bucket, change=False)
        _walk_archive(deployment, day, looking)
        _walk_tables(day, looking)
        found = list(looking.counts())
    record.change(lambda known: {**known, "found": found, "done": None})
    _note_paid(deployment, day)
    walk = Walk(s3, bucket, change=True)
    # Tables tell which responses and sources a day has: they come last.
    _walk_archive(deployment, day, walk)
    _forget_responses(deployment, day)
    _walk_tables(day, walk)
    if any(rows for _, _, rows in found):
        count_findings(deployment, walk, [day.day])
        count_published_rows(deployment, walk, [day.day])
        row = _evidence(day, found, decided_by)
        add_rows(ERASURES, [row["erased_at"].date().isoformat()], [row], row["erasure_id"])
        log.info("%s: %d rows were past their time", day.day, sum(rows for _, _, rows in found))
    at = datetime.now(UTC) + timedelta(seconds=1)  # S3 tells times in whole seconds
    record.change(lambda _: {"done": day.fingerprint, "at": at.isoformat()})
    return [(place, objects, rows) for place, objects, rows in found]


def _walk_archive(deployment: Deployment, day: _Day, walk: Walk) -> None:
    if day.keys:
        prefixes = (f"responses/dt={day.day}/", *_archived(deployment, day))
        walk.over(prefixes, _always("responses", rewrite_lines(_without(day.keys))))


def _walk_tables(day: _Day, walk: Walk) -> None:
    for table, prefix in _prefixes(day):
        athena = not prefix.startswith("staging/manifests/")
        rewrite = keep_rows(partial(day.keep, table=table), athena)
        walk.over((prefix,), _always(prefix.split("/dt=")[0], rewrite))


def _always(place: str, rewrite: Rewrite) -> Any:
    return lambda _: (place, rewrite)


def _without(keys: set[str]) -> Any:
    return lambda line: None if line.get("analysis_key") in keys else line


def _archived(deployment: Deployment, day: _Day) -> Iterator[str]:
    """Yield where else the archive has responses: with the days that paid, and with video jobs."""
    own = deployment.settings.uri("")
    uris = {entry.response_uri for entry in deployment.ledger.lookup(day.keys).values()}
    for uri in sorted(filter(None, uris)):
        prefix = uri.removeprefix(own)
        if not prefix.startswith(f"responses/dt={day.day}/"):
            yield prefix


def _forget_responses(deployment: Deployment, day: _Day) -> None:
    """Let the ledger say that these analyses are paid for, and that no response is left."""
    entries = deployment.ledger.lookup(day.keys).values()
    known = [entry for entry in entries if entry.response_uri and entry.state == "done"]
    deployment.ledger.finish(replace(entry, response_uri=None) for entry in known)


def _note_paid(deployment: Deployment, day: _Day) -> None:
    """Keep in the archive that these analyses were paid for: a ledger that was lost is told it again."""
    entries = deployment.ledger.lookup(day.keys).values()
    paid = [paid_line(entry) for entry in entries if entry.state == "done"]
    if paid:
        put_by_digest(deployment.s3, paid_uri(deployment.settings.bucket, day.day), paid)


def _evidence(day: _Day, found: Iterable[tuple[str, int, int]], decided_by: str) -> Row:
    now = datetime.now(UTC)
    return {
        "erasure_id": f"retention-{day.day}-{day.fingerprint[:12]}",
        "erased_at": now.replace(tzinfo=None),
        "action": "expired",
        "selection": "retention",
        "selector_salt": None,
        "selector_hash": None,
        "decided_by": decided_by,
        "reason": f"rows of {day.day} are older than lake.yaml keeps them: {', '.join(sorted(day.tables))}",
        "assets": len(day.sources) if _ASSETS in day.tables else 0,
        "contents": 0,
        "places": [
            {"place": place, "object_count": objects, "row_count": rows} for place, objects, rows in found
        ],
    }
