from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest

from include.core.features import FEATURES
from include.core.run import Run, usage_log_uri
from include.report.usage_rows import USED
from include.store.model_time import Session, log_model_hours
from include.store.objects import get_ndjson, list_uris, put, put_ndjson
from include.store.response_archive import (
    DamagedArchiveError,
    model_version,
    now,
    read_lines,
    response_line,
)
from include.store.usage_log import payer_of, usage_lines

ASSET = {"media_id": "m1", "source": "sample", "cost_center": "team", "bucket": "b", "key": "k"}


def test_now_is_utc_to_the_millisecond() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", now())


def test_a_response_line_keeps_the_response_and_drops_the_metadata() -> None:
    response = {
        "Labels": [],
        "LabelModelVersion": "3.0",
        "ResponseMetadata": {"RequestId": "r-1", "RetryAttempts": 0},
    }
    line = response_line("k", "DetectLabels", {"Image": {}}, response, "3.0")
    assert line.pop("at") <= now()
    assert line == {
        "analysis_key": "k",
        "operation": "DetectLabels",
        "request": {"Image": {}},
        "response": {"Labels": [], "LabelModelVersion": "3.0"},
        "request_id": "r-1",
        "model_version": "3.0",
    }
    assert "ResponseMetadata" in response


def test_a_response_without_model_or_metadata() -> None:
    line = response_line("k", "DetectFaces", {}, {"FaceDetails": []}, None)
    assert line["model_version"] is None
    assert line["request_id"] is None


@pytest.mark.parametrize(
    ("feature", "media_type", "response", "version"),
    [
        ("labels", "image", {"LabelModelVersion": "3.0"}, "3.0"),
        ("labels", "video", {"LabelModelVersion": "3.0"}, "3.0"),
        ("labels", "image", {}, None),
        ("faces", "image", {"FaceModelVersion": "7"}, None),
        ("custom_labels", "image", {"CustomLabels": []}, "arn:model"),
    ],
)
def test_the_model_is_named_by_the_response_or_by_the_request(
    feature: str, media_type: Any, response: Any, version: str | None
) -> None:
    call = FEATURES[feature].analysis(media_type)
    assert call is not None
    assert model_version(call, {"ProjectVersionArn": "arn:model"}, response) == version


def archived(number: int) -> dict[str, Any]:
    return {"analysis_key": str(number), "operation": "DetectText", "response": {"Zoë": number}}


def test_lines_of_an_object_and_of_a_prefix(s3: Any) -> None:
    put_ndjson(s3, "s3://media-lake/p/b", [archived(3)])
    put_ndjson(s3, "s3://media-lake/p/a", [archived(1), archived(2)])
    put_ndjson(s3, "s3://media-lake/pq", [archived(4)])
    assert list(read_lines(s3, "s3://media-lake/p/")) == [archived(number) for number in (1, 2, 3)]
    assert list(read_lines(s3, "s3://media-lake/p/b")) == [archived(3)]
    assert list(read_lines(s3, "s3://media-lake/nothing/")) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_that_another_tool_wrote_again(s3: Any, encoding: str) -> None:
    text = "".join(json.dumps(archived(number), ensure_ascii=False) + "\r\n" for number in range(3))
    put(s3, "s3://media-lake/a", gzip.compress(text.encode(encoding), mtime=0))
    assert list(read_lines(s3, "s3://media-lake/a")) == [archived(number) for number in range(3)]


LINE = json.dumps(archived(1)).encode()


@pytest.mark.parametrize(
    "body",
    [
        LINE,
        gzip.compress(LINE * 100, mtime=0)[:-20],
        gzip.compress(LINE, mtime=0)[:20] + bytes(20),
        gzip.compress(LINE[:-1], mtime=0),
        gzip.compress(LINE.decode().encode("utf-16-le"), mtime=0),
        gzip.compress('{"Zoë"'.encode("latin-1"), mtime=0),
        gzip.compress(b"[1]", mtime=0),
        gzip.compress(b'{"Labels": []}', mtime=0),
        gzip.compress(b"[" * 100_000, mtime=0),
    ],
    ids=["plain", "cut", "damaged", "half", "no mark", "latin-1", "list", "no line", "deep"],
)
def test_an_archived_object_that_is_damaged_is_named(s3: Any, body: bytes) -> None:
    put(s3, "s3://media-lake/responses/a.ndjson.gz", body)
    with pytest.raises(
        DamagedArchiveError, match=r"^s3://media-lake/responses/a\.ndjson\.gz is no .* put back"
    ):
        list(read_lines(s3, "s3://media-lake/responses/"))


def test_a_usage_line_is_a_row_of_the_table_before_it_is_priced(run: Run) -> None:
    payer = payer_of(run, ASSET, "image")
    (line,) = usage_lines(payer, "key", "labels", {}, 1.0, "2026-11-20T00:00:00.000", reused=False)
    assert set(line) == set(USED) - {"ended_at"}
    assert line["operation"] == "DetectLabels"
    assert (line["units"], line["reused"], line["price_item"]) == (1.0, False, "image-group-2")


def test_a_job_is_billed_by_each_of_its_lines_under_the_operation_that_starts_it(run: Run) -> None:
    payer = payer_of(run, ASSET, "video")
    asked = {"SegmentTypes": ["TECHNICAL_CUE", "SHOT"]}
    lines = list(usage_lines(payer, "key", "segments", asked, 2.5, "2026-11-20T00:00:00.000", reused=False))
    assert {line["price_item"] for line in lines} == {"video-shot-minutes", "video-technical-cue-minutes"}
    assert {line["operation"] for line in lines} == {"StartSegmentDetection"}
    assert {line["units"] for line in lines} == {2.5}
    assert len({line["usage_id"] for line in lines}) == 2


@pytest.mark.parametrize("reused", [False, True])
@pytest.mark.parametrize(
    ("feature", "media_type", "asked", "items"),
    [
        ("segments", "video", {"SegmentTypes": ["SHOT"]}, ["video-shot-minutes"]),
        ("segments", "video", {"SegmentTypes": ["TECHNICAL_CUE"]}, ["video-technical-cue-minutes"]),
        ("labels", "image", {"MinConfidence": 30.0}, ["image-group-2"]),
        ("labels", "image", {"Features": ["IMAGE_PROPERTIES"]}, ["image-properties"]),
        (
            "labels", "image", {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]},
            ["image-group-2", "image-properties"],
        ),
    ],
)  # fmt: skip
def test_what_is_used_and_saved_follows_from_the_request(
    run: Run, feature: str, media_type: Any, asked: Any, items: list[str], reused: bool
) -> None:
    payer = payer_of(run, ASSET, media_type)
    lines = list(usage_lines(payer, "key", feature, asked, 1.5, "2026-11-20T00:00:00.000", reused))
    assert [(line["price_item"], line["units"], line["reused"]) for line in lines] == [
        (item, 1.5, reused) for item in items
    ]


def test_identity_of_usage(run: Run) -> None:
    """Paid: by the response, so that adopting it again adds nothing. Reused: once per run and asset."""

    def identity(reused: bool, at: str = "T1", run: Run = run, **asset: Any) -> str:
        payer = payer_of(run, ASSET | asset, "image")
        return next(usage_lines(payer, "key", "labels", {}, 1.0, at, reused))["usage_id"]

    other = Run(run.bucket, run.dag_id, "another", run.partition)
    assert identity(False) == identity(False, run=other)
    assert identity(False) != identity(False, at="T2")
    assert identity(True) == identity(True, at="T2")
    assert (
        len({identity(True), identity(True, run=other), identity(True, media_id="m2"), identity(False)}) == 4
    )


def test_the_hours_of_a_model_are_usage_under_a_name_of_their_own(s3: Any, run: Run) -> None:
    session = Session("arn:model", 1_700_000_000, 1_700_003_600, 2)
    model = {"arn": "arn:model", "feature": "custom_labels", "source": "sample", "cost_center": "team"}
    for _ in range(2):
        log_model_hours(s3, run, model, session)
    (uri,) = list_uris(s3, usage_log_uri(run.bucket, run.partition))
    (line,) = get_ndjson(s3, uri)
    assert set(line) == set(USED)
    assert (line["price_item"], line["units"]) == ("custom-labels-inference-hours", 2.0)
    assert line["at"] == line["ended_at"] == "2023-11-14T23:13:20.000"
