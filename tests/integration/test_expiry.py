"""What remains in every prefix of a lake once a day was published ten times."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.publish.expiry import expire
from include.publish.publisher import publish
from include.store.objects import list_uris, put
from tests.integration.conftest import LocalLake
from tests.integration.published_days import DAYS, PublishedDay

pytestmark = pytest.mark.integration

BUCKET = "lake-that-expires"
# What others than publishers have in the lake: an object each.
OTHERS = ("athena", "athena-people", "events", "quarantine", "raw", "reports", "responses", "usage_log")


def remains(day: PublishedDay) -> dict[str, int]:
    """Count objects below each prefix; published and staged files by table."""
    keys = [
        uri.removeprefix(f"s3://{BUCKET}/").split("/")
        for uri in list_uris(day.clients["s3"], f"s3://{BUCKET}/")
    ]
    return dict(Counter("/".join(key[: 2 if key[0] in ("curated", "staging") else 1]) for key in keys))


def test_after_ten_publications_three_versions_remain_and_after_a_month_one(local_lake: LocalLake) -> None:
    lake = replace(local_lake, settings=local_lake.settings.model_copy(update={"bucket": BUCKET}))
    lake.client("s3").create_bucket(Bucket=BUCKET)
    with PublishedDay(lake, next(DAYS)) as day:
        publish_and_expire(day)


def publish_and_expire(day: PublishedDay) -> None:
    run = day.workspace("run-0").run
    for uri in (run.manifest_uri(), run.plan_uri(0), *(f"s3://{BUCKET}/{folder}/a" for folder in OTHERS)):
        put(day.clients["s3"], uri, b"something")
    for number in range(10):
        publish(day.workspace(f"run-{number}"), day.staged(number), "image")
    kept = dict.fromkeys(OTHERS, 1) | {"curated/publications": 10, "staging/manifests": 1}
    tables = ("analyses", "labels", "media_assets", "texts")
    staged = {f"staging/{name}": 20 for name in tables} | {"staging/audits": 10, "staging/plans": 1}
    assert remains(day) == kept | staged | {f"curated/{name}": 20 for name in tables}

    workspace, now = day.workspace("expiry"), datetime.now(UTC)
    assert expire(workspace, now + timedelta(hours=2)) == {"curated": 7 * 2 * 4, "staging": 0}
    assert remains(day) == kept | staged | {f"curated/{name}": 3 * 2 for name in tables}

    expire(workspace, now + timedelta(days=31))
    print(json.dumps(remains(day)))
    assert remains(day) == kept | {f"curated/{name}": 2 for name in tables}
    day.assert_all_of(9)
