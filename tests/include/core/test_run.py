from __future__ import annotations

from typing import Any

import pytest

from include.core.run import PartitionError, Run, job_responses_uri, usage_log_uri


def a_run(**changes: Any) -> Run:
    values = {"bucket": "lake", "dag_id": "enrich_images", "run_id": "manual__1", "partition": "2026-11-20"}
    return Run(**(values | changes))


@pytest.mark.parametrize(
    "partition",
    [
        "",
        None,
        "2026-11-2",
        "20261120",
        "2026-11-20T00:00",
        "2026-11-20\n",
        "day",
        "2026-02-30",
        "2026-13-01",
        "0000-01-01",
        "٢٠٢٦-١١-٢٠",
        "2026-W47-5",
    ],
)
def test_what_is_no_day_is_refused_with_what_to_do(partition: Any) -> None:
    with pytest.raises(
        PartitionError, match="trigger the Dag with a partition key, or backfill discover_media"
    ):
        a_run(partition=partition)


def test_token_is_stable_and_tells_runs_and_dags_apart() -> None:
    assert a_run().token == a_run().token
    assert len({a_run().token, a_run(run_id="manual__2").token, a_run(dag_id="enrich_videos").token}) == 3


def test_token_is_safe_in_a_key_whatever_the_run_is_called() -> None:
    assert a_run(run_id="a/../b c?é%").token.isalnum()


def test_places_of_a_run() -> None:
    run = a_run()
    token = run.token
    assert run.manifest_uri() == "s3://lake/staging/manifests/dt=2026-11-20/manifest.parquet"
    assert run.plan_uri(7) == f"s3://lake/staging/plans/dt=2026-11-20/run={token}/batch-0007.ndjson.gz"
    assert run.responses_uri("batch-0007") == f"s3://lake/responses/dt=2026-11-20/run={token}/batch-0007/"
    assert run.usage_uri("x") == f"s3://lake/usage_log/dt=2026-11-20/run={token}/x.ndjson.gz"
    assert (
        run.staged_uri("labels", "image")
        == f"s3://lake/staging/labels/dt=2026-11-20/media_type=image/run={token}/"
    )
    assert run.staged_uri("usage", None) == f"s3://lake/staging/usage/dt=2026-11-20/run={token}/"
    assert (
        run.published_uri("labels", "image", "20261121T1200")
        == "s3://lake/curated/labels/dt=2026-11-20/media_type=image/version=20261121T1200/"
    )
    assert (
        run.published_uri("usage", None, "20261121T1200")
        == "s3://lake/curated/usage/dt=2026-11-20/version=20261121T1200/"
    )


def test_two_runs_of_a_day_share_only_the_manifest_and_the_usage_logs_prefix() -> None:
    one, two = a_run(), a_run(run_id="manual__2")
    assert one.manifest_uri() == two.manifest_uri()
    assert one.plan_uri(0) != two.plan_uri(0)
    assert one.staged_uri("labels", "image") != two.staged_uri("labels", "image")
    assert one.audit_uri("image") != two.audit_uri("image")
    assert one.usage_uri("x") != two.usage_uri("x")
    for run in (one, two):
        assert run.usage_uri("x").startswith(usage_log_uri("lake", "2026-11-20"))


def test_pages_of_a_job_have_one_place_for_every_run() -> None:
    assert job_responses_uri("lake", "j-1") == "s3://lake/responses/jobs/j-1/"
