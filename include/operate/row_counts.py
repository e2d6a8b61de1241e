"""Numbers that follow from rows: after rows went, they say how many are left.

They are counted anew from the files, so counting again after a crash changes nothing. Going back to a version
needs those of publications.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.schemas import FINDING_TABLES
from include.operate.lake_walk import Walk
from include.operate.object_rewrites import Rewrite, Rewritten
from include.store.appended_rows import appended_uri
from include.store.objects import Row, get, list_uris
from include.store.parquet import read_parquet, write_parquet
from include.store.workspace import Deployment

_PUBLICATIONS = "publications"
_SETS = ("image", "video", "costs")
_COUNT = "findings_by_table"
_ANALYSIS = ["media_id", "analysis_key"]
_VERSION = re.compile(r"(?P<place>curated|staging)/analyses/(?P<path>dt=.*/)[^/]+\.parquet")

# Media id and analysis key to rows.
_Rows = Counter[tuple[str, str]]


def count_published_rows(deployment: Deployment, walk: Walk, days: Iterable[str]) -> None:
    """Write down how many rows each published version of some days has: in table and ledger."""
    s3, bucket = deployment.s3, deployment.settings.bucket
    for day in sorted(days):
        uris = list_uris(s3, appended_uri(bucket, _PUBLICATIONS, [day]))
        files = [read_parquet(s3, uri, ["location", "row_count"]) for uri in uris]
        noted = {row["location"]: row["row_count"] for file in files for row in file.to_pylist()}
        rows = {location: _rows_below(deployment, location, count) for location, count in noted.items()}
        for uri in uris:
            walk.visit(uri, _with_counts(rows))
        for name in _SETS:
            _count_in_ledger(deployment, f"publication#{day}#{name}", rows)


def _count_in_ledger(deployment: Deployment, key: str, rows: Mapping[str, int]) -> None:
    """Let the record of who publishes a set say likewise."""
    record = deployment.ledger.shared(key)
    known = record.read()
    if known and _recounted(known, rows) != known:
        record.change(lambda found: _recounted(found, rows))


def _rows_below(deployment: Deployment, location: str, noted: int) -> int:
    """Return how many rows there are; as many as are noted if the files are gone, which is not our doing."""
    uris = list_uris(deployment.s3, location)
    counts = (pq.read_metadata(io.BytesIO(get(deployment.s3, uri))).num_rows for uri in uris)
    return sum(counts) if uris else noted


def _with_counts(rows: Mapping[str, int]) -> Rewrite:
    def rewrite(body: bytes) -> Rewritten | None:
        file = pq.read_table(io.BytesIO(body))
        place = file.schema.get_field_index("row_count")
        counts = pa.array([rows[location] for location in file["location"].to_pylist()], pa.int64())
        if counts.equals(file["row_count"].combine_chunks()):
            return None
        return Rewritten(0, _file(file.set_column(place, file.schema.field(place), counts)))

    return rewrite


def _recounted(record: Row, rows: Mapping[str, int]) -> Row:
    """Return the record of a set's publications with these rows, by location."""
    changed = dict(record)
    for name in ("live", "next"):
        if record.get(name):
            tables = {
                table: {**each, "rows": rows.get(each["location"], each["rows"])}
                for table, each in record[name]["tables"].items()
            }
            changed[name] = {**record[name], "tables": tables}
    return changed


def count_findings(deployment: Deployment, walk: Walk, days: Iterable[str]) -> None:
    """Let table analyses of some days say how many findings are left of each analysis, in all versions."""
    s3, bucket = deployment.s3, deployment.settings.bucket
    for day in sorted(days):
        for place in ("staging", "curated"):
            for uri in list_uris(s3, f"s3://{bucket}/{place}/analyses/dt={day}/"):
                if named := _VERSION.search(uri):
                    walk.visit(uri, _with_findings(dict(_findings(deployment, **named.groupdict()))))


def _findings(deployment: Deployment, place: str, path: str) -> Iterator[tuple[str, _Rows]]:
    """Yield how many rows each analysis has, by table, in one version."""
    for table in FINDING_TABLES:
        uris = list_uris(deployment.s3, f"s3://{deployment.settings.bucket}/{place}/{table}/{path}")
        rows: _Rows = Counter()
        for uri in uris:
            file = read_parquet(deployment.s3, uri, _ANALYSIS)
            rows.update(zip(*(file[name].to_pylist() for name in _ANALYSIS), strict=True))
        if uris:
            yield table, rows


def _with_findings(found: Mapping[str, _Rows]) -> Rewrite:
    def rewrite(body: bytes) -> Rewritten | None:
        file = pq.read_table(io.BytesIO(body))
        if _COUNT not in file.column_names:
            return None
        before = file.to_pylist()
        after = [_with_findings_of(row, found) for row in before]
        changed = sum(one != other for one, other in zip(before, after, strict=True))
        if not changed:
            return None
        for name in (_COUNT, "findings"):
            place = file.schema.get_field_index(name)
            field = file.schema.field(place)
            values = pa.array([row[name] for row in after], field.type)
            file = file.set_column(place, field, values)
        return Rewritten(changed, _file(file))

    return rewrite


def _with_findings_of(row: Row, found: Mapping[str, _Rows]) -> Row:
    if not row[_COUNT]:
        return row
    key = row["media_id"], row["analysis_key"]
    counts = [
        {**each, "row_count": min(each["row_count"], found[each["table_name"]][key])}
        if each["table_name"] in found
        else each
        for each in row[_COUNT]
    ]
    return {**row, _COUNT: counts, "findings": sum(each["row_count"] for each in counts)}


def _file(rows: pa.Table) -> bytes:
    file = io.BytesIO()
    write_parquet(file, rows.schema, [rows], for_athena=True)
    return file.getvalue()
