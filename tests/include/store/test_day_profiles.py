from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from include.core.run import Run
from include.store.appended_rows import append_rows
from include.store.day_profiles import DayProfile, trailing_profiles, write_profile
from include.store.objects import put
from tests.conftest import BUCKET

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def a_run(day: str, run_id: str = "r") -> Run:
    return Run(BUCKET, "enrich_images", run_id, day)


def publish(s3: Any, run: Run, at: datetime = NOW, media_type: str = "image") -> None:
    row = {
        "published_at": at, "version": f"v-{run.run_id}-{media_type}", "media_type": media_type,
        "table_name": "labels", "action": "published", "dag_id": run.dag_id, "run_id": run.run_id,
        "planned_at": at, "audited_at": at, "row_count": 1, "location": "s3://x/",
    }  # fmt: skip
    name = f"{at:%Y%m%dT%H%M%S}-{run.run_id}-{media_type}"
    append_rows(s3, BUCKET, "publications", [run.partition], [row], name)


def write(s3: Any, run: Run, assets: int) -> None:
    write_profile(s3, run, "image", DayProfile(assets={"sample": assets}, analyses=[], findings=[]))


def trailing(s3: Any, day: str, most: int = 14, within_days: int = 28) -> list[int]:
    found = trailing_profiles(s3, a_run(day), "image", most, within_days)
    return [profile.assets["sample"] for profile in found]


def test_only_what_readers_have_of_the_days_before_counts(s3: Any) -> None:
    for number, day in enumerate(("2026-10-30", "2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04")):
        write(s3, a_run(day), number)
    for day in ("2026-10-30", "2026-11-01", "2026-11-03", "2026-11-04"):
        publish(s3, a_run(day))
    publish(s3, a_run("2026-11-02"), media_type="video")
    assert trailing(s3, "2026-11-03") == [1, 0]
    assert trailing(s3, "2026-11-05") == [4, 3, 1, 0]
    assert trailing(s3, "2026-11-05", most=2) == [4, 3]
    assert trailing(s3, "2026-11-05", within_days=4) == [4, 3, 1]
    assert trailing(s3, "2027-01-05") == []


def test_a_day_has_the_profile_of_the_run_that_readers_have_now(s3: Any) -> None:
    first, second = a_run("2026-11-01", "first"), a_run("2026-11-01", "second")
    write(s3, first, 1)
    write(s3, second, 2)
    publish(s3, first, NOW)
    publish(s3, second, NOW + timedelta(hours=1))
    assert trailing(s3, "2026-11-02") == [2]
    publish(s3, first, NOW + timedelta(hours=2))
    assert trailing(s3, "2026-11-02") == [1]


def test_a_damaged_profile_is_left_out(s3: Any) -> None:
    for number, day in enumerate(("2026-11-01", "2026-11-02")):
        write(s3, a_run(day), number)
        publish(s3, a_run(day))
    uri = f"s3://{BUCKET}/profiles/media_type=image/dt=2026-11-02/run={a_run('2026-11-02').token}.json"
    put(s3, uri, b'{"assets": ')
    assert trailing(s3, "2026-11-03") == [0]
