"""Reports a month with very much usage and prints what that took, to be run in a process of its own.

``python -m tests.include.report.large_month ROWS``. Thirty days have the rows; each day's last uses come
among the first of the next day. S3 and the catalog are folders; reading the usage logs, checking and
writing the tables are measured. The figures are ``{"seconds", "peak_mib", "published", "day_seconds",
"day_published"}``: the latter are those of one more day with as many rows as each of the thirty.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.lake import Lake
from include.core.prices import PriceBooks, load_price_book
from include.core.schemas import TABLES
from include.report.month_report import DayCosts, DayUsage, MonthReport
from include.report.usage_rows import USED, usage_rows
from include.store.month_volumes import MonthVolumes
from include.validate.column_rules import check
from include.validate.cost_rules import cost_results
from include.validate.price_rules import price_results
from tests.include.report.cost_world import Records

# The month has to be over, and the book to hold on all of its days.
BOOK = load_price_book("us-east-1").model_copy(update={"effective": date(2026, 9, 1)})
BOOKS = PriceBooks("us-east-1", (BOOK,))
LAKE = Lake.model_validate(
    {
        "cost_centers": {"team": {"title": "Team"}},
        "sources": [
            {"name": "sample", "cost_center": "team", "features": {"image": ["labels", "moderation"]}}
        ],
    }
)
DAYS = 30
FIRST = datetime(2026, 10, 1, 3)
_KINDS = (("labels", "DetectLabels"), ("moderation", "DetectModerationLabels"))


class Disk:
    """A lake in a folder: usage logs, months, and what is published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.published: dict[str, str] = {}
        self.publications = 0

    def write_log(self, number: int, rows: int) -> str:
        """Write the usage log of a day, whose uses begin at 3 and end a bit after 3 of the next day."""
        start = FIRST + timedelta(days=number)
        day = f"{start:%Y-%m-%d}"
        with gzip.open(self.folder / f"{day}.ndjson.gz", "wb", compresslevel=1) as log:
            log.writelines(_lines(start, day, rows))
        return day

    def read_log(self, day: str) -> DayUsage:
        read_at = datetime.now(UTC)
        with gzip.open(self.folder / f"{day}.ndjson.gz") as log:
            rows = usage_rows(orjson.loads(line) for line in log)
        path = self.folder / f"{day}.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows)
        return DayUsage(read_at, lambda: pa.ipc.open_file(pa.memory_map(str(path))).read_all())

    def put(self, uri: str, body: bytes) -> None:
        path = self.folder / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def get(self, uri: str) -> bytes:
        return (self.folder / uri).read_bytes()

    def delete(self, uris: list[str]) -> None:
        for uri in uris:
            (self.folder / uri).unlink(missing_ok=True)

    def days_of(self, month: str) -> list[str]:
        return []

    def location(self, day: str) -> str | None:
        return self.published.get(day)

    def usage(self, day: str) -> pa.Table:
        return pq.read_table(io.BytesIO(self.get(self.published[day])), columns=list(USED))

    def check(self, costs: DayCosts) -> None:
        results = [*check(TABLES["usage"], costs.usage), *check(TABLES["costs_daily"], costs.costs)]
        results += cost_results(costs.usage, costs.costs, BOOKS.versions, LAKE)
        results += price_results(costs.usage, BOOKS.versions)
        broken = [result for result in results if not result.success]
        assert not broken, [result.rule for result in broken]

    def publish(self, costs: DayCosts) -> str | None:
        self.publications += 1
        location = f"usage/{costs.day}/{self.publications}.parquet"
        self.put(location, costs.files["usage"])
        self.published[costs.day] = location
        return location


def _lines(start: datetime, day: str, rows: int) -> Iterator[bytes]:
    step = timedelta(hours=24, minutes=10) / rows
    for number in range(rows):
        feature, operation = _KINDS[number % 2]
        key = f"{hash((day, number)) % 2**64:016x}" * 4
        at = (start + number * step).isoformat(timespec="milliseconds")
        line = {
            "usage_id": f"{key}-image-group-2-{at}", "at": at, "dag_id": "enrich_images",
            "run_id": f"scheduled__{day}", "source": "sample", "cost_center": "team", "media_id": key[:32],
            "media_type": "image", "analysis_key": key, "feature": feature, "operation": operation,
            "price_item": "image-group-2", "units": 1.0, "reused": number % 10 == 9,
        }  # fmt: skip
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        lake = Disk(Path(folder))
        days = [lake.write_log(number, rows // DAYS) for number in range(DAYS - 1)]
        last = lake.write_log(DAYS - 1, rows // DAYS)
        store = MonthVolumes(lake, Records(), "volumes/")
        started = time.monotonic()
        MonthReport(store, BOOKS, lake).report({day: lake.read_log(day) for day in days})
        seconds, published = time.monotonic() - started, lake.publications
        started = time.monotonic()
        MonthReport(store, BOOKS, lake).report({last: lake.read_log(last)})
        return {
            "seconds": seconds,
            "peak_mib": _peak_mib(),
            "published": published,
            "day_seconds": time.monotonic() - started,
            "day_published": lake.publications - published,
        }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
