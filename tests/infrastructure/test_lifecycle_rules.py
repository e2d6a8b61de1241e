from __future__ import annotations

from typing import Any

import pytest

from include.core.features import run_tables
from include.core.run import Run
from include.core.schemas import TABLES
from include.core.settings import Settings
from infrastructure.lifecycle_rules import lifecycle_rules, update_lifecycle_rules

SETTINGS = Settings(kept_days=20, query_result_days=5)
RUN = Run("media-lake", "enrich_images", "manual__2026-11-20", "2026-11-20")


def deleted_after(uri: str) -> int | None:
    """Return the days after which the rules delete a current object; None if they never do."""
    key = uri.removeprefix("s3://media-lake/")
    rules: list[Any] = list(lifecycle_rules(SETTINGS))
    days = [
        rule["Expiration"]["Days"]
        for rule in rules
        if "Expiration" in rule and key.startswith(rule["Filter"]["Prefix"])
    ]
    return min(days, default=None)


@pytest.mark.parametrize("media_type", ["image", "video"])
def test_what_runs_stage_goes_as_the_dag_deletes_it(media_type: Any) -> None:
    staged = [RUN.staged_uri(name, media_type) for name in run_tables(media_type)]
    assert {deleted_after(uri) for uri in (*staged, RUN.audit_uri(media_type), RUN.plan_uri(0))} == {20}


def test_results_of_queries_go() -> None:
    assert {deleted_after(f"{folder}/{'0' * 36}.csv") for folder in ("athena", "athena-people")} == {5}


def test_manifests_and_what_readers_the_archive_and_accounts_need_stay() -> None:
    published = [RUN.published_uri(name, "image", "v") for name in TABLES]
    others = [
        RUN.manifest_uri(),
        RUN.responses_uri("batch-0000"),
        RUN.usage_uri("batch-0000"),
        *(f"{folder}/a" for folder in ("raw", "responses", "usage_log", "reports", "events", "quarantine")),
    ]
    assert {deleted_after(uri) for uri in (*published, *others)} == {None}


def test_rules_of_others_stay_and_ours_are_brought_up_to_date(s3: Any) -> None:
    theirs = {
        "ID": "theirs", "Filter": {"Prefix": "raw/"}, "Status": "Enabled", "Expiration": {"Days": 900}
    }  # fmt: skip
    outdated = {**theirs, "ID": "media-lake-of-yesterday"}
    s3.put_bucket_lifecycle_configuration(
        Bucket="media-lake", LifecycleConfiguration={"Rules": [theirs, outdated]}
    )
    for _ in range(2):
        update_lifecycle_rules(s3, SETTINGS)
        rules = s3.get_bucket_lifecycle_configuration(Bucket="media-lake")["Rules"]
        assert rules == [theirs, *lifecycle_rules(SETTINGS)]
    names = [rule["ID"] for rule in rules]
    assert len(set(names)) == len(names)


def test_unfinished_uploads_of_the_lake_end_and_those_of_media_do_not(s3: Any) -> None:
    update_lifecycle_rules(s3, SETTINGS)
    rules = s3.get_bucket_lifecycle_configuration(Bucket="media-lake")["Rules"]
    prefixes = {rule["Filter"]["Prefix"] for rule in rules if "AbortIncompleteMultipartUpload" in rule}
    assert prefixes == {"staging/", "curated/"}
